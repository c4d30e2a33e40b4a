"""Files that retention deletes on this machine: snapshots, previews, what dead processes left.

What the ledger says of a message decides on its snapshot, and is said before the snapshot goes. So
each machine deletes its own files, whichever of them removed the rest.
"""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from rollcall.errors import ConfigError
from rollcall.ledger.engine import Ledger
from rollcall.ledger.message_ages import MessageAge, read_message_ages

LEFT_BEHIND_AFTER: Final = timedelta(days=1)
"""A snapshot or preview is written in seconds; a folder beside it that is older is nobody's."""

_AT_ONCE: Final = 500
"""Messages that the ledger is asked about at once."""


@dataclass(frozen=True, slots=True)
class OldFile:
    """A file or folder that is due, and since when it has been there, or its message over."""

    path: Path
    dated: datetime


def list_old_snapshots(
    ledger: Ledger, folder: Path, before: datetime | None, now: datetime
) -> list[OldFile]:
    """Return the snapshots that nothing needs any more, and what is left of unfinished ones.

    A snapshot goes with its message's personal data, or when its message is over since before a
    moment. That of a message that is under way or held stays; one whose message the ledger does not
    know goes by its own age.

    Args:
        ledger: Where the messages are.
        folder: Where the snapshots lie.
        before: The moment; None: only those go whose message lost its personal data.
        now: The present moment.
    """
    paths = sorted(folder.glob("*.duckdb"))
    found = list(list_left_behind(folder, ".*.duckdb-*", now))
    for start in range(0, len(paths), _AT_ONCE):
        some = paths[start : start + _AT_ONCE]
        ages = read_message_ages(ledger, [path.stem for path in some], now)
        found += _list_due(some, ages, before)
    return found


def list_old_previews(folder: Path, before: datetime | None, now: datetime) -> list[OldFile]:
    """Return the previews that were made before a moment, and what is left of unfinished ones."""
    found = [OldFile(path, _modified_at(path)) for path in sorted(folder.glob("*.parquet"))]
    old = [one for one in found if before is not None and one.dated < before]
    return [*list_left_behind(folder, "tmp*", now), *old]


def list_left_behind(folder: Path, pattern: str, now: datetime) -> Iterator[OldFile]:
    """Yield folders that a process made which died before it was ready."""
    for path in sorted(folder.glob(pattern)):
        dated = _modified_at(path)
        if path.is_dir() and dated < now - LEFT_BEHIND_AFTER:
            yield OldFile(path, dated)


def delete_files(files: Sequence[OldFile]) -> int:
    """Delete files and folders; what is gone already is no mistake.

    Returns:
        How many.

    Raises:
        ConfigError: One cannot be deleted.
    """
    for one in files:
        try:
            if one.path.is_dir():
                shutil.rmtree(one.path)
            else:
                one.path.unlink(missing_ok=True)
        except OSError as error:
            raise ConfigError(f"{one.path} cannot be deleted: {error.strerror}") from error
    return len(files)


def _list_due(
    paths: Sequence[Path], ages: dict[str, MessageAge], before: datetime | None
) -> Iterator[OldFile]:
    for path in paths:
        age = ages.get(path.stem)
        dated = age.over_at if age else _modified_at(path)
        if _is_due(age, is_old=before is not None and dated < before):
            yield OldFile(path, dated)


def _is_due(age: MessageAge | None, *, is_old: bool) -> bool:
    if age is None:
        return is_old
    return age.is_erased or (is_old and age.is_done and not age.is_held)


def _modified_at(path: Path) -> datetime:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError:
        return datetime.max.replace(tzinfo=UTC)  # gone meanwhile: never due
