"""The rows of a kept version that were left out or amended, a page at a time."""

from collections.abc import Iterator

import polars as pl

from rollcall.errors import SourceError
from rollcall.sources.kept import KeptVersion
from rollcall.sources.rejection import RejectedRow
from rollcall.sources.version_store import REJECTED_NAME

_CHUNK_ROWS = 10_000


def count_rejected(version: KeptVersion) -> dict[str, int]:
    """Return how many rows of each table were left out or amended; only tables with some.

    Raises:
        SourceError: The version is not kept any more.
    """
    counted = _scan(version).group_by("table", maintain_order=True).len()
    return dict(_collect(version, counted).iter_rows())


def read_rejected(
    version: KeptVersion, table: str | None, limit: int, offset: int = 0
) -> list[RejectedRow]:
    """Return some of the rows, by table in the contract's order, then by line.

    Args:
        version: The version.
        table: Of this table; None: of all.
        limit: How many at most.
        offset: How many before them are left out.

    Raises:
        SourceError: The version is not kept any more.
    """
    rows = _scan(version)
    if table is not None:
        rows = rows.filter(pl.col("table") == table)
    return [RejectedRow(*row) for row in _collect(version, rows.slice(offset, limit)).iter_rows()]


def iterate_rejected(version: KeptVersion, table: str | None = None) -> Iterator[RejectedRow]:
    """Yield all of them.

    Raises:
        SourceError: The version is not kept any more.
    """
    offset = 0
    while rows := read_rejected(version, table, _CHUNK_ROWS, offset):
        yield from rows
        offset += len(rows)


def _scan(version: KeptVersion) -> pl.LazyFrame:
    return pl.scan_parquet(version.path / REJECTED_NAME)


def _collect(version: KeptVersion, rows: pl.LazyFrame) -> pl.DataFrame:
    try:
        return rows.collect()
    except (OSError, pl.exceptions.PolarsError) as error:
        # another process may have removed it: only the newest versions are kept
        raise SourceError(f"version {version.short_id} is not kept any more") from error
