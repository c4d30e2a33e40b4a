"""CSV as it comes: whatever is wrong with a line costs that line and no other.

Every value stays the text it is: inferring types would turn the phone number `0701234567` into a
number. Polars cannot read this: one unterminated quote loses the whole file there.
"""

import csv
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from rollcall.errors import SourceError
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

LONGEST_RECORD_CHARS = 16 * 1024 * 1024
"""Beyond this an open quote is a mistake. A detailed country outline has about 2 million."""

JSON_BRACKETS = ("[", "]", "{", "}")

csv.field_size_limit(LONGEST_RECORD_CHARS)  # the default, 131,072, refuses outlines


def read_csv_rows(path: Path, table: Table) -> RawRows:
    """Read a CSV file separated by `,` or `;`.

    A quoted cell may span lines. A quote that is never closed costs only its own line: reading goes
    on with the next one. Columns that the contract does not know are ignored.

    Raises:
        SourceError: The file cannot be read, or its header lacks a required column, or has one
            twice.
    """
    lines = _Lines(read_lines(path))
    header_line, separator = _read_header_line(path, lines, table)
    header = [name_header(cell) for cell in _split_header(header_line, separator)]
    check_header(path.name, header, table)
    reader = _RecordReader(lines, separator, len(header))
    rejected: list[RejectedRow] = []
    chunks = list(_build_chunks(reader, header, table, rejected))
    return RawRows(pl.concat(chunks), rejected)


@dataclass(slots=True)
class _Lines:
    """The physical lines of a file, of which some may be looked at before they are taken."""

    source: Iterator[str]
    number: int = 0
    _ahead: deque[str] = field(default_factory=deque)

    def take(self) -> str | None:
        """Return the next line and move on; None at the end of the file."""
        line = self._ahead.popleft() if self._ahead else next(self.source, None)
        self.number += line is not None
        return line

    def peek(self) -> Iterator[str]:
        """Yield the lines that follow without taking them."""
        index = 0
        while index < len(self._ahead) or self._read_ahead():
            yield self._ahead[index]
            index += 1

    def _read_ahead(self) -> bool:
        line = next(self.source, None)
        if line is not None:
            self._ahead.append(line)
        return line is not None


@dataclass(slots=True)
class _RecordReader:
    """Splits the lines of a file into records of `width` cells."""

    lines: _Lines
    separator: str
    width: int

    def read(self) -> Iterator[tuple[int, list[str] | str]]:
        """Yield the line on which a record begins, with its cells or with what is wrong with it."""
        while (line := self.lines.take()) is not None:
            if not line.isspace():
                yield self.lines.number, self._split(line)

    def _split(self, line: str) -> list[str] | str:
        if not line.isascii() and BROKEN_TEXT.search(line):
            return "the line holds bytes that are not UTF-8"
        if "\0" in line:
            return "the line holds a NUL character"
        if '"' in line:
            return self._split_quoted(line)
        cells = line.split(self.separator)
        return cells if len(cells) == self.width else self._describe_width(len(cells))

    def _split_quoted(self, line: str) -> list[str] | str:
        """Split a record that may go on over the lines that follow, and take those."""
        record = [line]
        try:
            cells = self._parse(self._continue_record(record))
        except csv.Error:
            return "a quote is not closed, or stands where none may stand"
        if len(cells) != self.width:
            return self._describe_width(len(cells))
        for _ in record[1:]:
            self.lines.take()
        return cells

    def _continue_record(self, record: list[str]) -> Iterator[str]:
        """Yield a record's lines for as long as the parser asks; stop where it cannot go on."""
        yield record[0]
        char_count = len(record[0])
        for line in self.lines.peek():
            char_count += len(line)
            if char_count > LONGEST_RECORD_CHARS or self._cannot_continue(line):
                return
            record.append(line)
            yield line

    def _cannot_continue(self, line: str) -> bool:
        """Tell a line that begins a record of its own, or is damaged, from the rest of a cell.

        A whole row after an open quote means that the quote was a mistake. Going on to the next
        quote instead could swallow thousands of people without a word. Only GeoJSON, the one value
        that does span lines, may look like a row.
        """
        if "\0" in line or BROKEN_TEXT.search(line):
            return True
        if line.count('"') % 2 or line.lstrip().startswith(JSON_BRACKETS):
            return False
        try:
            return len(self._parse(iter([line]))) == self.width
        except csv.Error:
            return False

    def _parse(self, lines: Iterator[str]) -> list[str]:
        parser = csv.reader(lines, delimiter=self.separator, strict=True, skipinitialspace=True)
        return next(parser)

    def _describe_width(self, cell_count: int) -> str:
        return f"the line has {cell_count} cells, the header has {self.width}"


def _read_header_line(path: Path, lines: _Lines, table: Table) -> tuple[str, str]:
    """Take the header and find the separator that splits it into more columns of the table."""
    line = lines.take()
    if line is None or line.isspace():
        raise SourceError(f"{path.name} has no header line")
    if BROKEN_TEXT.search(line):
        raise SourceError(f"{path.name} has a header that is not UTF-8")
    known = set(table.column_names())

    def count_known(separator: str) -> int:
        return sum(name_header(cell) in known for cell in _split_header(line, separator))

    return line, max(",;", key=count_known)


def _split_header(line: str, separator: str) -> list[str]:
    return next(csv.reader([line], delimiter=separator, skipinitialspace=True))


def _build_chunks(
    reader: _RecordReader, header: list[str], table: Table, rejected: list[RejectedRow]
) -> Iterator[pl.DataFrame]:
    """Yield rows a chunk at a time, at least one chunk; append what is wrong to `rejected`."""
    numbers: list[int] = []
    records: list[list[str]] = []
    for number, cells in reader.read():
        if isinstance(cells, str):
            rejected.append(RejectedRow(table.name, number, cells))
            continue
        numbers.append(number)
        records.append(cells)
        if len(records) == CHUNK_ROWS:
            yield _build_chunk(header, table, numbers, records)
            numbers, records = [], []
    yield _build_chunk(header, table, numbers, records)


def _build_chunk(
    header: list[str], table: Table, numbers: list[int], records: list[list[str]]
) -> pl.DataFrame:
    columns = zip(*records, strict=True) if records else ([] for _ in header)
    return build_text_rows(table, numbers, dict(zip(header, columns, strict=True)))
