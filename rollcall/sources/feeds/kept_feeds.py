"""What feeds said when they were last read, in one file: `root/incidents.json`.

It is written beside its place and renamed into it once it is on disk, so it is always whole: all
feeds as they were after one refresh, whatever becomes of the process.
"""

import fcntl
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from rollcall.errors import ConfigError, SourceError
from rollcall.sources.durability import sync_to_disk
from rollcall.sources.feeds.incident import FeedReading

FILE_NAME = "incidents.json"

LOCK_WAIT_S = 30.0
"""Loading and storing take milliseconds; who holds them up for so long is stopped or hangs."""


@dataclass(frozen=True, slots=True)
class KeptFeed:
    """The last good reading of a feed.

    Attributes:
        location: Its address or path, as configured; may hold a key, so it is not for showing.
        read_at: When that reading was last known to be what the feed says, aware UTC.
        reading: What it said.
    """

    location: str
    read_at: datetime
    reading: FeedReading


_KEPT_FEEDS = TypeAdapter(tuple[KeptFeed, ...])


def load_kept_feeds(root: Path) -> tuple[KeptFeed, ...]:
    """Load what is kept, in the order of the last refresh; nothing where nothing was kept yet.

    Raises:
        SourceError: The file cannot be read, or is not what was written.
    """
    path = root / FILE_NAME
    try:
        return _KEPT_FEEDS.validate_json(path.read_bytes())
    except FileNotFoundError:
        return ()
    except OSError as exc:
        raise SourceError(f"the incidents kept in {path} cannot be read: {exc.strerror}") from exc
    except ValidationError as exc:
        raise SourceError(f"the incidents kept in {path} are damaged; refresh them") from exc


@contextmanager
def locked_feeds(root: Path) -> Iterator[None]:
    """Let nobody else change what is kept between loading and storing it.

    Raises:
        ConfigError: The folder cannot be written, or another process holds it for too long.
    """
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as exc:
        reason = exc.strerror or exc
        raise ConfigError(f"cannot write to the data folder {root}: {reason}") from exc
    try:
        _lock(folder, root)
        yield
    finally:
        os.close(folder)  # and with it the lock, also if this process dies


def _lock(folder: int, root: Path) -> None:
    give_up_at = time.monotonic() + LOCK_WAIT_S
    while True:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= give_up_at:
                told = f"another process has been writing to {root} for {LOCK_WAIT_S:.0f} s"
                raise ConfigError(told) from None
            time.sleep(0.01)
        except OSError:
            return  # a file system that knows no locks: as safe as can be there
        else:
            return


def store_kept_feeds(root: Path, feeds: tuple[KeptFeed, ...]) -> None:
    """Keep these feeds instead of all before, in one step.

    Raises:
        ConfigError: They cannot be written; what was kept stays.
    """
    content = _KEPT_FEEDS.dump_json(feeds)
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".partial-", dir=root) as partial:
            written = Path(partial) / FILE_NAME
            written.touch(mode=0o600)
            written.write_bytes(content)
            sync_to_disk(written)
            written.replace(root / FILE_NAME)
        sync_to_disk(root)
    except OSError as exc:
        reason = exc.strerror or exc
        raise ConfigError(f"cannot write to the data folder {root}: {reason}") from exc
