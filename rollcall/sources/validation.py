"""A source's files in, good rows and reasons out."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from rollcall.sources.amendments import amend_facilities, amend_people
from rollcall.sources.checks import (
    CheckedRows,
    check_values,
    reject_duplicates,
    reject_orphans,
)
from rollcall.sources.folder import find_files, read_table
from rollcall.sources.rejection import RejectedRow
from rollcall.sources.tables import TABLES

VALIDATION_RULES = "1"
"""Raise it when the rules change what is loaded: kept versions are then validated anew."""


@dataclass(frozen=True, slots=True)
class ValidatedSource:
    """What a source holds that can be relied on.

    Attributes:
        tables: Every table of the contract by name, an absent one empty. One row per good row, in
            the file's order: `line` (Int64) and all columns of the contract in its order: lists as
            List(String), never null; timestamps as Datetime(us, UTC); numbers as Float64; booleans
            never null; the rest String.
        rejected: What was left out or amended, by table in the contract's order, then by line.
    """

    tables: dict[str, pl.DataFrame]
    rejected: list[RejectedRow]


def validate_source(folder: Path) -> ValidatedSource:
    """Read and check a folder of files.

    Values are checked first, then keys among the rows with good values, then references to rows
    that are good so far. A cancelled booking is as good as absent.

    Raises:
        SourceError: The source cannot be loaded at all; names file and column.
    """
    files = find_files(folder)
    good: dict[str, pl.DataFrame] = {}
    rejected: list[RejectedRow] = []

    def keep(name: str, checked: CheckedRows) -> None:
        good[name] = checked.good
        rejected.extend(checked.rejected)

    for table in TABLES.values():
        keep(table.name, check_values(read_table(files, table), table))
        keep(table.name, reject_duplicates(good[table.name], table))
    for table in TABLES.values():
        keep(table.name, reject_orphans(good[table.name], table, good))
    keep("facilities", amend_facilities(good["facilities"]))
    keep("people", amend_people(good["people"], good["facilities"]))
    return ValidatedSource(good, _sort_rejected(rejected))


def _sort_rejected(rejected: list[RejectedRow]) -> list[RejectedRow]:
    order = {name: index for index, name in enumerate(TABLES)}
    return sorted(rejected, key=lambda row: (order[row.table], row.line))
