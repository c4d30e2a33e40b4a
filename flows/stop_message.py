"""Stop one message."""

from prefect import flow

from rollcall.sending.stopping import DEFAULT_WAIT_S, StopReport
from rollcall.wiring import running_app
from tasks.stop import stop_deliveries


@flow(name="stop-message", flow_run_name="stop-{message_id}", persist_result=False)
async def stop_message(message_id: str, wait_s: float = DEFAULT_WAIT_S) -> StopReport:
    """Hold back what was not handed over yet; safe to run again."""
    async with running_app():
        return await stop_deliveries(message_id, wait_s)
