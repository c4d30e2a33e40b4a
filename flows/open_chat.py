"""Open one chat: accepted before, or ordered with this flow's form."""

from typing import Annotated

from prefect import flow

from flows.send_message import send_accepted
from rollcall.domain.forms.fields import GoOnWith, titled
from rollcall.domain.forms.orders import NEW_CHAT, ChatForm
from rollcall.wiring import running_app
from tasks.accept import choose_message
from tasks.end import SendEnd, state_of
from tasks.lateness import end_if_late
from tasks.preview import show_preview
from tasks.run_names import name_chat
from tasks.scheduled import tell_administrators
from tasks.working import under_lease


@flow(
    name="open-chat",
    flow_run_name=name_chat,
    persist_result=False,
    on_failure=[tell_administrators],
)
async def open_chat(
    message_id: GoOnWith = "", order: Annotated[ChatForm, titled("The chat")] = NEW_CHAT
) -> SendEnd:
    """Make those whom its first message is for its members, and invite them; safe to run again.

    Args:
        message_id: The id of an invitation accepted before. Empty: a new chat is opened, as below.
        order: What is asked where no message is given above, and whom.
    """
    async with running_app() as app, under_lease(app):
        if order.preview_only and not message_id:
            return await show_preview(order)
        if late := await end_if_late(message_id):
            return late
        accepted_id = await choose_message(message_id, order)
        return state_of(await send_accepted(accepted_id))  # members come before texts
