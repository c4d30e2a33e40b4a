"""Stop one message."""

from typing import Annotated

from prefect import State, flow

from rollcall.domain.forms.fields import titled
from rollcall.sending.stopping import DEFAULT_WAIT_S, StopReport
from tasks.stop import state_of_stop, stop_deliveries
from tasks.working import under_lease


@flow(name="stop-message", flow_run_name="stop-{message_id}", persist_result=False)
async def stop_message(
    message_id: Annotated[str, titled("Message")],
    wait_s: Annotated[float, titled("Seconds to wait")] = DEFAULT_WAIT_S,
) -> State[StopReport]:
    """Hold back what was not handed over yet, and say how many were; safe to run again.

    Args:
        message_id: The id of the message, as the name of its run and the message log show it.
        wait_s: The longest wait for what is in flight; it is stopped at once. 0: none.
    """
    async with under_lease():
        return state_of_stop(await stop_deliveries(message_id, wait_s))
