"""Step: take what waits of a message out of the queue."""

import asyncio

from rollcall.sending.stopping import StopReport, stop_and_wait
from rollcall.wiring import current_app
from tasks.step import step


@step("stop-deliveries")
async def stop_deliveries(message_id: str, wait_s: float) -> StopReport:
    """Stop at once, then wait for what is in flight; return how many were handed over."""
    app = current_app()
    return await asyncio.to_thread(stop_and_wait, app.ledger, message_id, app.clock, wait_s)
