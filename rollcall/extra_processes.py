"""Drain a large message with more than one process: Python makes use of one core in each.

Each further process takes part as another worker's would, by the ledger alone: leases, shares of
rate limits, the operator's stop. One that dies loses nothing. Together the processes open no more
connections to a provider than one would: a further one is lent a part of them once it has said that
it is there, for as long as it is (`rollcall.sending.lending`). Until then, and where none comes,
this process has all of them.
"""

import asyncio
import logging
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from rollcall.domain.message import MessageRequest
from rollcall.drain_process import READY, DrainOrder
from rollcall.errors import LedgerError
from rollcall.ledger.guards import count_people
from rollcall.ledger.messages import load_message
from rollcall.ledger.patience import PATIENCE
from rollcall.sending.attempt import SUBMIT_MAX_S
from rollcall.sending.lending import lent
from rollcall.sending.route_book import RouteEntry
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
    _without_part_count: int = field(init=False, default=0)
    _sharing: "list[asyncio.Task[None]]" = field(init=False, default_factory=list)
    _ending: "asyncio.Task[None] | None" = field(init=False, default=None)

    async def __aenter__(self) -> "ExtraProcesses":
        self._ending = asyncio.create_task(self._end_when_stopped())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._ending is not None:
            self._ending.cancel()
        await asyncio.gather(*(_end(one) for one in self._processes))
        for sharing in self._sharing:  # none of the processes is left that could use what is lent
            sharing.cancel()
        await asyncio.gather(*self._sharing, return_exceptions=True)

    async def start(self) -> None:
        """Start as many as the frozen audience is worth; each shares with this one once it can.

        It goes on without them too.
        """
        try:
            wanted_count, routes = await asyncio.to_thread(self._plan)
        except LedgerError as error:
            log.warning("no further process", extra={"reason": str(error)})
            return
        for _ in range(wanted_count):
            if process := await self._start_one():
                self._processes.append(process)
                self._sharing.append(asyncio.create_task(self._share_with(process, routes)))

    async def _start_one(self) -> Process | None:
        """Start a process, unless this one has as many as it may have, for whatever messages."""
        book = self.app.book
        if book.further_process_count >= self.app.settings.delivery.processes - 1:
            return None
        book.further_process_count += 1
        self._without_part_count += 1
        process = await _start()
        if process is None:
            book.further_process_count -= 1
            self._without_part_count -= 1
        return process

    async def _share_with(self, process: Process, routes: list[RouteEntry]) -> None:
        """Lend a process its part of the connections until it ends; it begins when it has them."""
        try:
            is_ready = await _is_ready(process)
            share = 1 + self._without_part_count
            self._without_part_count -= 1
            if is_ready:
                await self._lend(process, routes, share)
        finally:
            _close_input(process)
            self.app.book.further_process_count -= 1

    async def _lend(self, process: Process, routes: list[RouteEntry], share: int) -> None:
        async with lent(routes, share) as connections:
            if connections and _is_listening(process):
                order = DrainOrder(
                    message_id=self.message_id,
                    connections=connections,
                    settings=self.app.settings,
                )
                _tell(process, order)
                await process.wait()

    def _plan(self) -> tuple[int, list[RouteEntry]]:
        """Return how many further processes the message is worth, and which routes they share."""
        message = load_message(self.app.ledger, self.message_id)
        channels = MessageRequest.model_validate(message.request).channels()
        with self.app.ledger.read() as connection:
            delivery_count = len(channels) * count_people(connection, self.message_id)
        worth_count = delivery_count // self.worth_a_process
        routes = self.app.book.entries_of(channels)
        return min(worth_count, fewest_connections(routes) - 1), routes

    async def _end_when_stopped(self) -> None:
        await self.app.steps.stopping.wait()
        for process in self._processes:
            _close_input(process)


def fewest_connections(routes: Collection[RouteEntry]) -> int:
    """Return how many connections the route with the fewest has: as few processes share it."""
    return min((one.own_connections for one in routes), default=1)


async def _start() -> Process | None:
    try:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "rollcall.drain_process"),
            stdin=PIPE,
            stdout=PIPE,
            start_new_session=True,  # Ctrl-C is for us to pass on
        )
    except OSError as error:
        log.warning("no further process", extra={"reason": error.strerror})
        return None


async def _is_ready(process: Process) -> bool:
    """Wait until a process says that it can begin, or ends."""
    return process.stdout is not None and await process.stdout.readline() == READY


def _is_listening(process: Process) -> bool:
    return process.stdin is not None and not process.stdin.is_closing()


def _tell(process: Process, order: DrainOrder) -> None:
    if process.stdin is not None:  # it is: a pipe was asked for
        process.stdin.write(order.model_dump_json().encode() + b"\n")


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
