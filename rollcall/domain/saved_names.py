"""Names under which things are saved: written as given, kept apart whatever the case."""

import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

from rollcall.errors import InputError

MAX_NAME_CHARS: Final = 100
"""Fits on a line of a terminal and of a list on a page."""


def normalise_name(name: str) -> str:
    """Return a new name as it is kept.

    Raises:
        InputError: It is empty, too long, or holds what cannot be printed.
    """
    kept = spell_name(name)
    if not kept:
        raise InputError("the name is empty")
    if len(kept) > MAX_NAME_CHARS:
        raise InputError(f"the name has {len(kept)} characters, at most {MAX_NAME_CHARS} are kept")
    if not kept.isprintable():
        raise InputError(f"the name {kept!r} holds a character that cannot be printed")
    return kept


def spell_name(name: str) -> str:
    """Return a name as it would be kept: trimmed, in Unicode's composed form."""
    return unicodedata.normalize("NFC", name).strip()


def fold_name(name: str) -> str:
    """Return what two names must not share: they would be mistaken for each other."""
    return unicodedata.normalize("NFKC", name).casefold()


def tell_unknown(what: str, name: str, known_names: Iterable[str]) -> str:
    """Say that nothing is saved under a name, and which was probably meant."""
    by_folded = {fold_name(known): known for known in known_names}
    close = get_close_matches(fold_name(name), by_folded, n=1)
    meant = f" (did you mean {by_folded[close[0]]!r}?)" if close else ""
    return f"there is no {what} {name!r}{meant}"


def tell_taken(what: str, name: str, taken: str) -> str:
    """Say that a name is taken, or so much like one that is that it could be mistaken for it."""
    if name == taken:
        return f"there is a {what} {taken!r} already"
    return f"there is a {what} {taken!r} already, which differs from {name!r} in case only"
