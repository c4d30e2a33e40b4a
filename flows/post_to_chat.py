"""Tell the members of a chat of a post: recorded before, or written in this flow's form."""

from prefect import flow
from prefect.states import Completed

from flows.send_message import send_accepted
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
async def post_to_chat(message_id: str = "", order: PostForm = NEW_POST) -> SendEnd:
    """Record a post and send the notice of it, with its text; safe to run again.

    Args:
        message_id: Go on with the notice accepted before. Empty: write a new post, as filled in.
        order: The new post.
    """
    async with running_app() as app, under_lease(app):
        notice_id = await choose_notice(message_id, order)
        if notice_id is None:
            return Completed(name="Posted", message="posted; nobody is told of it")
        return state_of(await send_accepted(notice_id))
