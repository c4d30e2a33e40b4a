"""Which encoding a text file is in, and its lines."""

import codecs
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from rollcall.errors import SourceError

Encoding = Literal["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"]

BLOCK_BYTES = 1024 * 1024
HEADER_PROBE_BYTES = 16
"""Within the first column's name, which is ASCII; values behind the header need not be."""
BROKEN_LINES_LIMIT = 0.1
"""Share of lines that may be broken before a file counts as unreadable, not as damaged."""

BROKEN_TEXT = re.compile("[\ud800-\udfff]")
"""What stands in a line for bytes that the encoding does not have (`surrogateescape`)."""


def sniff_encoding(path: Path) -> Encoding:
    """Find out which encoding a text file is in; reads the whole file, a block at a time.

    A byte order mark decides; so does a header in which every other byte is zero (UTF-16). What
    decodes as UTF-8 is UTF-8. Of the rest, a file with more lines of good UTF-8 beyond ASCII than
    broken ones is UTF-8 with broken lines; otherwise it is cp1252, what Excel saves by default.

    Raises:
        SourceError: It is none of these; names the file.
    """
    with path.open("rb") as file:
        start = file.read(HEADER_PROBE_BYTES)
    marked = _encoding_of_mark(path, start) or _encoding_of_zeros(start)
    if marked:
        return marked
    return "utf-8-sig" if _decodes_as_utf8(path) else _sniff_broken(path)


def read_lines(path: Path) -> Iterator[str]:
    r"""Yield the physical lines of a text file, each with its line end (`\n`, `\r\n` or `\r`).

    A line with bytes that are not UTF-8 holds `BROKEN_TEXT` in their place.

    Raises:
        SourceError: The file cannot be read or is in no encoding we know; names it.
    """
    try:
        encoding = sniff_encoding(path)
        errors = "surrogateescape" if encoding == "utf-8-sig" else "strict"
        with path.open(encoding=encoding, errors=errors, newline="") as file:
            yield from file
    except UnicodeDecodeError as exc:
        raise SourceError(f"{path.name} is damaged: it is not all {exc.encoding}") from exc
    except OSError as exc:
        raise SourceError(f"{path.name} cannot be read: {exc.strerror}") from exc


def _encoding_of_mark(path: Path, start: bytes) -> Encoding | None:
    if start.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise SourceError(f"{path.name} is in UTF-32; save it as UTF-8")
    if start.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    return "utf-16" if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else None


def _encoding_of_zeros(start: bytes) -> Encoding | None:
    """Tell UTF-16 without a mark by its header: ASCII names, so every other byte is zero."""
    first, second = start[0::2], start[1::2]
    if not second or len(first) != len(second):
        return None
    if not any(second) and all(first):
        return "utf-16-le"
    return "utf-16-be" if not any(first) and all(second) else None


def _decodes_as_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as file:
            while block := file.read(BLOCK_BYTES):
                decoder.decode(block)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _sniff_broken(path: Path) -> Encoding:
    line_count = good_count = broken_count = 0
    is_cp1252 = True
    with path.open("rb") as file:
        for line in file:
            line_count += 1
            if line.isascii():
                continue
            is_good = _decodes(line, "utf-8")
            good_count += is_good
            broken_count += not is_good
            is_cp1252 = is_cp1252 and _decodes(line, "cp1252")
    if is_cp1252 and broken_count > good_count:
        return "cp1252"
    if broken_count <= max(good_count, line_count * BROKEN_LINES_LIMIT):
        return "utf-8-sig"
    raise SourceError(f"{path.name} is in an unknown encoding; save it as UTF-8")


def _decodes(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
