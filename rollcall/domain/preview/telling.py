"""Reasons and near misses in words, for the command line and the dashboards."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from rollcall.domain.preview.near_misses import NearMissKind
from rollcall.domain.preview.reasons import ExplainedReason

NEAR_MISS_TITLES: Final[dict[NearMissKind, str]] = {
    "outside_area": "not in it, but within 25 km of the area",
    "old_position": "in it by a position that is older than 72 h",
    "placed_elsewhere": "not in it, but perhaps there: where they are is not known, or old news",
    "booking_without_iata": "not in it, but with a booking to the same country without airport",
    "not_a_manager": "contacts of facilities, left out by managers-only",
}


def tell_reasons(via: Iterable[ExplainedReason], first_filter: int = 0) -> Iterator[str]:
    """Yield why somebody is meant, a reason at a time.

    Args:
        via: The reasons with their evidence.
        first_filter: The number of the first filter: 0 as in JSON, or 1 as people count.
    """
    for reason in via:
        by = reason["by"]
        if by == "filter":
            evidence = _tell_evidence(reason["evidence"])
            yield f"filter {reason['index'] + first_filter}: {evidence}"
        elif by == "saved_filter":
            inner = "; ".join(tell_reasons(reason["via"], first_filter))
            yield f"dynamic filter {reason['name']}" + (f": {inner}" if inner else "")
        elif by == "facility":
            yield _tell_facility(reason, first_filter)
        else:
            yield " ".join(str(value) for value in reason.values())


def _tell_facility(reason: ExplainedReason, first_filter: int) -> str:
    role = "manager" if reason["is_manager"] else "contact"
    ways = "; ".join(_tell_way(way, first_filter) for way in reason["matched"])
    return f"{role} of facility {reason['facility_id']} ({ways})"


def _tell_way(way: ExplainedReason, first_filter: int) -> str:
    if way["by"] == "facility":
        return "named"
    return next(tell_reasons([{"via": [], **way}], first_filter))


def _tell_evidence(evidence: Sequence[Mapping[str, Any]]) -> str:
    return "; ".join(f"{one['criterion']}: {one['told']}" for one in evidence)
