"""Whether a selection can mean facilities: only then it matters which contacts stand for them."""

from collections.abc import Mapping
from typing import Final

from rollcall.domain.saved_filters import gather
from rollcall.domain.selection import Filter, Selection
from rollcall.errors import SelectionError

_MET_BY_FACILITIES: Final = frozenset({"countries", "area", "tags", "recipient_type"})
"""Every other criterion is never met by a facility (contract §3)."""


def can_mean_facilities(selection: Selection, saved: Mapping[str, Selection]) -> bool:
    """Tell whether a facility is selected, or could be by a filter.

    Args:
        selection: Who is meant.
        saved: The dynamic filters there are, by name.
    """
    try:
        used = gather(selection, saved)
    except SelectionError:
        used = {}  # what is wrong with it is told where it is evaluated
    return any(map(_names_facilities, (selection, *used.values())))


def _names_facilities(selection: Selection) -> bool:
    return bool(selection.facilities) or any(map(_can_match, selection.filters))


def _can_match(criteria: Filter) -> bool:
    is_for_people = criteria.recipient_type == "people"
    return not is_for_people and criteria.criteria().keys() <= _MET_BY_FACILITIES
