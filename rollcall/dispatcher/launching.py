"""Run the flow of a message: as a Prefect flow run where a server answers, else its bare steps."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextvars import copy_context
from typing import Any, Final

from prefect import Flow, State
from prefect.settings import PREFECT_API_URL

from flows.open_chat import open_chat
from flows.post_to_chat import post_to_chat
from flows.send_message import send_accepted, send_message
from rollcall.errors import RollcallError
from rollcall.schedules.connection import answers
from rollcall.sending.run_lease import noted_begin, taken_run
from rollcall.sending.steps import SendReport

BEGIN_WITHIN_S: Final = 8.0
"""How long Prefect's server may take to let a flow run begin; then it is done without."""

MessageFlow = Flow[..., Coroutine[Any, Any, State[SendReport | None]]]

FLOWS: Final[dict[str, MessageFlow]] = {
    "chat_invite": open_chat,
    "chat_notice": post_to_chat,
}
"""Which flow sends a message, by its kind; all others are sent by `send_message`."""

log = logging.getLogger(__name__)


async def run_message(
    message_id: str, kind: str, tell: Callable[[str], None], *, uses_prefect: bool
) -> SendReport:
    """Send one accepted message by the flow of its kind, and let Prefect never stand in its way.

    Args:
        message_id: The message.
        kind: Its kind.
        tell: Takes a sentence for whoever watches.
        uses_prefect: Make it a flow run; without, its steps run as they are.

    Raises:
        RollcallError: As the steps of the flow do.
    """
    if not uses_prefect:
        return await send_accepted(message_id)
    try:
        return await _read_report(await _run_flow(FLOWS.get(kind, send_message), message_id))
    except RollcallError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever Prefect's client raises
        fault = {"message_id": message_id, "fault": type(error).__name__}
        log.warning("prefect failed in mid-send", extra=fault)
        tell("Prefect failed in mid-send: going on without it")
        taken_run.set(None)  # the run that was begun has ended: this is another one
        return await send_accepted(message_id)


async def _run_flow(flow: MessageFlow, message_id: str) -> State[SendReport | None]:
    """Run a flow; a server that does not let it begin in time is done without.

    Raises:
        TimeoutError: It has not begun in time.
    """
    begun = asyncio.Event()
    context = copy_context()
    context.run(noted_begin.set, begun)
    running = asyncio.create_task(_as_state(flow, message_id), context=context)
    waiting = asyncio.create_task(begun.wait())
    try:
        watched: set[asyncio.Task[Any]] = {running, waiting}
        await asyncio.wait(watched, timeout=BEGIN_WITHIN_S, return_when=asyncio.FIRST_COMPLETED)
        if not begun.is_set() and not running.done():
            running.cancel()
            await asyncio.wait([running], timeout=BEGIN_WITHIN_S)
            raise TimeoutError("the flow run has not begun")
        return await running
    finally:
        waiting.cancel()
        running.cancel()


async def _as_state(flow: MessageFlow, message_id: str) -> State[SendReport | None]:
    return await flow(message_id, return_state=True)


async def _read_report(state: State[SendReport | None]) -> SendReport:
    """Return what a run came to, also where its state says that not everybody was reached.

    Raises:
        RollcallError: As the steps of the flow do.
        TypeError: It came to nothing: the run was ended by Prefect.
    """
    ended = await state.aresult(raise_on_failure=False)
    if isinstance(ended, SendReport):
        return ended
    raise ended if isinstance(ended, Exception) else TypeError("the flow run reports nothing")


def prefect_address() -> str | None:
    """Return where a Prefect server is configured, None where none is."""
    return PREFECT_API_URL.value() or None


async def prefect_answers() -> bool:
    """Tell whether a Prefect server is configured and healthy."""
    address = prefect_address()
    return address is not None and await asyncio.to_thread(answers, address)
