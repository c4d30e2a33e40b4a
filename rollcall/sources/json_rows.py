"""JSON Lines: one object a line; a line that is none costs only itself."""

import json
from pathlib import Path

import polars as pl

from rollcall.sources.encoding import BROKEN_TEXT, read_lines
from rollcall.sources.raw_rows import (
    CHUNK_ROWS,
    RawRows,
    build_text_rows,
    check_header,
    name_header,
)
from rollcall.sources.rejection import RejectedRow
from rollcall.sources.tables import Table

LIST_SEPARATOR = ";"


def read_json_rows(path: Path, table: Table) -> RawRows:
    """Read a JSON Lines file; every value becomes the text it would be in CSV.

    Raises:
        SourceError: The file cannot be read, or none of its objects has a required column.
    """
    reader = _ObjectReader(table)
    for number, line in enumerate(read_lines(path), start=1):
        if not line.isspace():
            reader.read(number, line)
    rows = reader.finish()
    if reader.names:
        check_header(path.name, reader.names, table)
    return RawRows(rows, reader.rejected)


class _ObjectReader:
    """Collects the objects of a file as rows of text.

    Attributes:
        names: Every column that some object has.
        rejected: The lines that are no row.
    """

    def __init__(self, table: Table) -> None:
        self.names: set[str] = set()
        self.rejected: list[RejectedRow] = []
        self._table = table
        self._kinds = {column.name: column.kind for column in table.columns}
        self._lines: list[int] = []
        self._records: list[dict[str, str | None]] = []
        self._chunks: list[pl.DataFrame] = []

    def read(self, number: int, line: str) -> None:
        """Read one line as a row, or reject it."""
        try:
            record = self._parse(line)
        except (ValueError, RecursionError) as exc:
            self.rejected.append(RejectedRow(self._table.name, number, _describe(exc)))
            return
        self.names.update(record)
        self._lines.append(number)
        self._records.append(record)
        if len(self._records) == CHUNK_ROWS:
            self._close_chunk()

    def finish(self) -> pl.DataFrame:
        """Return all rows read."""
        self._close_chunk()
        return pl.concat(self._chunks)

    def _close_chunk(self) -> None:
        cells = {name: [record.get(name) for record in self._records] for name in self._kinds}
        self._chunks.append(build_text_rows(self._table, self._lines, cells))
        self._lines, self._records = [], []

    def _parse(self, line: str) -> dict[str, str | None]:
        if BROKEN_TEXT.search(line):
            raise _RowError("the line holds bytes that are not UTF-8")
        content = json.loads(line)
        if not isinstance(content, dict):
            raise _RowError("the line is not a JSON object")
        cells = {name_header(name): value for name, value in content.items()}
        return {name: self._to_text(name, cells[name]) for name in cells if name in self._kinds}

    def _to_text(self, name: str, value: object) -> str | None:
        if value is None:
            return None
        text = self._write(name, value)
        if BROKEN_TEXT.search(text):
            raise _RowError(f"{name} holds half a character (a lone surrogate)")
        return text

    def _write(self, name: str, value: object) -> str:
        kind = self._kinds[name]
        if isinstance(value, list) and kind == "list":
            return _join_items(name, value)
        if isinstance(value, dict) and kind == "geojson":
            return json.dumps(value)
        if isinstance(value, (list, dict)):
            raise _RowError(f"{name} holds a list or an object")
        return str(value)


class _RowError(ValueError):
    """One line is no row; says why without quoting it."""


def _describe(error: Exception) -> str:
    return str(error) if isinstance(error, _RowError) else "the line is not JSON"


def _join_items(name: str, items: list[object]) -> str:
    texts = [str(item) for item in items if item is not None]
    if any(LIST_SEPARATOR in text for text in texts):
        raise _RowError(f"{name} has a member that holds a `{LIST_SEPARATOR}`")
    return LIST_SEPARATOR.join(texts)
