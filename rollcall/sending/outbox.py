"""How tries leave: one request each, or, where the provider takes many at once, gathered."""

import asyncio
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Final, Protocol

from rollcall.routes.base import BulkRoute, Route, Submission
from rollcall.sending.attempt import Verdict, try_route, try_route_in_bulk
from rollcall.sending.fair_slots import FairSlots

GATHER_S: Final = 0.01
"""How long a bulk request waits for company: tries of one commit arrive within a millisecond."""


OWN: Final = "own"
"""On whose behalf requests are made: they wait in one queue."""


class Outbox(Protocol):
    """Hands submissions over and says what came of each."""

    async def submit(self, submission: Submission) -> Verdict:
        """Hand one message over; never raises for the route's sake."""
        ...

    def withhold(self, connections: int) -> AbstractContextManager[None]:
        """Use some connections no more while in this context, beside the places of their tries."""
        ...

    async def settle(self) -> None:
        """Wait until all of them are free."""
        ...


@dataclass(slots=True)
class SingleOutbox:
    """One request for each message."""

    route: Route

    async def submit(self, submission: Submission) -> Verdict:
        """Hand one message over; never raises for the route's sake."""
        return await try_route(self.route, submission)

    def withhold(self, connections: int) -> AbstractContextManager[None]:
        """Do nothing more: each try has a connection of its own."""
        del connections
        return nullcontext()

    async def settle(self) -> None:
        """Wait for nothing more."""


@dataclass(slots=True)
class BulkOutbox:
    """Gathers messages into requests of up to the route's `bulk_size`.

    Attributes:
        route: A route that takes many at once.
        bulk: The same route, as one that does.
        requests: Bounds the requests that are open at once.
    """

    route: Route
    bulk: BulkRoute
    requests: FairSlots
    _gathered: list[tuple[Submission, "asyncio.Future[Verdict]"]] = field(default_factory=list)
    _sending: set["asyncio.Task[None]"] = field(default_factory=set)
    _timer: asyncio.TimerHandle | None = None

    async def submit(self, submission: Submission) -> Verdict:
        """Hand one message over together with others; never raises for the route's sake."""
        loop = asyncio.get_running_loop()
        told: asyncio.Future[Verdict] = loop.create_future()
        self._gathered.append((submission, told))
        if len(self._gathered) >= self.bulk.bulk_size:
            self._flush()
        elif self._timer is None:
            self._timer = loop.call_later(GATHER_S, self._flush)
        return await told

    def withhold(self, connections: int) -> AbstractContextManager[None]:
        """Use some connections no more while in this context, beside the places of their tries."""
        return self.requests.withhold(connections)

    async def settle(self) -> None:
        """Wait until all of them are free."""
        await self.requests.settle()

    def _flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        together, self._gathered = self._gathered, []
        task = asyncio.ensure_future(self._send(together))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _send(self, together: Sequence[tuple[Submission, "asyncio.Future[Verdict]"]]) -> None:
        async with self.requests.hold(OWN):
            verdicts = await try_route_in_bulk(
                self.route, self.bulk, [submission for submission, _ in together]
            )
        for (_, told), verdict in zip(together, verdicts, strict=True):
            if not told.done():
                told.set_result(verdict)


def open_outbox(route: Route, max_connections: int) -> tuple[Outbox, int]:
    """Return the way out of a route, and how many tries may be under way over it at once."""
    if isinstance(route, BulkRoute):
        requests = FairSlots(max_connections)
        return BulkOutbox(route, route, requests), max_connections * route.bulk_size
    return SingleOutbox(route), max_connections
