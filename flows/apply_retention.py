"""Take personal data away that is old enough."""

from prefect import State, flow
from prefect.states import Completed

from rollcall.sending.retention import RetentionReport
from tasks.retention import remove_old_data, show_removed
from tasks.scheduled import RETENTION_WITHIN_S, tell_of_upkeep
from tasks.working import under_lease


@flow(
    name="apply-retention",
    timeout_seconds=RETENTION_WITHIN_S,
    persist_result=False,
    on_failure=[tell_of_upkeep],
)
async def apply_retention() -> State[RetentionReport]:
    """Remove what the settings say is due; safe to run again, also at once."""
    async with under_lease():
        report = await remove_old_data()  # ledger first, then files; what is held or goes on stays
        await show_removed(report)
        return Completed(message=report.tell(), data=report)
