"""Steps: the message's state in the ledger, and its rendered deliveries."""

import asyncio

from rollcall.sending.steps import SendReport
from rollcall.wiring import current_app
from tasks.step import step


@step("claim-message")
async def claim_message(message_id: str) -> bool:
    """Move an accepted message to `sending`; return whether this run is its first."""
    return await asyncio.to_thread(current_app().steps.claim_message, message_id)


@step("record-first")
async def record_first(message_id: str) -> None:
    """Render and record what the first recipients get, so that delivering may begin."""
    await asyncio.to_thread(current_app().steps.record_first, message_id)


@step("record-rest")
async def record_rest(message_id: str) -> None:
    """Render and record what all others get."""
    await asyncio.to_thread(current_app().steps.record_rest, message_id)


@step("close-message")
async def close_message(message_id: str) -> SendReport:
    """Mark the message as sent if nothing waits any more; return what it came to."""
    return await asyncio.to_thread(current_app().steps.close_message, message_id)
