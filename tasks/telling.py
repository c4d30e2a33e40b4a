"""Tell Prefect something for its pages: bounded in time, and never a reason to fail."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from prefect.client.orchestration import get_client
from prefect.context import FlowRunContext

from tasks.run_names import name_accepted

R = TypeVar("R")

TELL_TIMEOUT_S: Final = 2.0
"""Longest wait for Prefect to take one thing it is told."""

log = logging.getLogger(__name__)


def has_page() -> bool:
    """Tell whether this is a flow run, so that there is a page to show something on."""
    return FlowRunContext.get() is not None


async def tell(call: Callable[[], Awaitable[R]], *, is_known_away: bool = False) -> R | None:
    """Make one call to Prefect; return its answer, None if it was not taken.

    Args:
        call: Makes the call.
        is_known_away: That Prefect takes nothing has been logged already.
    """
    try:
        return await asyncio.wait_for(call(), TELL_TIMEOUT_S)
    except Exception as error:  # noqa: BLE001 - whatever is wrong with a page, the send goes on
        if not is_known_away:
            log.warning("prefect was not told", extra={"reason": type(error).__name__})
        return None


async def name_after(message_id: str) -> None:
    """Give a flow run whose message was accepted in it a name that says so."""
    context = FlowRunContext.get()
    run = context.flow_run if context else None
    name = name_accepted(run.name, message_id) if run else ""
    if run is None or name == run.name:
        return
    flow_run_id = run.id

    async def rename() -> None:
        async with get_client() as client:
            await client.set_flow_run_name(flow_run_id, name)

    await tell(rename)
