"""What a carrier accepted, one JSON line each, written before it answers.

The journal is the witness of tests and drills: what stands in it was sent, what does not was not.
A line is one unbuffered write to the end of the file, so another process may read at any time.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Self


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One message that a carrier accepted.

    Attributes:
        carrier: Who accepted it.
        provider_id: The carrier's id for it.
        reference: The delivery's id, as the sender gave it.
        idempotency_key: As the sender gave it, None for mail.
        address: Number or mailbox.
        at: When, ISO 8601 in UTC.
        is_delivered: Whether the recipient gets it.
        fault: What the carrier did to the try; `none` where it behaved.
    """

    carrier: str
    provider_id: str
    reference: str
    idempotency_key: str | None
    address: str
    at: str
    is_delivered: bool
    fault: str


class Journal:
    """An open journal that grows at its end; use it as a context."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab", buffering=0)

    def record(self, entry: JournalEntry) -> None:
        """Add one line; it can be read by others when this returns."""
        self._file.write(json.dumps(asdict(entry), ensure_ascii=False).encode() + b"\n")

    def close(self) -> None:
        """Close the file; safe to call twice."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def name_journal(folder: Path, carrier: str) -> Path:
    """Say where a carrier's journal is."""
    return folder / f"journal-{carrier}.jsonl"


def read_journal(path: Path) -> list[JournalEntry]:
    """Read a journal in the order of acceptance, while its carrier may still be writing.

    A last line that is not complete yet is left out.
    """
    complete, _, _ = path.read_bytes().rpartition(b"\n")
    return [JournalEntry(**json.loads(line)) for line in complete.splitlines()]
