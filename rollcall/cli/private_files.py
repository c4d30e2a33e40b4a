"""Files that hold what only their owner may read."""

import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from rollcall.errors import InputError


def write_private(path: Path, pieces: Iterable[str]) -> None:
    """Write a file for its owner only, whole or not at all; replaces one that is there.

    Raises:
        InputError: It cannot be written; names it.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.writelines(pieces)
        draft.replace(path)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}") from error
    finally:
        draft.unlink(missing_ok=True)
