"""Rows as a file holds them, before anything is checked."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import polars as pl
import polars.selectors as cs

from rollcall.errors import SourceError
from rollcall.sources.rejection import RejectedRow
from rollcall.sources.tables import Table

CHUNK_ROWS = 50_000
"""Rows held as Python objects at a time; bounds memory, and more is not faster."""


@dataclass(frozen=True, slots=True)
class RawRows:
    """The rows of one table as its file holds them.

    Attributes:
        rows: One row per row of the file that could be read: `line` (Int64) and every column of the
            table in the contract's order; String as written (stripped, null where empty), or of the
            column's own type where the format has types.
        rejected: The lines that could not be read as a row.
    """

    rows: pl.DataFrame
    rejected: list[RejectedRow]


def name_header(cell: str) -> str:
    """Return a column's name as the contract writes it: ` Person_ID ` is `person_id`."""
    return cell.strip().casefold()


def check_header(file_name: str, header: Collection[str], table: Table) -> None:
    """Refuse a header that lacks a required column of the table, or has a known one twice.

    Raises:
        SourceError: Names the file and the column.
    """
    names = list(header)
    for column in table.columns:
        if names.count(column.name) > 1:
            raise SourceError(f"{file_name} has the column {column.name} twice")
        if column.required and column.name not in names:
            raise SourceError(f"{file_name} has no column {column.name}")


def build_text_rows(
    table: Table, lines: Sequence[int], cells: Mapping[str, Sequence[str | None]]
) -> pl.DataFrame:
    """Build rows of text from the cells of each column; columns without cells are null.

    Args:
        table: Whose rows they are.
        lines: The line of each row.
        cells: The cells of a column by its name, one for each line; unknown columns are ignored.
    """
    nothing = [None] * len(lines)
    columns = [
        pl.Series(name, cells.get(name, nothing), dtype=pl.String) for name in table.column_names()
    ]
    return clean_cells(pl.DataFrame([pl.Series("line", lines, dtype=pl.Int64), *columns]))


def clean_cells(rows: pl.DataFrame) -> pl.DataFrame:
    """Strip every text, and make null what is empty."""
    text = cs.string().str.strip_chars()
    return rows.with_columns(pl.when(text != "").then(text))
