"""One more process that drains a message: `python -m rollcall.drain_process`.

What it is to do is one line of JSON on its standard input (`DrainOrder`). It ends when nothing of
the message waits or is to be recorded, and early, finishing what is in flight, on SIGTERM and when
its standard input is closed: also by the death of whoever started it. Everything else it knows from
the ledger, like any process that sends (`rollcall.extra_processes` says why there is one).
"""

import asyncio
import signal
import sys

from pydantic import BaseModel, ConfigDict

from rollcall.errors import RollcallError
from rollcall.sending.drain import drain
from rollcall.settings import Settings
from rollcall.wiring import App, build_app


class DrainOrder(BaseModel):
    """What a further process is told.

    Attributes:
        message_id: The message.
        process_count: How many processes share each route's connections.
        settings: Those of the process that starts it; secrets come from the environment.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    message_id: str
    process_count: int
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
    order = DrainOrder.model_validate_json(await told.readline())
    app = build_app(order.settings)
    app.book.divide(order.process_count)
    try:
        await _drain(app, order.message_id, told)
    finally:
        await app.aclose()


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
