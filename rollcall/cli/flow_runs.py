"""Run the send flow: a Prefect flow run where a server answers, else the same steps without."""

import logging
from collections.abc import Coroutine
from typing import Any, Final

import httpx
from prefect import Flow, State
from prefect.settings import PREFECT_API_URL

from flows.open_chat import open_chat
from flows.post_to_chat import post_to_chat
from flows.send_message import send_accepted, send_message
from rollcall.cli.output import print_notice
from rollcall.errors import RollcallError
from rollcall.sending.steps import SendReport

HEALTH_TIMEOUT_S = 2.0

log = logging.getLogger(__name__)


FLOWS: Final[dict[str, Flow[..., Coroutine[Any, Any, State[SendReport | None]]]]] = {
    "chat_invite": open_chat,
    "chat_notice": post_to_chat,
}
"""Which flow sends a message, by its kind; all others are sent by `send_message`."""


async def run_send_message(message_id: str, kind: str = "one_way") -> SendReport:
    """Send one accepted message by the flow of its kind, and let Prefect never stand in its way.

    Raises:
        RollcallError: As the steps of the flow do.
    """
    flow = FLOWS.get(kind, send_message)
    if not await _prefect_answers():
        return await send_accepted(message_id)
    try:
        return await _read_report(await flow(message_id, return_state=True))
    except RollcallError:
        raise
    except Exception:
        log.warning("prefect failed in mid-send", extra={"message_id": message_id}, exc_info=True)
        print_notice("Prefect failed in mid-send: going on without it")
        return await send_accepted(message_id)


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


async def _prefect_answers() -> bool:
    """Tell whether a Prefect server is configured and healthy; say so if it is only configured."""
    address = PREFECT_API_URL.value()
    if not address:
        return False
    try:
        async with httpx.AsyncClient(timeout=HEALTH_TIMEOUT_S) as client:
            (await client.get(f"{address}/health")).raise_for_status()
    except httpx.HTTPError:
        print_notice(f"Prefect at {address} does not answer: sending without it")
        return False
    return True
