"""Open one chat that was accepted."""

from prefect import flow

from flows.send_message import send_message
from rollcall.sending.steps import SendReport
from tasks.scheduled import tell_administrators


@flow(
    name="open-chat",
    flow_run_name="chat-{message_id}",
    persist_result=False,
    on_failure=[tell_administrators],
)
async def open_chat(message_id: str) -> SendReport:
    """Make those whom its first message is for its members, and invite them; safe to run again."""
    return await send_message.fn(message_id)  # its steps are this run's: members come before texts
