"""Rendered deliveries on disk: between rendering, which takes long, and recording, which must not.

The transaction that records a message holds up every other writer of a SQLite ledger, so it opens
when everything is rendered; and a million rendered texts do not belong in memory. The files have no
name: nobody else can open them, and they are gone with the process, however it ends.
"""

import json
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self

from rollcall.errors import ConfigError
from rollcall.ledger.recording import NewContent, NewDelivery

_AT_ONCE: Final = 500
"""Deliveries in one line of the files; each may come with tens of thousands of characters."""


@dataclass(slots=True)
class Spool:
    """Deliveries and contents in the order they were rendered; a context manager.

    Args:
        folder: Where the nameless files lie: a folder for its owner only, with room for the texts.
    """

    folder: Path
    _contents: IO[str] | None = None
    _deliveries: IO[str] | None = None

    def __enter__(self) -> Self:
        self._contents = tempfile.TemporaryFile("w+", dir=self.folder, encoding="utf-8")
        self._deliveries = tempfile.TemporaryFile("w+", dir=self.folder, encoding="utf-8")
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for file in self._files():
            file.close()

    def fill(self, rendered: Iterable[tuple[NewDelivery, NewContent | None]]) -> None:
        """Write everything that was rendered.

        Raises:
            ConfigError: The disk is full.
        """
        contents, deliveries = self._files()
        try:
            remaining = iter(rendered)
            while chunk := list(islice(remaining, _AT_ONCE)):
                _write(deliveries, [delivery for delivery, _ in chunk])
                _write(contents, [content for _, content in chunk if content is not None])
            contents.flush()
            deliveries.flush()
        except OSError as error:
            raise ConfigError(f"cannot write to {self.folder}: {error.strerror}") from error

    def contents(self) -> Iterator[NewContent]:
        """Yield the distinct texts from the beginning."""
        return (NewContent(*fields) for fields in _read(self._files()[0]))

    def deliveries(self) -> Iterator[NewDelivery]:
        """Yield the deliveries from the beginning."""
        return (NewDelivery(*fields) for fields in _read(self._files()[1]))

    def _files(self) -> tuple[IO[str], IO[str]]:
        if self._contents is None or self._deliveries is None:
            raise ValueError("the spool is not open")
        return self._contents, self._deliveries


def _write(file: IO[str], rows: Sequence[tuple[Any, ...]]) -> None:
    file.write(json.dumps(rows))
    file.write("\n")


def _read(file: IO[str]) -> Iterator[list[Any]]:
    file.seek(0)
    for line in file:
        yield from json.loads(line)
