"""A filter as it is written, in words; plain text."""

from collections.abc import Callable
from typing import Any, Final

from dashboards.moments import tell_moment
from rollcall.clock import parse_instant
from rollcall.domain.countries import load_country_names
from rollcall.domain.draft_recipients import Criteria
from rollcall.domain.geography.extents import tell_extents

_MOST_NAMED: Final = 6


def tell_criteria(criteria: Criteria) -> list[str]:
    """Return what must hold, a criterion at a time; empty where nothing is said yet."""
    told = (_TELLERS[name](value, criteria) for name, value in criteria.items() if name in _TELLERS)
    return [one for one in told if one]


def tell_filter(criteria: Criteria) -> str:
    """Return a filter in one line."""
    return "; ".join(tell_criteria(criteria)) or "says nothing yet"


def list_some(names: Any) -> str:
    """Return the first of some names, and how many more there are."""
    listed = [str(one) for one in names] if isinstance(names, list) else []
    more = len(listed) - _MOST_NAMED
    told = ", ".join(listed[:_MOST_NAMED])
    return f"{told} and {more:,} more" if more > 0 else told


def _tell_countries(value: Any, _criteria: Criteria) -> str:
    return f"they are in {_name_countries(value)}"


def _tell_groups(value: Any, _criteria: Criteria) -> str:
    return f"in a group of {list_some(value)}"


def _tell_tags(value: Any, criteria: Criteria) -> str:
    which = "all tags of" if criteria.get("tags_match") == "all" else "a tag of"
    return f"with {which} {list_some(value)}"


def _tell_area(value: Any, criteria: Criteria) -> str:
    told = "in the area"
    if criteria.get("area_match") == "possible":
        told += ", or possibly in it"
    try:
        return f"{told} ({tell_extents(value)})"
    except ValueError:  # nothing is drawn yet
        return told


def _tell_travel(words: str) -> "_Teller":
    def tell(value: Any, _criteria: Criteria) -> str:
        travel = value if isinstance(value, dict) else {}
        places = _name_countries(travel.get("countries")) or list_some(travel.get("codes"))
        period = "".join(
            f" {word} {tell_moment(parse_instant(travel[key]))}"
            for key, word in (("from_at", "from"), ("until_at", "until"))
            if travel.get(key)
        )
        return f"{words} {places or '(where?)'}{period}"

    return tell


def _either(yes: str, no: str) -> "_Teller":
    return lambda value, _criteria: yes if value in (True, "at_home", "people") else no


def _name_countries(codes: Any) -> str:
    names = load_country_names()
    return list_some([names.get(one, one) for one in codes] if isinstance(codes, list) else [])


_Teller = Callable[[Any, Criteria], str]

_TELLERS: Final[dict[str, _Teller]] = {
    "countries": _tell_countries,
    "emergency": _either("with an active emergency", "without an active emergency"),
    "groups": _tell_groups,
    "home": _either("at home", "away from home"),
    "last_app_contact_within_hours": lambda value, _: f"the app was seen within {value:g} h",
    "area": _tell_area,
    "tags": _tell_tags,
    "recipient_type": _either("people only", "facilities only"),
    "travelling_now": _either("travelling now", "not travelling now"),
    "upcoming_travel_to_iata": _tell_travel("will travel to"),
    "upcoming_travel_to_country": _tell_travel("will travel to"),
    "past_travel_to_iata": _tell_travel("has travelled to"),
    "past_travel_to_country": _tell_travel("has travelled to"),
}
