"""CSV that spreadsheets open without doing what is written in it."""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Final

_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 - the full-width ones count too
"""What makes a cell a formula, or may after the spreadsheet has taken away what stands before
(OWASP, "CSV Injection")."""


def write_csv(rows: Iterable[Iterable[str | float | int | None]]) -> Iterator[str]:
    """Yield the lines of a table, RFC 4180, every cell in quotes and none of them a formula."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL)
    for row in rows:
        writer.writerow([_neutralise(cell) for cell in row])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def _neutralise(cell: str | float | int | None) -> str:
    """Put an apostrophe before what a spreadsheet would take for a formula; numbers are ours."""
    if not isinstance(cell, str):
        return "" if cell is None else str(cell)
    text = cell.replace("\0", "")
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA_STARTS) else text
