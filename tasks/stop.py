"""Step: take what waits of a message out of the queue."""

import asyncio

from rollcall.clock import SystemClock
from rollcall.sending.stopping import StopReport, stop_and_wait
from rollcall.wiring import opened_ledger
from tasks.step import step


@step("stop-deliveries")
async def stop_deliveries(message_id: str, wait_s: float) -> StopReport:
    """Stop at once, then wait for what is in flight; return how many were handed over.

    Needs the ledger only: whatever is wrong with routes or data, a message can be stopped.
    """
    with opened_ledger() as ledger:
        return await asyncio.to_thread(stop_and_wait, ledger, message_id, SystemClock(), wait_s)
