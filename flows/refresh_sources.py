"""Validate the travellers' data before it is needed, and say loudly what is wrong with it."""

from pathlib import Path
from typing import Annotated

from prefect import State, flow
from prefect.states import Completed, Failed

from rollcall.domain.forms.fields import titled
from rollcall.sending.refreshing import SourcesReport
from tasks.refresh import refresh_all, show_refreshed
from tasks.scheduled import REFRESH_WITHIN_S, tell_of_upkeep
from tasks.working import under_lease


@flow(
    name="refresh-sources",
    timeout_seconds=REFRESH_WITHIN_S,
    persist_result=False,
    on_failure=[tell_of_upkeep],
)
async def refresh_sources(
    source: Annotated[Path | None, titled("Data folder")] = None,
) -> State[SourcesReport]:
    """Keep a version of the source, and read the feeds of incidents; safe to run again.

    Args:
        source: Folder of the travellers' data; default: the setting ROLLCALL_SOURCE.
    """
    async with under_lease():
        report = await refresh_all(source)  # counts; nothing of what the source says
        await show_refreshed(report)
        if report.problems:
            return Failed(message=report.tell())
        return Completed(message=report.tell(), data=report)
