"""Validated loads, kept on disk: a send in a crisis does not validate again.

    root/<name of the source's folder>-<hash of its path>/
        current.json                     which version is in use; dated when that was last looked at
        <version>/manifest.json          what it is; written last
        <version>/<table>.parquet        one for each table
        <version>/rejected.parquet       what was left out or amended, and why

A version is written beside its place and renamed into it when all of it is on disk, so what has its
name is whole, and a process that dies, or another that does the same, does no harm.
"""

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path

import polars as pl

from rollcall.clock import Clock
from rollcall.errors import ConfigError, SourceError
from rollcall.sources.fingerprint import hash_version, take_fingerprint
from rollcall.sources.folder import find_files
from rollcall.sources.manifest import Pointer, read_manifest, read_pointer, read_pointer_date
from rollcall.sources.rejection import RejectedRow
from rollcall.sources.validation import validate_source
from rollcall.sources.version_store import (
    REJECTED_NAME,
    date_pointer,
    list_versions,
    prune_versions,
    remove_version,
    store_version,
    write_pointer,
)

SHORT_ID_DIGITS = 8


@dataclass(frozen=True)
class KeptVersion:
    """A validated load of a source.

    Attributes:
        version: Its id: the same bytes checked by the same rules have the same.
        path: The folder that holds its Parquet files.
        validated_at: When it was checked, aware UTC.
        row_counts: Good rows of every table.
    """

    version: str
    path: Path
    validated_at: datetime
    row_counts: dict[str, int]

    @property
    def short_id(self) -> str:
        """The id as people are shown it."""
        return self.version[:SHORT_ID_DIGITS]

    @cached_property
    def rejected(self) -> list[RejectedRow]:
        """What was left out or amended, by table in the contract's order, then by line."""
        rows = pl.read_parquet(self.path / REJECTED_NAME)
        return [RejectedRow(*row) for row in rows.iter_rows()]

    def age(self, now: datetime) -> timedelta:
        """Return how long ago it was validated."""
        return now - self.validated_at


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """A kept version, and what becomes of it.

    Attributes:
        kept: The version.
        source: The folder that it was read from.
        is_in_use: Whether sends are made from it now.
        looked_at: When its source was last found good, or the last good version taken, aware UTC.
    """

    kept: KeptVersion
    source: Path
    is_in_use: bool
    looked_at: datetime


class KeptSources:
    """The kept versions of all sources, below one folder.

    Args:
        root: The folder; made where it does not exist, for its owner only.
        clock: Dates the versions.
    """

    def __init__(self, root: Path, clock: Clock) -> None:
        self._root = root
        self._clock = clock

    def open(self, folder: Path) -> KeptVersion:
        """Return the version of what the source holds now; validates only what is new.

        Several processes may do this at once.

        Raises:
            SourceError: The source cannot be loaded; says what it falls back on, if anything.
            ConfigError: What was loaded cannot be kept; says the same.
        """
        with self._telling_last_good(folder):
            return self._open(folder)

    def look(self, folder: Path) -> KeptVersion | None:
        """Find out whether `open` could open what the source holds now; keeps nothing.

        Returns:
            Its version; None if what it holds can be used and has not been kept yet.

        Raises:
            SourceError: As `open` does.
        """
        with self._telling_last_good(folder):
            files = find_files(folder)
            if known := self._find_known(folder, take_fingerprint(files)):
                return known
            kept = _load_version(self._home_of(folder) / hash_version(files))
            if kept is None:
                validate_source(folder)
            return kept

    def last_good(self, folder: Path) -> KeptVersion:
        """Return the version last in use, whatever the source holds now, or whether it exists.

        Raises:
            SourceError: There is none.
        """
        version = self.find_last_good(folder)
        if version is None:
            raise SourceError(f"no good version of {folder} has been kept yet")
        date_pointer(self._home_of(folder), self._clock.now())
        return version

    def find_last_good(self, folder: Path) -> KeptVersion | None:
        """Return the version last in use, None if there is none.

        Unlike `last_good` this is no use of it: looking does not keep it from retention.
        """
        home = self._home_of(folder)
        pointer = read_pointer(home)
        in_use = _load_version(home / pointer.version) if pointer else None
        if in_use:
            return in_use
        newest = next(iter(list_versions(home)), None)
        return _load_version(newest) if newest else None

    def is_current(self, folder: Path) -> bool:
        """Tell whether the version in use is what the source's files hold; reads none of them.

        Raises:
            SourceError: The source is not there, or is none.
        """
        return self._find_known(folder, take_fingerprint(find_files(folder))) is not None

    def list_kept(self) -> list[StoredVersion]:
        """Return every version that is kept, of all sources."""
        homes = self._root.iterdir() if self._root.is_dir() else ()
        return [one for home in sorted(homes) for one in _list_stored(home)]

    def list_versions_of(self, folder: Path) -> list[KeptVersion]:
        """Return the kept versions of one source, newest first."""
        return [one.kept for one in _list_stored(self._home_of(folder))]

    def old_versions(self, before: datetime, configured: Path | None = None) -> list[KeptVersion]:
        """Return the versions validated before a moment that no send will be made from any more.

        All but the one in use. That one too where its source is not there and was not since that
        moment either: one that is away just now, as a share that is not mounted, has nothing else
        to send from.

        Args:
            before: The moment.
            configured: The installation's own source, whose version in use stays in any case.
        """
        own = self._home_of(configured) if configured else None

        def is_needed(one: StoredVersion) -> bool:
            is_there = one.source.exists() or one.looked_at >= before
            return one.is_in_use and (is_there or one.kept.path.parent == own)

        old = (one for one in self.list_kept() if one.kept.validated_at < before)
        return [one.kept for one in old if not is_needed(one)]

    def remove(self, version: KeptVersion) -> None:
        """Delete a version; one that is gone already is no mistake.

        Raises:
            ConfigError: It cannot be deleted.
        """
        with self._writing():
            remove_version(version.path)

    def _open(self, folder: Path) -> KeptVersion:
        home = self._home_of(folder)
        files = find_files(folder)
        fingerprint = take_fingerprint(files)
        if known := self._find_known(folder, fingerprint):
            date_pointer(home, self._clock.now())
            return known
        version = hash_version(files)
        kept = _load_version(home / version) or self._validate(folder, version, fingerprint)
        with self._writing():
            write_pointer(home, Pointer(version=version, fingerprint=fingerprint))
            prune_versions(home, in_use=version)
        date_pointer(home, self._clock.now())
        return kept

    def _validate(self, folder: Path, version: str, fingerprint: str) -> KeptVersion:
        validated = validate_source(folder)
        if take_fingerprint(find_files(folder)) != fingerprint:
            raise SourceError(f"{folder} changed while it was being read; try again")
        with self._writing():
            self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
            path = store_version(
                self._home_of(folder) / version, validated, folder, self._clock.now()
            )
        kept = _load_version(path)
        if kept is None:
            raise ConfigError(f"what was written to the data folder {self._root} is not there")
        return kept

    def _find_known(self, folder: Path, fingerprint: str) -> KeptVersion | None:
        """Return the version in use, if the source has not been touched since."""
        home = self._home_of(folder)
        pointer = read_pointer(home)
        if pointer is None or pointer.fingerprint != fingerprint:
            return None
        return _load_version(home / pointer.version)

    def _home_of(self, folder: Path) -> Path:
        """Return where a source's versions are; a link counts as itself, not as what it names."""
        absolute = os.path.abspath(folder)  # noqa: PTH100 - Path.resolve would follow links
        slug = re.sub("[^a-z0-9]+", "-", Path(absolute).name.casefold()).strip("-")
        digest = hashlib.sha256(os.fsencode(absolute)).hexdigest()[:SHORT_ID_DIGITS]
        return self._root / f"{slug or 'source'}-{digest}"

    @contextmanager
    def _telling_last_good(self, folder: Path) -> Iterator[None]:
        """Have whatever is wrong with a source say what there is to fall back on."""
        try:
            yield
        except (SourceError, ConfigError) as exc:
            last_good = self.find_last_good(folder)
            if last_good is None:
                raise
            age = describe_age(last_good.age(self._clock.now()))
            raise type(exc)(
                f"{exc}; the last good version {last_good.short_id} ({age} old) is still in place: "
                "use it with --last-good"
            ) from exc

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as exc:
            reason = exc.strerror or exc
            raise ConfigError(f"cannot write to the data folder {self._root}: {reason}") from exc


def describe_age(age: timedelta) -> str:
    """Write an age by its two largest units: `3 d 4 h`, `3 h 12 min`, `12 min`."""
    minutes = max(0, int(age.total_seconds() // 60))
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def _list_stored(home: Path) -> Iterator[StoredVersion]:
    pointer, dated = read_pointer(home), read_pointer_date(home)
    for path in list_versions(home):
        manifest, kept = read_manifest(path), _load_version(path)
        if manifest is not None and kept is not None:
            is_in_use = pointer is None or pointer.version == kept.version
            looked_at = max(kept.validated_at, dated or kept.validated_at)
            yield StoredVersion(kept, Path(manifest.source), is_in_use, looked_at)


def _load_version(path: Path) -> KeptVersion | None:
    manifest = read_manifest(path)
    if manifest is None:
        return None
    return KeptVersion(manifest.version, path, manifest.validated_at, manifest.row_counts)
