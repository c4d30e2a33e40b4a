"""A digest over sorted lines that does not need all of them in memory at once."""

import heapq
import zlib
from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Final

RUN_LINES: Final = 20_000
"""Lines sorted at a time; a smaller set of lines is never packed."""

_BLOCK_LINES: Final = 500
"""Lines unpacked at a time, of each run, while the runs are merged."""

_FASTEST: Final = 1


class LineDigest:
    """SHA-256 over lines, sorted by code point and joined by newlines, in any order they come.

    What was added is kept as sorted runs, compressed: lines about people are alike, and shrink to
    some fifth. On disk, as sorting usually goes, they would be personal data in one more place.
    """

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._runs: list[list[bytes]] = []

    def add(self, lines: Iterable[str]) -> None:
        """Take in lines; none may hold a newline."""
        for line in lines:
            self._lines.append(line)
            if len(self._lines) >= RUN_LINES:
                self._runs.append(_pack(self._lines))
                self._lines = []

    def hexdigest(self) -> str:
        """Return the digest of everything added so far."""
        # bytes of UTF-8 sort as code points do
        unpacked = [map(str.encode, sorted(self._lines)), *map(_unpack, self._runs)]
        digest, separator = sha256(), b""
        for line in heapq.merge(*unpacked):
            digest.update(separator + line)
            separator = b"\n"
        return digest.hexdigest()


def _pack(lines: list[str]) -> list[bytes]:
    ordered = sorted(lines)
    blocks = (
        "\n".join(ordered[start : start + _BLOCK_LINES])
        for start in range(0, len(ordered), _BLOCK_LINES)
    )
    return [zlib.compress(block.encode(), _FASTEST) for block in blocks]


def _unpack(run: list[bytes]) -> Iterator[bytes]:
    for block in run:
        yield from zlib.decompress(block).split(b"\n")
