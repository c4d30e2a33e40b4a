"""Send one accepted message."""

from prefect import flow

from rollcall.errors import InputError, SourceError
from rollcall.extra_processes import ExtraProcesses
from rollcall.sending.steps import SendReport
from rollcall.wiring import running_app
from tasks.deliver import drain_deliveries
from tasks.load import load_snapshot
from tasks.record import claim_message, close_message, record_deliveries
from tasks.select import select_audience
from tasks.working import working_on


@flow(name="send-message", flow_run_name="message-{message_id}", persist_result=False)
async def send_message(message_id: str) -> SendReport:
    """Send one accepted message to everyone its selection names; safe to run again."""
    async with (
        running_app() as app,
        working_on(app, message_id),  # ledger: somebody is there, as long as the lease is renewed
        ExtraProcesses(app, message_id) as extra,
    ):
        is_first_run = False
        try:
            is_first_run = await claim_message(message_id)  # ledger: accepted → sending
            await load_snapshot(message_id)  # DuckDB: people, bookings, locations, positions
            await select_audience(message_id)  # Polars; frozen with reasons
            await extra.start()  # for a large message: they come up while it is recorded
            await record_deliveries(message_id)  # Jinja2; one row each, before anything is sent
        except InputError as error:
            # a source that cannot be read just now says nothing of a run that has read it before
            if is_first_run or not isinstance(error, SourceError):
                app.steps.refuse_message(message_id, str(error))
            raise
        await drain_deliveries(message_id, extra)  # batches, routes, retries: from the ledger
        return await close_message(message_id)  # counts come from the ledger
