"""Step: take old personal data away."""

import asyncio

from rollcall.clock import SystemClock
from rollcall.sending.retention import RetentionReport
from rollcall.settings import load_settings
from rollcall.wiring import build_retention, opened_ledger
from tasks.artifacts import show_markdown
from tasks.step import step


@step("remove-old-data")
async def remove_old_data() -> RetentionReport:
    """Remove what is due; needs the ledger and the data folder only."""
    with opened_ledger() as ledger:
        retention = build_retention(load_settings(), ledger, SystemClock())
        return await asyncio.to_thread(retention.apply)


async def show_removed(report: RetentionReport) -> None:
    """Show how much of each kind went."""
    rows = "\n".join(f"| {kind} | {count} |" for kind, count in report.removed.items())
    await show_markdown("apply-retention", f"| what | removed |\n|---|---:|\n{rows}\n")
