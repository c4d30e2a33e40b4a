"""Tell the members of a chat of a post: recorded before, or written in this flow's form."""

from typing import Annotated

from prefect import flow
from prefect.states import Completed

from flows.send_message import send_accepted
from rollcall.domain.forms.fields import GoOnWith, titled
from rollcall.domain.forms.orders import NEW_POST, PostForm
from rollcall.wiring import running_app
from tasks.accept import choose_notice
from tasks.end import SendEnd, state_of
from tasks.run_names import name_notice
from tasks.scheduled import tell_administrators
from tasks.working import under_lease


@flow(
    name="post-to-chat",
    flow_run_name=name_notice,
    persist_result=False,
    on_failure=[tell_administrators],
)
async def post_to_chat(
    message_id: GoOnWith = "", order: Annotated[PostForm, titled("The post")] = NEW_POST
) -> SendEnd:
    """Record a post and send the notice of it, with its text; safe to run again.

    Args:
        message_id: The id of a notice accepted before. Empty: a new post is written, as below.
        order: What is posted where no message is given above, and where.
    """
    async with running_app() as app, under_lease(app):
        notice_id = await choose_notice(message_id, order)
        if notice_id is None:
            return Completed(name="Posted", message="posted; nobody is told of it")
        return state_of(await send_accepted(notice_id))
