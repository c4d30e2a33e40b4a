"""Drain a large message with more than one process: Python makes use of one core in each.

Each further process takes part as another worker's would, by the ledger alone: leases, shares of
rate limits, the operator's stop. One that dies loses nothing. What is configured for this machine
is divided: together the processes open no more connections to a provider than one would.
"""

import asyncio
import logging
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, suppress
from typing import Final

from rollcall.domain.message import Channel
from rollcall.drain_process import DrainOrder
from rollcall.sending.delivery_run import DeliveryRun
from rollcall.sending.route_book import RouteBook
from rollcall.wiring import App

WORTH_A_PROCESS: Final = 5_000
"""Deliveries for each further process: it needs a second or two to begin, and they take longer."""

END_PATIENCE_S: Final = 90.0
"""How long a further process may finish what it has in flight before it is killed."""

log = logging.getLogger(__name__)


@asynccontextmanager
async def extra_processes(
    app: App, run: DeliveryRun, worth_a_process: int = WORTH_A_PROCESS
) -> AsyncIterator[None]:
    """Have further processes drain a message beside this run, if it is large enough.

    One that cannot be started is done without.

    Args:
        app: This process's.
        run: Its share in delivering the message.
        worth_a_process: Deliveries for which a further process is started.
    """
    waiting_count = (await run.read_queue()).waiting_count
    wanted = min(app.settings.delivery.processes, 1 + waiting_count // worth_a_process)
    process_count = min(wanted, fewest_connections(app.book, run.policies))
    if process_count < 2:  # noqa: PLR2004 - this one alone
        yield
        return
    app.book.divide(process_count)
    order = DrainOrder(
        message_id=run.message_id, process_count=process_count, settings=app.settings
    )
    processes = [await _start(order) for _ in range(process_count - 1)]
    ending = asyncio.create_task(_end_when_stopped(app.steps.stopping, processes))
    try:
        yield
    finally:
        ending.cancel()
        await asyncio.gather(*(_end(one) for one in processes))
        app.book.divide(1)


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


async def _end_when_stopped(stopping: asyncio.Event, processes: list[Process | None]) -> None:
    await stopping.wait()
    for process in processes:
        _close_input(process)


def _close_input(process: Process | None) -> None:
    if process is not None and process.stdin is not None:
        process.stdin.close()


async def _end(process: Process | None) -> None:
    """Have a process finish what is in flight, and see it end; what it held is in the ledger."""
    if process is None:
        return
    _close_input(process)
    try:
        code = await asyncio.wait_for(process.wait(), END_PATIENCE_S)
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        code = await process.wait()
    if code:
        log.warning("a further process failed", extra={"exit_code": code})
