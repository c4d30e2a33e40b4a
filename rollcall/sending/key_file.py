"""Keys that lie beside the ledger: made once, read by their owner only, never half there."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path

from rollcall.errors import ConfigError


def read_or_make(path: Path, make: Callable[[], str], what: str) -> str:
    """Return the key in a file; of two processes that make one, both get the one that stays.

    Args:
        path: Where it lies, in a folder that exists.
        make: Makes a new one, of ASCII characters.
        what: What it is, for errors.

    Raises:
        ConfigError: It cannot be read or written.
    """
    try:
        if not path.exists():
            _write(path, make())
        return path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{what} {path} cannot be read or written") from error


def _write(path: Path, key: str) -> None:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(key)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)  # fails where there is one by now, and never shows half a key
        except FileExistsError:
            return
    finally:
        draft.unlink()
