"""Has a source changed? A quick answer from the file system and a sure one from the bytes."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from rollcall.errors import SourceError
from rollcall.sources.validation import VALIDATION_RULES

VERSION_DIGITS = 16


def take_fingerprint(files: Mapping[str, Path]) -> str:
    """Describe files by what changes whenever they do: size, times and inode; reads no content.

    Raises:
        SourceError: A file cannot be looked at; names it.
    """
    digest = hashlib.sha256(VALIDATION_RULES.encode())
    for path in files.values():
        try:
            found = path.stat()
        except OSError as exc:
            raise SourceError(f"{path.name} cannot be read: {exc.strerror}") from exc
        seen = (path.name, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)
        digest.update(repr(seen).encode())
    return digest.hexdigest()


def hash_version(files: Mapping[str, Path]) -> str:
    """Name a source's version by its files' names and bytes and the rules they are checked by.

    Raises:
        SourceError: A file cannot be read; names it.
    """
    digest = hashlib.sha256(VALIDATION_RULES.encode())
    for path in files.values():
        digest.update(f"\0{path.name}\0{_hash_file(path)}".encode())
    return digest.hexdigest()[:VERSION_DIGITS]


def _hash_file(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as exc:
        raise SourceError(f"{path.name} cannot be read: {exc.strerror}") from exc
