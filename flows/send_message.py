"""Send one message: accepted before, or ordered with this flow's form."""

from typing import Annotated

from prefect import flow

from rollcall.domain.forms.fields import GoOnWith, titled
from rollcall.domain.forms.orders import NEW_MESSAGE, MessageForm
from rollcall.errors import InputError, SourceError
from rollcall.extra_processes import ExtraProcesses
from rollcall.sending.steps import SendReport
from rollcall.wiring import running_app
from tasks.accept import choose_message
from tasks.deliver import deliver_while_recording
from tasks.end import SendEnd, finish_page, state_of
from tasks.lateness import end_if_late
from tasks.load import load_snapshot
from tasks.preview import show_preview
from tasks.record import claim_message, close_message, record_first
from tasks.run_names import name_message
from tasks.run_page import RunPage
from tasks.scheduled import tell_administrators
from tasks.select import select_audience
from tasks.working import under_lease, working_on


@flow(
    name="send-message",
    flow_run_name=name_message,
    persist_result=False,
    on_failure=[tell_administrators],
)
async def send_message(
    message_id: GoOnWith = "", order: Annotated[MessageForm, titled("The message")] = NEW_MESSAGE
) -> SendEnd:
    """Send one message to everyone its selection names; safe to run again.

    Args:
        message_id: The id of one accepted before. Empty: a new one is sent, as filled in below.
        order: What is sent where no message is given above, and to whom.
    """
    async with running_app() as app, under_lease(app):
        if order.preview_only and not message_id:
            return await show_preview(order)
        if late := await end_if_late(message_id):
            return late
        accepted_id = await choose_message(message_id, order)
        return state_of(await send_accepted(accepted_id))


async def send_accepted(message_id: str) -> SendReport:
    """Send an accepted message; its steps are those of the flow run that calls this, if any."""
    async with (
        running_app() as app,
        working_on(app, message_id),  # ledger: somebody is there, as long as the lease is renewed
        RunPage(app.ledger, message_id) as page,
        ExtraProcesses(app, message_id) as extra,
    ):
        is_first_run = False
        try:
            is_first_run = await claim_message(message_id)  # ledger: accepted → sending
            await load_snapshot(message_id)  # DuckDB: people, bookings, locations, positions
            await select_audience(message_id)  # Polars; frozen with reasons
            await record_first(message_id)  # Jinja2; one row each, before it is sent
        except InputError as error:
            # a source that cannot be read just now says nothing of a run that has read it before
            if is_first_run or not isinstance(error, SourceError):
                app.steps.refuse_message(message_id, str(error))
            raise
        await deliver_while_recording(message_id, extra)  # batches, routes, retries: the ledger's
        return await finish_page(page, await close_message(message_id))  # counts: the ledger's
