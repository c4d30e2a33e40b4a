"""An area without a mouse: around an incident, a facility or an airport, or as GeoJSON."""

from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import polars as pl
import streamlit as st

from dashboards.overview.areas import NEAR_KM, read_area, read_pasted_area
from dashboards.overview.picture import Picture
from dashboards.session import act
from dashboards.texts import literal, one_line
from rollcall.errors import InputError
from rollcall.sources.airports import load_airports
from rollcall.sources.incidents import circle_around

_AREA: Final = "overview_area"
_DRAWN: Final = "overview_drawn"
_MISTAKE: Final = "overview_drawing_mistake"
_AROUND: Final = {"incident": "an incident", "facility": "a facility", "airport": "an airport"}


@dataclass(frozen=True, slots=True)
class MarkedArea:
    """The area that is looked at.

    Attributes:
        told: What it is, for people; plain text.
        area: GeoJSON.
        is_drawn: The map shows it by itself.
    """

    told: str
    area: dict[str, Any]
    is_drawn: bool


def find_marked() -> MarkedArea | None:
    """Return the area that this session looks at."""
    marked: MarkedArea | None = st.session_state.get(_AREA)
    return marked


def note_drawn(drawn: dict[str, Any] | None) -> bool:
    """Take over what is drawn on the map, if that is another than before.

    Of what was drawn and what was said in the form the later counts.

    Returns:
        Whether it is another.
    """
    if drawn == st.session_state.get(_DRAWN):
        return False
    st.session_state[_DRAWN] = drawn
    st.session_state[_AREA] = st.session_state[_MISTAKE] = None
    try:
        area = read_area(drawn)
    except InputError as error:
        st.session_state[_MISTAKE] = str(error)
        return True
    if area is not None:
        st.session_state[_AREA] = MarkedArea("as drawn on the map", area, is_drawn=True)
    return True


def find_drawing_mistake() -> str | None:
    """Return why what is drawn on the map can mean no area; None if it can."""
    mistake: str | None = st.session_state.get(_MISTAKE)
    return mistake


def show_area_form(picture: Picture) -> None:
    """Show how an area is said."""
    with st.expander("Choose an area without drawing"):
        around = st.radio(
            "Around",
            list(_AROUND),
            format_func=lambda one: _AROUND[one],
            horizontal=True,
            key="overview_around",
        )
        _show_choice(around, picture)
        st.number_input(
            "Within how many km",
            min_value=0.1,
            max_value=5_000.0,
            value=NEAR_KM,
            key="overview_km",
        )
        mark = partial(_mark_around, around, picture)
        st.button("Look at this area", key="overview_mark", on_click=mark)
        st.text_area(
            "Or an area as GeoJSON",
            placeholder='{"type": "Polygon", "coordinates": [[[139, 35], [140, 35], …]]}',
            key="overview_geojson",
        )
        st.button("Look at this GeoJSON", key="overview_paste", on_click=_mark_pasted)
    if find_marked() is not None:
        st.button("Forget the area", key="overview_forget", on_click=_forget)


def _show_choice(around: str, picture: Picture) -> None:
    """Show what of the kind there is to choose from."""
    if around == "airport":
        st.text_input("IATA code", max_chars=3, placeholder="NRT", key="overview_iata")
        return
    names = _list_incidents(picture) if around == "incident" else _list_facilities(picture)
    st.selectbox(
        "Which incident" if around == "incident" else "Which facility",
        list(names),
        format_func=lambda one: one_line(names.get(one, one)),
        index=None,
        filter_mode="contains",
        key=f"overview_{around}",
    )


def _list_incidents(picture: Picture) -> dict[str, str]:
    return {
        one.incident_id: f"{one.title} ({one.severity}, {one.occurred_at:%d %b %Y})"
        for one in picture.incidents
    }


def _list_facilities(picture: Picture) -> dict[str, str]:
    return dict(picture.facilities.select("facility_id", "name").iter_rows())


def _mark_around(around: str, picture: Picture) -> None:
    def mark(_actor: object) -> None:
        radius_km = float(st.session_state.get("overview_km") or 0)
        name, latitude, longitude = _FINDERS[around](picture)
        area = circle_around(latitude, longitude, radius_km)
        told = f"within {radius_km:g} km of {name}"
        st.session_state[_AREA] = MarkedArea(told, area, is_drawn=False)

    act(mark)


def _mark_pasted() -> None:
    def mark(_actor: object) -> None:
        area = read_pasted_area(st.session_state.get("overview_geojson") or "")
        st.session_state[_AREA] = MarkedArea("the GeoJSON that was pasted", area, is_drawn=False)

    act(mark)


def _forget() -> None:
    st.session_state[_AREA] = None


def _find_incident(picture: Picture) -> tuple[str, float, float]:
    chosen = st.session_state.get("overview_incident")
    for one in picture.incidents:
        if one.incident_id == chosen:
            return one.title, one.latitude, one.longitude
    raise InputError("choose an incident that is on the map")


def _find_facility(picture: Picture) -> tuple[str, float, float]:
    chosen = st.session_state.get("overview_facility")
    rows = picture.facilities.filter(pl.col("facility_id") == pl.lit(chosen, pl.String))
    for name, latitude, longitude in rows.select("name", "latitude", "longitude").iter_rows():
        return name, latitude, longitude
    raise InputError("choose a facility whose position is known")


def _find_airport(_picture: Picture) -> tuple[str, float, float]:
    code = (st.session_state.get("overview_iata") or "").strip().upper()
    rows = load_airports().filter(pl.col("iata") == code)
    for latitude, longitude in rows.select("latitude", "longitude").iter_rows():
        return code, latitude, longitude
    raise InputError(f"there is no airport {code!r}" if code else "say which airport: HND, say")


_FINDERS: Final = {
    "incident": _find_incident,
    "facility": _find_facility,
    "airport": _find_airport,
}


def tell_area(marked: MarkedArea) -> str:
    """Return what an area is, as Markdown."""
    return f"**The area:** {literal(marked.told)}"
