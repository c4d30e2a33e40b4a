"""Step: refresh the source and the feeds of incidents."""

import asyncio
from pathlib import Path

from rollcall.clock import SystemClock, format_instant
from rollcall.errors import RollcallError
from rollcall.ledger.saved_filters import list_filters
from rollcall.ledger.templates import list_templates
from rollcall.sending.refreshing import SourcesReport
from rollcall.sending.run_notes import write_names
from rollcall.settings import load_settings
from rollcall.sources.feeds.store import FeedReport
from rollcall.sources.refreshing import Refreshed
from rollcall.wiring import build_source_keeper, opened_ledger
from tasks.artifacts import show_markdown
from tasks.step import step
from tasks.telling import has_page


@step("refresh-sources")
async def refresh_all(source: Path | None) -> SourcesReport:
    """Validate and keep the source, by default the one of the settings, and read all feeds."""
    settings = load_settings()
    keeper = build_source_keeper(settings, SystemClock())
    return await keeper.refresh(source or settings.source)


async def show_refreshed(report: SourcesReport) -> None:
    """Show what was found, in counts, and the names that an order can be filled in with."""
    parts = [f"**{one}**" for one in report.problems]
    if report.refreshed is not None:
        parts.append(_tell_tables(report.refreshed))
    if report.feeds:
        parts.append(_tell_feeds(report.feeds))
    if has_page():
        parts.append(await asyncio.to_thread(_tell_names))
    await show_markdown("refresh-sources", "\n\n".join(parts))


def _tell_names() -> str:
    try:
        with opened_ledger() as ledger:
            templates, chats = list_templates(ledger, "one_way"), list_templates(ledger, "chat")
            filters = list_filters(ledger)
    except RollcallError as error:  # it says nothing of the source
        return f"Templates and dynamic filters cannot be listed: {error}"
    return write_names(
        [one.name for one in templates],
        [one.name for one in chats],
        [one.name for one in filters],
    )


def _tell_tables(refreshed: Refreshed) -> str:
    version, most, rejected = refreshed.version, refreshed.largest_counts, refreshed.rejected_counts
    rows = [
        f"| {table} | {count} | {most.get(table, 0)} | {rejected.get(table, 0)} |"
        for table, count in version.row_counts.items()
    ]
    told = (
        f"Version {version.short_id}, validated {format_instant(version.validated_at)}, "
        f"newest file of {format_instant(refreshed.newest_at)}."
    )
    head = "| table | rows | most kept | left out or amended |\n|---|---:|---:|---:|"
    return "\n".join((told, "", head, *rows))


def _tell_feeds(feeds: tuple[FeedReport, ...]) -> str:
    rows = [
        f"| {number} | {one.state} | {one.incident_count} | "
        f"{format_instant(one.read_at) if one.read_at else 'never'} |"
        for number, one in enumerate(feeds, 1)
    ]
    return "\n".join(("| feed | state | incidents | read |\n|---|---|---:|---|", *rows))
