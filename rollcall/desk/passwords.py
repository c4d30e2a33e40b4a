"""Passwords of the dashboards' users: argon2id, as RFC 9106 wants it where memory is scarce."""

from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

from rollcall.errors import InputError

MIN_CHARS: Final = 12
"""A password is all that stands before everybody's whereabouts; length counts, not signs in it."""

MAX_CHARS: Final = 256

_HASHER: Final = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)


def hash_password(password: str) -> str:
    """Return what of a password is kept.

    Raises:
        InputError: It is too short, or too long.
    """
    if len(password) < MIN_CHARS:
        raise InputError(f"the password has {len(password)} characters: at least {MIN_CHARS}")
    if len(password) > MAX_CHARS:
        raise InputError(f"the password has {len(password)} characters: at most {MAX_CHARS}")
    return _HASHER.hash(password)


def is_right(password_hash: str | None, password: str) -> bool:
    """Tell whether a password is the one that was hashed.

    Args:
        password_hash: What is kept; None where there is no such user: that takes as long, so that
            nobody learns who there is.
        password: What was typed.
    """
    try:
        return _HASHER.verify(password_hash or _nobodys(), password) and password_hash is not None
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobodys() -> str:
    return _HASHER.hash("nobody has this password")
