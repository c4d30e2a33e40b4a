"""Writing kept versions so that what has its name is whole, and taking old ones away."""

import os
import shutil
import tempfile
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import polars as pl

from rollcall.sources.durability import sync_to_disk
from rollcall.sources.loaded import write_loaded
from rollcall.sources.manifest import (
    MANIFEST_NAME,
    POINTER_NAME,
    Manifest,
    Pointer,
    read_manifest,
)
from rollcall.sources.validation import ValidatedSource

REJECTED_NAME = "rejected.parquet"
PARTIAL_PREFIX = ".partial-"
PARTIAL_AGE_LIMIT_S = 3600
"""A version is written in seconds; what is older was left by a process that died."""

VERSIONS_KEPT = 5


def store_version(
    target: Path, validated: ValidatedSource, source: Path, validated_at: datetime
) -> Path:
    """Write a version as the folder `target`, whose name is its id; return the folder.

    All of it is on disk before it gets its name. Where another process was faster, its version
    stays: it holds the same.

    Raises:
        OSError: It cannot be written; nothing is left behind.
    """
    target.parent.mkdir(mode=0o700, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=PARTIAL_PREFIX, dir=target.parent))
    try:
        _write_tables(partial, validated)
        manifest = Manifest(
            version=target.name,
            source=str(source.absolute()),
            validated_at=validated_at,
            row_counts={name: rows.height for name, rows in validated.tables.items()},
            file_sizes={path.name: path.stat().st_size for path in partial.iterdir()},
        )
        _write_private(partial / MANIFEST_NAME, manifest.model_dump_json(indent=2))
        sync_to_disk(partial)
        _publish(partial, target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return target


def write_pointer(home: Path, pointer: Pointer) -> None:
    """Say which version is in use, in one step.

    Raises:
        OSError: It cannot be written; the pointer is what it was.
    """
    with tempfile.TemporaryDirectory(prefix=PARTIAL_PREFIX, dir=home) as partial:
        written = Path(partial) / POINTER_NAME
        _write_private(written, pointer.model_dump_json(indent=2))
        written.replace(home / POINTER_NAME)
    sync_to_disk(home)


def date_pointer(home: Path, now: datetime) -> None:
    """Say that the version in use was looked at now; nothing but its age depends on it."""
    with suppress(OSError):  # a disk that takes nothing must not hinder a send
        os.utime(home / POINTER_NAME, (now.timestamp(), now.timestamp()))


def list_versions(home: Path) -> list[Path]:
    """Return the folders of a source's whole versions, newest first."""
    if not home.is_dir():
        return []
    found = [(path, read_manifest(path)) for path in home.iterdir() if path.is_dir()]
    dated = [(manifest.validated_at, path) for path, manifest in found if manifest]
    return [path for _, path in sorted(dated, reverse=True)]


def prune_versions(home: Path, in_use: str) -> None:
    """Remove all versions but the newest ones and the one in use, and what dead processes left."""
    for path in list_versions(home)[VERSIONS_KEPT:]:
        if path.name != in_use:
            shutil.rmtree(path, ignore_errors=True)
    now_s = (home / POINTER_NAME).stat().st_mtime  # the file system's own clock
    for path in home.glob(f"{PARTIAL_PREFIX}*"):
        if now_s - _modified_s(path, otherwise=now_s) > PARTIAL_AGE_LIMIT_S:
            shutil.rmtree(path, ignore_errors=True)


def remove_version(path: Path) -> None:
    """Delete a version: its name goes first, so that nobody finds part of one.

    Raises:
        OSError: It cannot be deleted.
    """
    doomed = Path(tempfile.mkdtemp(prefix=PARTIAL_PREFIX, dir=path.parent))
    try:
        path.rename(doomed / path.name)
    except FileNotFoundError:
        pass  # another process was faster
    finally:
        shutil.rmtree(doomed)
    sync_to_disk(path.parent)


def _write_tables(folder: Path, validated: ValidatedSource) -> None:
    rejected = pl.DataFrame(
        [(row.table, row.line, row.reason) for row in validated.rejected],
        schema={"table": pl.String, "line": pl.Int64, "reason": pl.String},
        orient="row",
    )
    tables = {f"{name}.parquet": rows for name, rows in validated.tables.items()}
    for name, rows in {**tables, REJECTED_NAME: rejected}.items():
        _write_parquet(folder / name, rows)
    write_loaded(folder, validated.tables)


def _write_parquet(path: Path, rows: pl.DataFrame) -> None:
    try:
        rows.write_parquet(path)
    except pl.exceptions.ComputeError as exc:  # so Polars says that the disk is full
        raise OSError(str(exc)) from exc
    path.chmod(0o600)
    sync_to_disk(path)


def _publish(partial: Path, target: Path) -> None:
    """Give a version its name; put one aside that has the name and is not whole."""
    if target.exists() and read_manifest(target) is None:
        target.rename(partial.with_name(f"{partial.name}-replaced"))
    try:
        partial.rename(target)
    except OSError:
        if read_manifest(target) is None:
            raise
    sync_to_disk(target.parent)


def _write_private(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")
    sync_to_disk(path)


def _modified_s(path: Path, otherwise: float) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return otherwise
