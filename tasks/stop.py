"""Step: take what waits of a message out of the queue."""

import asyncio

from prefect import State
from prefect.states import Completed, Failed

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


def state_of_stop(report: StopReport) -> State[StopReport]:
    """Return how a run ends: failed while something is in flight, for it may arrive still."""
    if report.counts.in_flight:
        told = f"{report.tell()}; run it again"
        return Failed(name="InFlight", message=told, data=report)
    return Completed(message=report.tell(), data=report)
