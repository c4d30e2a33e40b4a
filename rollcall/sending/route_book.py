"""The routes of this process: which serve a channel, how busy they are, and which are resting."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from rollcall.domain.delivery import Outcome, RouteChoice
from rollcall.domain.message import Channel
from rollcall.routes.base import Route

FAILURES_TO_REST: Final = 5
"""So many tries in a row that reach nobody or are never answered, and a route is rested."""

REST: Final = timedelta(seconds=10)
"""How long a route rests before one try may probe it again."""

_FAILURES: Final[frozenset[Outcome]] = frozenset({"unavailable", "uncertain"})


@dataclass(slots=True)
class RouteEntry:
    """One configured route with what this process knows of it."""

    route: Route
    slots: asyncio.Semaphore
    choice: RouteChoice
    failure_count: int = 0
    resting_until: datetime | None = None

    def rests(self, now: datetime) -> bool:
        """Tell whether the route was found dead a moment ago."""
        return self.resting_until is not None and now < self.resting_until

    def admit(self, now: datetime) -> bool:
        """Tell whether a try may be made now; after a rest one is, and the rest goes on."""
        if self.rests(now):
            return False
        if self.resting_until is not None:
            self.resting_until = now + REST
        return True


@dataclass(slots=True)
class RouteBook:
    """All routes, preferred ones first.

    A route that cannot be reached, or takes requests and never answers, is rested, so that a black
    hole costs a few timeouts and not one for every recipient. It is only put last: while nothing
    else is left it is still tried.
    """

    entries: dict[str, RouteEntry] = field(default_factory=dict)

    def add(self, route: Route, max_connections: int, *, honours_idempotency_key: bool) -> None:
        """Add a route; those added first are preferred."""
        self.entries[route.route_id] = RouteEntry(
            route=route,
            slots=asyncio.Semaphore(max_connections),
            choice=RouteChoice(route.route_id, honours_idempotency_key),
        )

    def serves(self, channel: Channel) -> bool:
        """Tell whether any route is configured for a channel."""
        return any(entry.route.channel == channel for entry in self.entries.values())

    def choices(self, channel: Channel, now: datetime) -> list[RouteChoice]:
        """Return the routes of a channel: preferred first, resting ones last."""
        serving = [entry for entry in self.entries.values() if entry.route.channel == channel]
        serving.sort(key=lambda entry: entry.rests(now))
        return [entry.choice for entry in serving]

    def preferred(self, channel: Channel) -> list[RouteChoice]:
        """Return only the preferred route of a channel, resting or not."""
        serving = (entry for entry in self.entries.values() if entry.route.channel == channel)
        return [next(serving).choice]

    def note(self, route_id: str, outcome: Outcome, now: datetime) -> None:
        """Learn from what a try came to."""
        entry = self.entries[route_id]
        if outcome not in _FAILURES:
            entry.failure_count, entry.resting_until = 0, None
            return
        entry.failure_count += 1
        if entry.failure_count >= FAILURES_TO_REST:
            entry.resting_until = now + REST

    def routes(self) -> Sequence[Route]:
        """Return the routes, preferred first."""
        return [entry.route for entry in self.entries.values()]

    async def aclose(self) -> None:
        """Close every route's connections."""
        await close_all(self.routes())


async def close_all(routes: Iterable[Route]) -> None:
    """Close routes together; one that fails to close does not keep the others open."""
    await asyncio.gather(*(route.aclose() for route in routes), return_exceptions=True)
