"""Tell the members of a chat of a post in it."""

from prefect import flow

from flows.send_message import send_message
from rollcall.sending.steps import SendReport


@flow(name="post-to-chat", flow_run_name="notice-{message_id}", persist_result=False)
async def post_to_chat(message_id: str) -> SendReport:
    """Send the notice of a post that is recorded already, with its text; safe to run again."""
    return await send_message.fn(message_id)  # its steps are this run's; the texts are the ledger's
