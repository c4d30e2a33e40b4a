"""Who is in a country: chosen from those where somebody is."""

from typing import Final

import streamlit as st

from dashboards.overview.chosen import show_chosen
from dashboards.overview.picture import Picture
from dashboards.texts import one_line
from dashboards.words import tell_count
from rollcall.domain.acts import Actor
from rollcall.domain.country_names import name_country
from rollcall.domain.selection import Filter

_KEY: Final = "country"


def show_country(picture: Picture, actor: Actor) -> None:
    """Show how a country is chosen, and who is in it."""
    counts = picture.by_country
    chosen: str | None = st.selectbox(
        "Everybody in a country",
        sorted(counts, key=_name),
        format_func=lambda one: _label(one, counts.get(one, 0)),
        index=None,
        placeholder="Choose one of the countries where somebody is",
        filter_mode="contains",
        key=f"{_KEY}_chosen",
    )
    if chosen is not None:
        show_chosen(_KEY, "country", _name(chosen), Filter(countries=(chosen,)), actor, picture)


def _label(code: str, count: int) -> str:
    return one_line(f"{_name(code)}: {tell_count(count, 'person', 'people')}")


def _name(code: str) -> str:
    return name_country(code) or code
