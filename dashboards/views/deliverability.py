"""Deliverability: what tries came to by route, country and day, how quick, and at what cost."""

from collections.abc import Callable
from datetime import UTC, date, timedelta
from functools import partial
from typing import Final, TypeVar, cast

import streamlit as st

from dashboards.deliverability_view import (
    CHARTED_COUNT,
    show_chart,
    show_lines,
    show_reasons,
    write_rows,
)
from dashboards.moments import tell_moment
from dashboards.queries.deliverability import (
    DayChoice,
    Deliverability,
    choose_days,
    read_routes,
)
from dashboards.session import house, require_actor
from dashboards.texts import literal
from dashboards.words import CHANNEL_WORDS, tell_count
from rollcall.domain.country_names import name_country
from rollcall.domain.deliverability import Line
from rollcall.domain.message import Channel

K = TypeVar("K")

_LIVE_EVERY_S: Final = 2.0
_FOLLOW_EVERY_S: Final = 30.0

_FROM_TO: Final = "from … to …"
_SPANS: Final[dict[str, int | None]] = {
    "7 days": 7,
    "30 days": 30,
    "90 days": 90,
    "all": None,
    _FROM_TO: None,
}


def show() -> None:
    """Show what the tries of the chosen days came to."""
    require_actor()
    st.title("Deliverability")
    st.markdown(
        "What became of each try, never more certain than its evidence: a receipt of the "
        "telephone, one of the network or mail server, or only the word of the route that took it "
        "over. Days are those of UTC; a try belongs to the day on which it ended. Times are from "
        "the start of a try to the receipt that proved arrival; costs are at today's prices."
    )
    asked, routes = _ask(), read_routes(house().settings)
    if asked is None:
        return
    if routes.problem:
        told = f"{routes.problem}. Prices, and which routes send receipts, are not known."
        st.warning(literal(told))
    found = house().day_figures.read(asked, routes)
    if found.uncounted:
        every_s = _LIVE_EVERY_S if found.counted_at is None else _FOLLOW_EVERY_S
        st.fragment(_wait, run_every=every_s)(found)
    _show_found(found)


def _ask() -> DayChoice | None:
    """Return which tries are meant; None while only one of two days is chosen."""
    today = house().clock.now().date()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        span = st.selectbox("Days", list(_SPANS), index=1, key="days_span", persist_state="session")
        channel = st.selectbox(
            "Channel",
            list(CHANNEL_WORDS),
            index=None,
            placeholder="all",
            format_func=lambda one: CHANNEL_WORDS[one],
            key="days_channel",
            persist_state="session",
        )
        chosen = _ask_from_to(today) if span == _FROM_TO else choose_days(_SPANS[span], today)
    if len(chosen) < 2:  # noqa: PLR2004 - the first and the last
        st.markdown("Choose the last day too.")
        return None
    return DayChoice(chosen[0], chosen[1], cast(Channel | None, channel))


def _ask_from_to(today: date) -> tuple[date, ...]:
    chosen = st.date_input(
        "From and to",
        value=(today - timedelta(days=6), today),
        max_value=today,
        format="YYYY-MM-DD",
        key="days_from_to",
    )
    return tuple(cast(tuple[date, ...], chosen))


def _wait(seen: Deliverability) -> None:
    """Tell what is still to be counted, and show the page anew once more of it is."""
    require_actor()
    if seen.counted_at is None:
        st.info(f"{_tell_uncounted(seen)} being counted, and missing here.")
    else:
        days = tell_count(len(seen.uncounted), "day")
        st.warning(f"{days} of these are still to be counted, and are missing here.")
    counted = house().day_figures.counted()
    if counted and (seen.counted_at is None or counted.counted_at > seen.counted_at):
        st.rerun()


def _tell_uncounted(seen: Deliverability) -> str:
    """Tell which days are missing while the first count since the start is made."""
    latest, *others = seen.uncounted
    today = house().clock.now().astimezone(UTC).date()
    if latest != today:
        return f"{tell_count(len(seen.uncounted), 'day')} of these are"
    more = f", and those of {tell_count(len(others), 'day')} before," if others else ""
    return f"The tries of today{more} are"


def _show_found(found: Deliverability) -> None:
    _show_state(found)
    if not found.days:
        told = (
            "None of these days is counted"
            if found.uncounted
            else "Nothing was tried on these days"
        )
        st.markdown(f"{told}.")
        return
    show_lines("Together", [("all tries", found.total())])
    _show_by("Route", found.by_route(), str)
    _show_by("Country", found.by_country(), _name_country)
    _show_days(found)
    show_reasons(found)
    st.download_button(
        "Download as CSV, by day, route and country",
        partial(write_rows, found),
        f"rollcall-deliverability-{found.first}-{found.last}.csv",
        "text/csv",
        key="days_csv",
        on_click="ignore",
    )


def _show_state(found: Deliverability) -> None:
    when = f"counted {tell_moment(found.counted_at)}" if found.counted_at else "as counted before"
    told = f"{found.first} to {found.last}, {when}."
    told += " The last week is counted again every hour, as receipts may still come."
    st.markdown(literal(told))


def _show_by(what: str, lines: list[tuple[K, Line]], name_of: Callable[[K], str]) -> None:
    named = [(name_of(key), line) for key, line in lines]
    st.header(f"By {what.lower()}")
    show_chart(what, named[:CHARTED_COUNT])
    show_lines(what, named)


def _show_days(found: Deliverability) -> None:
    named = [(day.isoformat(), line) for day, line in found.by_day()]
    st.header("By day")
    show_chart("Day", named[::-1], is_level=False)
    show_lines("Day", named)


def _name_country(country: str | None) -> str:
    if country is None:
        return "email, app, or not known"
    name = name_country(country)
    return f"{name} ({country})" if name else country


if __name__ == "__main__":
    show()
