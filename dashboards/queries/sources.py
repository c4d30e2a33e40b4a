"""The kept versions of sources, and what of them was left out or amended."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from rollcall.errors import SourceError
from rollcall.sources.kept import KeptSources, KeptVersion, StoredVersion
from rollcall.sources.rejected_rows import count_rejected, read_rejected
from rollcall.sources.rejection import RejectedRow


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A kept version as the list shows it.

    Attributes:
        stored: The version, its source, and whether it is in use.
        rejected_counts: Rows that were left out or amended, by table.
        largest_counts: Of every table, the most rows that a kept version of the source has.
    """

    stored: StoredVersion
    rejected_counts: dict[str, int]
    largest_counts: dict[str, int]

    @property
    def key(self) -> str:
        """What tells it from all others."""
        path = self.stored.kept.path
        return f"{path.parent.name}/{path.name}"


@dataclass(frozen=True, slots=True)
class NumberedRow:
    """A row that was left out or amended, and its place among those that were asked for, from 0."""

    place: int
    row: RejectedRow


def list_versions(sources: KeptSources, configured: Path | None) -> list[VersionRow]:
    """Return all kept versions: those of the installation's own source first, the latest first."""
    own = {one.path for one in sources.list_versions_of(configured)} if configured else set()
    stored = sources.list_kept()
    largest: dict[Path, Counter[str]] = {}
    for one in stored:
        home = one.kept.path.parent
        largest[home] = largest.get(home, Counter()) | Counter(one.kept.row_counts)
    rows = [
        VersionRow(one, rejected, dict(largest[one.kept.path.parent]))
        for one in stored
        if (rejected := _count(one.kept)) is not None
    ]
    return sorted(
        rows,
        key=lambda row: (
            row.stored.kept.path not in own,
            str(row.stored.source),
            -row.stored.kept.validated_at.timestamp(),
        ),
    )


def read_numbered(
    version: KeptVersion, table: str | None, limit: int, after: int | None
) -> list[NumberedRow]:
    """Return a page of the rows that were left out or amended.

    Args:
        version: Of this version.
        table: Of this table; None: of all.
        limit: How many at most.
        after: The place of the last one of the page before; None: the first page.

    Raises:
        SourceError: The version is not kept any more.
    """
    start = 0 if after is None else after + 1
    rows = read_rejected(version, table, limit, start)
    return [NumberedRow(place, row) for place, row in enumerate(rows, start)]


def _count(version: KeptVersion) -> dict[str, int] | None:
    """Return None for a version that was removed since it was listed."""
    try:
        return count_rejected(version)
    except SourceError:
        return None
