"""Drain a large message with more than one process: Python makes use of one core in each.

Each further process takes part as another worker's would, by the ledger alone: leases, shares of
rate limits, the operator's stop. One that dies loses nothing. What is configured for this machine
is divided: together the processes open no more connections to a provider than one would.
"""

import asyncio
import logging
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from rollcall.domain.message import Channel, MessageRequest
from rollcall.drain_process import DrainOrder
from rollcall.errors import LedgerError
from rollcall.ledger.guards import count_people
from rollcall.ledger.messages import load_message
from rollcall.ledger.patience import PATIENCE
from rollcall.sending.attempt import SUBMIT_MAX_S
from rollcall.sending.route_book import RouteBook
from rollcall.wiring import App

WORTH_A_PROCESS: Final = 5_000
"""Deliveries for each further process: it needs a second or two to begin, and they take longer."""

END_PATIENCE_S: Final = SUBMIT_MAX_S + PATIENCE.total_seconds() + 10
"""How long a further process may finish what it has in flight before it is killed: the longest try,
and the longest commit of what it came to."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class ExtraProcesses:
    """The further processes that drain one message beside this one; an async context manager.

    Attributes:
        app: This process's.
        message_id: The message.
        worth_a_process: Deliveries for which a further process is started.
    """

    app: App
    message_id: str
    worth_a_process: int = WORTH_A_PROCESS
    _processes: list[Process] = field(init=False, default_factory=list)
    _taken_count: int = field(init=False, default=0)
    _ending: "asyncio.Task[None] | None" = field(init=False, default=None)

    async def __aenter__(self) -> "ExtraProcesses":
        self._ending = asyncio.create_task(self._end_when_stopped())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._ending is not None:
            self._ending.cancel()
        await asyncio.gather(*(_end(one) for one in self._processes))
        self.app.book.divide(1)
        self.app.book.give_parts_back(self._taken_count)

    async def start(self) -> None:
        """Start as many as the frozen audience is worth, to share with this one from now on.

        It goes on without them too.
        """
        try:
            process_count = await asyncio.to_thread(self._choose_count)
        except LedgerError as error:
            log.warning("no further process", extra={"reason": str(error)})
            return
        self._taken_count = self.app.book.take_parts(process_count - 1)
        order = DrainOrder(
            message_id=self.message_id,
            process_count=self.app.book.parts_beside(self._taken_count + 1),
            settings=self.app.settings,
        )
        for _ in range(self._taken_count):
            if process := await _start(order):
                self._processes.append(process)
        self.app.book.divide(len(self._processes) + 1)

    def _choose_count(self) -> int:
        message = load_message(self.app.ledger, self.message_id)
        channels = MessageRequest.model_validate(message.request).channels()
        with self.app.ledger.read() as connection:
            delivery_count = len(channels) * count_people(connection, self.message_id)
        wanted = 1 + delivery_count // self.worth_a_process
        most = fewest_connections(self.app.book, channels)
        return max(min(wanted, self.app.settings.delivery.processes, most), 1)

    async def _end_when_stopped(self) -> None:
        await self.app.steps.stopping.wait()
        for process in self._processes:
            _close_input(process)


def fewest_connections(book: RouteBook, channels: Collection[Channel]) -> int:
    """Return how many connections the route with the fewest may open: as few processes share it."""
    return min(
        (one.max_connections for one in book.entries.values() if one.route.channel in channels),
        default=1,
    )


async def _start(order: DrainOrder) -> Process | None:
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "rollcall.drain_process"),
            stdin=PIPE,
            stdout=DEVNULL,
            start_new_session=True,  # Ctrl-C is for us to pass on
        )
    except OSError as error:
        log.warning("no further process", extra={"reason": error.strerror})
        return None
    if process.stdin is not None:  # it is: a pipe was asked for
        process.stdin.write(order.model_dump_json().encode() + b"\n")
    return process


def _close_input(process: Process) -> None:
    if process.stdin is not None:
        process.stdin.close()


async def _end(process: Process) -> None:
    """Have a process finish what is in flight, and see it end; what it held is in the ledger."""
    _close_input(process)
    try:
        code = await asyncio.wait_for(process.wait(), END_PATIENCE_S)
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        code = await process.wait()
    if code:
        log.warning("a further process failed", extra={"exit_code": code})
