"""One more process that drains a message: `python -m rollcall.drain_process`.

It says on its standard output that it is ready. What it is to do is then one line of JSON on its
standard input (`DrainOrder`); without one it has nothing to do. It ends when nothing of
the message waits or is to be recorded, and early, finishing what is in flight, on SIGTERM and when
its standard input is closed: also by the death of whoever started it. Everything else it knows from
the ledger, like any process that sends (`rollcall.extra_processes` says why there is one).
"""

import asyncio
import os
import signal
import sys
from typing import Final

from pydantic import BaseModel, ConfigDict

from rollcall.errors import RollcallError
from rollcall.sending.drain import drain
from rollcall.settings import Settings
from rollcall.wiring import App, build_app

READY: Final = b"ready\n"
"""What it says once everything is imported."""


class DrainOrder(BaseModel):
    """What a further process is told.

    Attributes:
        message_id: The message.
        connections: How many of each route's connections are lent to it, by the route's id.
        settings: Those of the process that starts it; secrets come from the environment.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    message_id: str
    connections: dict[str, int]
    settings: Settings


def main() -> None:
    """Drain as told; exit with 1 and one line when that was not possible."""
    try:
        asyncio.run(_work())
    except RollcallError as error:
        sys.exit(f"a further process ended: {error}")


async def _work() -> None:
    told = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(told), sys.stdin
    )
    _say_ready()
    if not (line := await told.readline()):
        return
    order = DrainOrder.model_validate_json(line)
    app = build_app(order.settings)
    for entry in app.book.entries.values():
        await entry.keep_to(order.connections.get(entry.route.route_id, 1))
    try:
        await _drain(app, order.message_id, told)
    finally:
        await app.aclose()


def _say_ready() -> None:
    """Say it once, and nothing more: nobody reads what would come after it."""
    os.write(sys.stdout.fileno(), READY)
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


async def _drain(app: App, message_id: str, told: asyncio.StreamReader) -> None:
    stopping = app.steps.stopping
    # whoever clears up after a dispatcher that has died: what is in flight is finished for that too
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    listening = asyncio.create_task(_end_with_input(told, stopping))
    try:
        async with app.steps.start_run(message_id) as run:
            await drain(run, run.deliver_batch)
    finally:
        listening.cancel()


async def _end_with_input(told: asyncio.StreamReader, stopping: asyncio.Event) -> None:
    """Start no further try once nobody holds the other end of our standard input."""
    await told.read()
    stopping.set()


if __name__ == "__main__":
    main()
