"""The fields of a filter: one for each criterion of the contract (docs/contract.md §3)."""

import re
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

import streamlit as st

from dashboards.compose import areas
from dashboards.compose.editing import FilterEditing
from dashboards.moments import viewers_zone
from dashboards.session import house
from dashboards.texts import literal, one_line
from rollcall.clock import format_instant, parse_instant
from rollcall.domain.countries import load_country_names
from rollcall.domain.selection import HOURS_MAX
from rollcall.errors import RollcallError

_YES_NO: Final[dict[Any, str]] = {None: "does not matter", True: "yes", False: "no"}
_HOME: Final[dict[Any, str]] = {
    None: "does not matter",
    "at_home": "at home",
    "away": "away from home",
}
_TYPE: Final[dict[Any, str]] = {
    None: "people and facilities",
    "people": "people",
    "facilities": "facilities",
}
_MATCH: Final[dict[Any, str]] = {None: "any of them", "all": "all of them"}
_TRAVEL: Final[dict[str, str]] = {
    "upcoming_travel_to_country": "Will travel to countries",
    "upcoming_travel_to_iata": "Will travel to airports or cities",
    "past_travel_to_country": "Has travelled to countries",
    "past_travel_to_iata": "Has travelled to airports or cities",
}
_FIRST: Final = datetime(1900, 1, 1)  # noqa: DTZ001 - what is typed is in the viewer's zone
_LAST: Final = datetime(2200, 1, 1)  # noqa: DTZ001 - as above
_CODES: Final = re.compile(r"[\s,;]+")


def show_criteria(editing: FilterEditing) -> None:
    """Show the fields of a filter; each is kept as it is changed."""
    left, right = st.columns(2)
    groups, tags = _list_names()
    with left:
        _show_countries(editing, ("countries",), "Where they are")
        _show_names(editing, "groups", "In a group", groups)
        _show_names(editing, "tags", "With tags", tags)
        _show_choice(editing, "tags_match", "How many of the tags", _MATCH)
        _show_choice(editing, "recipient_type", "People or facilities", _TYPE)
    with right:
        _show_choice(editing, "home", "At home or away", _HOME)
        _show_choice(editing, "travelling_now", "Travelling now", _YES_NO)
        _show_choice(editing, "emergency", "Active emergency", _YES_NO)
        _show_hours(editing)
    for name, title in _TRAVEL.items():
        with st.expander(title, expanded=editing.get(name) is not None):
            _show_travel(editing, name)
    areas.show(editing)


def _list_names() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the groups and tags to choose from; what is not listed can be typed."""
    try:
        names = house().glances.list_names()
    except RollcallError as error:
        st.warning(literal(str(error)))
        return (), ()
    return (names.groups, names.tags) if names else ((), ())


def _show_countries(editing: FilterEditing, path: tuple[str, ...], label: str) -> None:
    names = load_country_names()
    chosen = [one for one in editing.get(*path) or [] if one in names]
    key = editing.key("_".join(path))
    st.multiselect(
        label,
        sorted(names, key=lambda one: names[one]),
        default=chosen,
        format_func=lambda one: names.get(one, one),
        filter_mode="contains",
        select_all=False,
        key=key,
        on_change=partial(editing.take, path, key, _some),
    )


def _show_names(editing: FilterEditing, name: str, label: str, known: tuple[str, ...]) -> None:
    chosen = list(editing.get(name) or [])
    # once the list has come it is another widget: with the same one, its options would be old
    key = editing.key(f"{name}_{len(known)}")
    st.multiselect(
        label,
        [*known, *(one for one in chosen if one not in known)],
        default=chosen,
        format_func=one_line,
        filter_mode="contains",
        select_all=False,
        accept_new_options=True,
        help="Choose from the list, or type a whole name.",
        key=key,
        on_change=partial(editing.take, (name,), key, _some),
    )


def _show_choice(editing: FilterEditing, name: str, label: str, words: dict[Any, str]) -> None:
    said = editing.get(name)
    key = editing.key(name)
    options = list(words)
    st.selectbox(
        label,
        options,
        index=options.index(said) if said in options else 0,
        format_func=lambda one: words.get(one, str(one)),
        filter_mode="contains",
        key=key,
        on_change=partial(editing.take, (name,), key, _as_said),
    )


def _show_hours(editing: FilterEditing) -> None:
    name = "last_app_contact_within_hours"
    said = editing.get(name)
    key = editing.key(name)
    st.number_input(
        "App seen within so many hours",
        value=float(said) if said else None,
        min_value=0.0,
        max_value=float(HOURS_MAX),
        step=1.0,
        placeholder="does not matter",
        key=key,
        on_change=partial(editing.take, (name,), key, lambda hours: hours or None),
    )


def _show_travel(editing: FilterEditing, name: str) -> None:
    if name.endswith("country"):
        _show_countries(editing, (name, "countries"), "Countries")
    else:
        _show_codes(editing, (name, "codes"))
    is_past = name.startswith("past")
    from_, until = st.columns(2)
    with from_:
        _show_moment(editing, (name, "from_at"), "From", "no start" if is_past else "now")
    with until:
        _show_moment(editing, (name, "until_at"), "Until", "now" if is_past else "no end")


def _show_codes(editing: FilterEditing, path: tuple[str, ...]) -> None:
    key = editing.key("_".join(path))
    st.text_input(
        "Codes of airports or cities",
        value=" ".join(editing.get(*path) or []),
        placeholder="HND LON",
        help="A city's code, such as LON, stands for all its airports.",
        key=key,
        on_change=partial(editing.take, path, key, _split_codes),
    )


def _show_moment(editing: FilterEditing, path: tuple[str, ...], label: str, usual: str) -> None:
    said = editing.get(*path)
    zone = viewers_zone()
    at = parse_instant(said).astimezone(zone).replace(tzinfo=None) if said else None
    key = editing.key("_".join(path))
    st.datetime_input(
        label,
        value=at and min(max(at, _FIRST), _LAST),
        min_value=_FIRST,
        max_value=_LAST,
        help=f"In your time zone, {literal(str(zone))}. Left empty: {usual}.",
        key=key,
        on_change=partial(editing.take, path, key, _read_moment),
    )


def _some(chosen: Any) -> list[str] | None:
    return list(chosen) if chosen else None


def _as_said(chosen: Any) -> Any:
    return chosen


def _split_codes(typed: Any) -> list[str] | None:
    codes = [one.upper() for one in _CODES.split(str(typed or "")) if one]
    return list(dict.fromkeys(codes)) or None


def _read_moment(typed: Any) -> str | None:
    """Return what somebody typed as an instant: it is meant in their own zone."""
    if not isinstance(typed, datetime):
        return None
    return format_instant(typed.replace(tzinfo=viewers_zone()).astimezone(UTC))
