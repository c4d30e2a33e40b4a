"""When two selections say the same: each has one form, whatever the order it was said in."""

from typing import Any, Final

from rollcall.clock import format_instant, parse_instant
from rollcall.domain.audience import write_canonically
from rollcall.domain.saved_filters import selection_to_json
from rollcall.domain.selection import Selection

_MOMENTS: Final = frozenset({"from_at", "until_at"})


def write_selection(selection: Selection) -> str:
    """Return the one form of a selection: equal for two that say the same.

    The order of what is named, what is named twice, zones of moments, and defaults do not matter.
    Areas are the same only if they are drawn alike; a dynamic filter is its name, not what it
    stands for.
    """
    return write_canonically(_settle(selection_to_json(selection)))


def _settle(told: Any, name: str = "") -> Any:
    if name == "area":
        return told
    if isinstance(told, dict):
        return {key: _settle(value, key) for key, value in told.items() if _counts(key, told)}
    if isinstance(told, list):
        members = {write_canonically(settled): settled for settled in map(_settle, told)}
        return [members[text] for text in sorted(members)]
    return format_instant(parse_instant(told)) if name in _MOMENTS else told


def _counts(key: str, told: dict[str, Any]) -> bool:
    """Tell whether a key says anything beside the others: how one tag is matched does not."""
    if key == "tags_match":
        return len(set(told.get("tags", ()))) > 1
    return key != "area_match" or "area" in told
