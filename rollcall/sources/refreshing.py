"""Refresh a source before the night it matters: is it there, is it new enough, is it all there?"""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from rollcall.errors import SourceError
from rollcall.settings import RefreshSettings
from rollcall.sources.folder import find_files
from rollcall.sources.kept import KeptSources, KeptVersion, describe_age

SMALLEST_COMPARED: Final = 20
"""Rows that a table must have had: of fewer, one more or less says nothing."""


@dataclass(frozen=True, slots=True)
class Refreshed:
    """A source that was validated now, in counts only.

    Attributes:
        version: What is kept of it.
        newest_at: When the newest of its files was written.
        largest_counts: Of every table, the most rows that a kept version of it has or had.
        rejected_counts: Rows that were left out or amended, by table.
        problems: What an administrator must look at, one sentence each; quotes nothing of it.
    """

    version: KeptVersion
    newest_at: datetime
    largest_counts: dict[str, int]
    rejected_counts: dict[str, int]
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SourceLook:
    """What is known of a source without validating it.

    Attributes:
        version: What sends are made from, or would be with the last good version; None: nothing is
            kept yet.
        is_current: The files are those of that version.
        newest_at: When the newest of its files was written; None where it cannot be read.
        problems: What an administrator must look at, one sentence each.
    """

    version: KeptVersion | None
    is_current: bool
    newest_at: datetime | None
    problems: tuple[str, ...]


def look_at_source(
    sources: KeptSources, folder: Path, limits: RefreshSettings, now: datetime
) -> SourceLook:
    """Find out how a source does from its files' names and dates; keeps nothing."""
    version = sources.find_last_good(folder)
    try:
        is_current, newest_at = sources.is_current(folder), find_newest(folder)
    except SourceError as error:
        return SourceLook(version, is_current=False, newest_at=None, problems=(str(error),))
    problems = tell_stale(newest_at, limits.stale_h, now)
    if version is not None:
        largest = _find_largest(sources, folder)
        problems = [*_tell_shrunk(version.row_counts, largest, limits.shrunk_pct), *problems]
    return SourceLook(version, is_current, newest_at, tuple(problems))


def refresh_source(
    sources: KeptSources, folder: Path, limits: RefreshSettings, now: datetime
) -> Refreshed:
    """Validate a source, keep the version, and look whether it is what it should be.

    A version that has shrunk or is old is kept and used all the same: it is what the files say.
    It is told again as long as a larger one is kept.

    Raises:
        SourceError: The source cannot be loaded.
        ConfigError: What was loaded cannot be kept.
    """
    version = sources.open(folder)
    largest = _find_largest(sources, folder)
    newest_at = find_newest(folder)
    shrunk = _tell_shrunk(version.row_counts, largest, limits.shrunk_pct)
    return Refreshed(
        version,
        newest_at,
        largest,
        dict(Counter(row.table for row in version.rejected)),
        (*shrunk, *tell_stale(newest_at, limits.stale_h, now)),
    )


def _find_largest(sources: KeptSources, folder: Path) -> dict[str, int]:
    largest: Counter[str] = Counter()
    for one in sources.list_versions_of(folder):
        largest |= Counter(one.row_counts)
    return dict(largest)


def find_newest(folder: Path) -> datetime:
    """Return when the newest file of a source was written, aware UTC.

    Raises:
        SourceError: It is not there, or changes just now.
    """
    try:
        newest_s = max(path.stat().st_mtime for path in find_files(folder).values())
    except OSError as error:
        raise SourceError(f"{folder} changed while it was being read; try again") from error
    return datetime.fromtimestamp(newest_s, UTC)


def _tell_shrunk(now: dict[str, int], largest: dict[str, int], shrunk_pct: float) -> list[str]:
    if not shrunk_pct:
        return []
    return [
        f"{table} shrank from {before_count} to {now.get(table, 0)} rows"
        for table, before_count in largest.items()
        if before_count >= SMALLEST_COMPARED
        and now.get(table, 0) < before_count * (1 - shrunk_pct / 100)
    ]


def tell_stale(newest_at: datetime, stale_h: float, now: datetime) -> list[str]:
    """Say that a source is too old to be relied on, if it is.

    Args:
        newest_at: When its newest file was written.
        stale_h: How old that may be, in hours; 0: as old as it likes.
        now: Now.
    """
    age = now - newest_at
    if not stale_h or age <= timedelta(hours=stale_h):
        return []
    return [f"the source is stale: no file of it was written for {describe_age(age)}"]
