"""Whom something kept under a name means now, and what changed since it was last used."""

from pathlib import Path

import streamlit as st

from dashboards.moments import moment_html
from dashboards.queries.last_uses import LastUse
from dashboards.session import house
from dashboards.tables import show_table
from dashboards.texts import country_html, literal
from dashboards.words import tell_count
from rollcall.desk.foresight import Foresight
from rollcall.errors import ConfigError

_SHOWN_COUNTRIES = 12


def require_source() -> Path:
    """Return where the travellers' data are.

    Raises:
        ConfigError: Nobody has said that.
    """
    source = house().settings.source
    if source is None:
        raise ConfigError("set ROLLCALL_SOURCE to the folder of the travellers' data")
    return source


def last_use_html(last: LastUse | None) -> str:
    """Return when something was last used and for how many, for a table."""
    if last is None:
        return "never"
    people = tell_count(last.people_count, "person", "people")
    return f"{moment_html(last.accepted_at)}, {people}"


def show_foresight(now: Foresight, last: LastUse | None) -> None:
    """Show whom it means now beside whom it meant then."""
    people = tell_count(now.people_count, "person", "people")
    without = f", {now.unreachable_count:,} of them without any address"
    st.markdown(f"**Now: {people}{without if now.unreachable_count else ''}**")
    if last is not None:
        then = tell_count(last.people_count, "person", "people")
        told = now.change.tell() if now.change else "who they were is not known any more"
        st.markdown(literal(f"Last time: {then}. Since then: {told}"))
    shown = list(now.by_country.items())[:_SHOWN_COUNTRIES]
    rows = [(country_html(country), f"{count:,}") for country, count in shown]
    if rows:
        show_table(("Country", "people"), rows, caption="Where they are", numbers=("people",))
    if len(now.by_country) > len(shown):
        st.markdown(f"and {len(now.by_country) - len(shown)} more countries")
