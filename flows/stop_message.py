"""Stop one message."""

from prefect import State, flow
from prefect.states import Completed

from rollcall.sending.stopping import DEFAULT_WAIT_S, StopReport
from tasks.stop import stop_deliveries
from tasks.working import under_lease


@flow(name="stop-message", flow_run_name="stop-{message_id}", persist_result=False)
async def stop_message(message_id: str, wait_s: float = DEFAULT_WAIT_S) -> State[StopReport]:
    """Hold back what was not handed over yet, and say how many were; safe to run again."""
    async with under_lease():
        report = await stop_deliveries(message_id, wait_s)
        return Completed(message=report.tell(), data=report)
