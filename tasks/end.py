"""How a run of a send ends: what its page shows, and Prefect's state by what the ledger says."""

from prefect import State
from prefect.states import Completed, Failed

from rollcall.ledger.messages import load_message
from rollcall.ledger.pace import read_pace
from rollcall.sending.run_notes import tell_end, write_end
from rollcall.sending.steps import SendReport
from rollcall.wiring import current_app
from tasks.run_page import RunPage

SendEnd = State[SendReport | None]
"""How a run of a send ends, with what it came to; with nothing where nothing was sent."""


async def finish_page(page: RunPage, report: SendReport) -> SendReport:
    """Leave a note on the run's page of what the message has come to, if there is a page."""
    await page.finish(lambda: _write_note(report), tell_end(report))
    return report


def state_of(report: SendReport) -> SendEnd:
    """Return the state of a run: failed where an administrator must look."""
    told = tell_end(report)
    if report.state == "stopped":
        return Completed(name="Stopped", message=told, data=report)
    if report.is_complete:
        return Completed(message=told, data=report)
    name = "Interrupted" if report.total("waiting") else "Failed"
    return Failed(name=name, message=told, data=report)


def _write_note(report: SendReport) -> str:
    app = current_app()
    ledger = app.ledger
    pace = read_pace(ledger, report.message_id)
    is_chat = load_message(ledger, report.message_id).opens_conversation
    return write_end(report, pace, app.settings.desk_url, is_chat=is_chat)
