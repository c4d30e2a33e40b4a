"""Rows that were left out, or kept with something missing, and why."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """One row of a source that is not loaded as it stands.

    Attributes:
        table: The table's name (contract §1).
        line: The physical line of a CSV or JSON Lines file (the header is line 1), or the row of a
            Parquet file; both count from 1.
        reason: What is wrong, all of it, joined by `; `. It may quote ids, codes and dates, never a
            person's name, number, address or position: it is logged. It ends in "is kept" where the
            row was loaded without the value that is wrong.
    """

    table: str
    line: int
    reason: str
