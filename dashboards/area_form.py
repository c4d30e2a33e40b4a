"""An area without a mouse: around an incident, a facility or an airport, or as GeoJSON."""

from functools import partial
from typing import Final

import polars as pl
import streamlit as st

from dashboards.map.choice import AreaChoice
from dashboards.moments import viewers_zone
from dashboards.overview.areas import NEAR_KM, read_pasted_area
from dashboards.overview.picture import Picture
from dashboards.session import act
from dashboards.texts import one_line
from rollcall.errors import InputError
from rollcall.sources.airports import load_airports
from rollcall.sources.incidents import circle_around

MOST_CHOICES: Final = 1_000
"""That a page offers in one list: it is sent anew whenever the page runs."""

_AROUND: Final = {"incident": "an incident", "facility": "a facility", "airport": "an airport"}


def show_area_form(choice: AreaChoice, picture: Picture) -> None:
    """Show how an area is said; what is said becomes the choice."""
    key = choice.key
    with st.expander("Choose an area without drawing"):
        around = st.radio(
            "Around",
            list(_AROUND),
            format_func=lambda one: _AROUND[one],
            horizontal=True,
            key=f"{key}_around",
        )
        _show_places(around, key, picture)
        st.number_input(
            "Within how many km", min_value=0.1, max_value=5_000.0, value=NEAR_KM, key=f"{key}_km"
        )
        mark = partial(_mark_around, around, choice, picture)
        st.button("Look at this area", key=f"{key}_mark", on_click=mark)
        st.text_area(
            "Or an area as GeoJSON",
            placeholder='{"type": "Polygon", "coordinates": [[[139, 35], [140, 35], …]]}',
            key=f"{key}_geojson",
        )
        paste = partial(_mark_pasted, choice)
        st.button("Look at this GeoJSON", key=f"{key}_paste", on_click=paste)
    if choice.find() is not None:
        st.button("Forget the area", key=f"{key}_forget", on_click=choice.forget)


def _show_places(around: str, key: str, picture: Picture) -> None:
    """Show what of the kind there is to choose from."""
    if around == "airport":
        st.text_input("IATA code", max_chars=3, placeholder="NRT", key=f"{key}_iata")
        return
    is_incident = around == "incident"
    names = _list_incidents(picture) if is_incident else _list_facilities(key, picture)
    st.selectbox(
        "Which incident" if is_incident else "Which facility",
        list(names),
        format_func=lambda one: one_line(names.get(one) or one),
        index=None,
        filter_mode="contains",
        key=f"{key}_{around}",
    )


def _list_incidents(picture: Picture) -> dict[str, str]:
    zone = viewers_zone()
    return {
        one.incident_id: f"{one.title} ({one.severity}, {one.occurred_at.astimezone(zone):%d %b})"
        for one in picture.incidents
    }


def _list_facilities(key: str, picture: Picture) -> dict[str, str]:
    """Return facilities by id; where they are many, only those whose names hold a text."""
    facilities = picture.facilities
    if facilities.height > MOST_CHOICES:
        part = st.text_input("Part of the facility's name", key=f"{key}_facility_part").strip()
        name = pl.col("name").str.to_lowercase()
        facilities = facilities.filter(name.str.contains(part.lower(), literal=True))
        if facilities.height > MOST_CHOICES:
            st.caption(f"The first {MOST_CHOICES:,} of {facilities.height:,} are listed.")
    return dict(facilities.head(MOST_CHOICES).select("facility_id", "name").iter_rows())


def _mark_around(around: str, choice: AreaChoice, picture: Picture) -> None:
    def mark(_actor: object) -> None:
        radius_km = float(st.session_state.get(f"{choice.key}_km") or 0)
        name, latitude, longitude = _FINDERS[around](choice.key, picture)
        choice.say(
            f"within {radius_km:g} km of {name}", circle_around(latitude, longitude, radius_km)
        )

    act(mark)


def _mark_pasted(choice: AreaChoice) -> None:
    def mark(_actor: object) -> None:
        pasted = read_pasted_area(st.session_state.get(f"{choice.key}_geojson") or "")
        choice.say("the GeoJSON that was pasted", pasted)

    act(mark)


def _find_incident(key: str, picture: Picture) -> tuple[str, float, float]:
    chosen = st.session_state.get(f"{key}_incident")
    for one in picture.incidents:
        if one.incident_id == chosen:
            return one.title, one.latitude, one.longitude
    raise InputError("choose an incident that is on the map")


def _find_facility(key: str, picture: Picture) -> tuple[str, float, float]:
    chosen = st.session_state.get(f"{key}_facility")
    rows = picture.facilities.filter(pl.col("facility_id") == pl.lit(chosen, pl.String))
    for name, latitude, longitude in rows.select("name", "latitude", "longitude").iter_rows():
        return name, latitude, longitude
    raise InputError("choose a facility whose position is known")


def _find_airport(key: str, _picture: Picture) -> tuple[str, float, float]:
    code = (st.session_state.get(f"{key}_iata") or "").strip().upper()
    rows = load_airports().filter(pl.col("iata") == code)
    for latitude, longitude in rows.select("latitude", "longitude").iter_rows():
        return code, latitude, longitude
    raise InputError(f"there is no airport {code!r}" if code else "say which airport: HND, say")


_FINDERS: Final = {
    "incident": _find_incident,
    "facility": _find_facility,
    "airport": _find_airport,
}
