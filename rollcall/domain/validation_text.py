"""Turn pydantic's findings into the one clear sentence an operator needs."""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING

from pydantic import ValidationError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_UNKNOWN_KEY = "extra_forbidden"


def first_mistake(error: ValidationError, known_keys: Sequence[str] = ()) -> str:
    """Describe the first mistake: where it is, what is wrong, and what was probably meant.

    Args:
        error: What pydantic found.
        known_keys: Names to suggest from when a key is unknown.
    """
    mistakes = error.errors(include_url=False)
    # a mistyped key is also a missing one: its name says more than what it was not
    mistake = next((one for one in mistakes if one["type"] == _UNKNOWN_KEY), mistakes[0])
    if mistake["type"] == _UNKNOWN_KEY:
        *parents, key = mistake["loc"]
        return f"{_path(parents)}unknown key {key!r}{_suggestion(str(key), known_keys)}"
    return f"{_path(mistake['loc'])}{_reason(mistake)}"


def _path(location: Sequence[int | str]) -> str:
    """Write `("filters", 0, "tags")` as `filters[0].tags: `; the top level as nothing."""
    path = ""
    for step in location:
        path += f"[{step}]" if isinstance(step, int) else f".{step}"
    return f"{path.lstrip('.')}: " if path else ""


def _reason(mistake: "ErrorDetails") -> str:
    reason = mistake["msg"].removeprefix("Value error, ")
    return reason[:1].lower() + reason[1:]


def _suggestion(name: str, known_keys: Sequence[str]) -> str:
    if name in known_keys:
        return " (it has no place here)"
    close = get_close_matches(name, known_keys, n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""
