"""What else sends are made from: what the app reports, and the feeds of incidents."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

import streamlit as st

from dashboards.moments import moment_html
from dashboards.session import act, house
from dashboards.tables import show_table
from dashboards.texts import as_html, literal
from dashboards.words import tell_count
from rollcall.domain.acts import Actor
from rollcall.errors import SourceError
from rollcall.sources.feeds.store import FeedReport, RefreshReport
from rollcall.sources.kept import describe_age

REJECTED_SHOWN: Final = 50
"""Entries of feeds that are shown; `rollcall incidents refresh --format json` tells all."""


def show_app() -> None:
    """Show how many report with the app, and how new that is."""
    st.header("Reports of the app")
    use = house().app_use.get("all")
    if use is None:
        st.markdown("They are being counted; look again in a moment.")
        return
    facts = [
        ("Devices", f"{use.device_count:,}, of {tell_count(use.people_count, 'person', 'people')}"),
        ("Share where they are", f"{use.locating_count:,} devices"),
        ("Can be notified", f"{use.notified_count:,} devices"),
        ("Last heard of one", moment_html(use.contact_at)),
        ("Locations kept", f"{use.location_count:,}"),
        ("Newest location", moment_html(use.located_at)),
        ("Emergencies that have not ended", f"{use.emergency_count:,}"),
    ]
    show_table(("What", "How many"), facts)


def show_feeds(actor: Actor) -> None:
    """Show what is kept of each feed of incidents, and read them again for who may."""
    st.header("Feeds of incidents")
    try:
        feeds, count = house().incidents.feeds(), len(house().incidents.incidents())
    except SourceError as error:
        st.error(literal(str(error)))
        return
    if not feeds:
        st.markdown("None was ever read: `rollcall incidents refresh` names the feeds there are.")
        return
    incidents = tell_count(count, "incident")
    st.markdown(f"{incidents} known from all of them together that still hold, each once.")
    columns = ("Feed", "Last read", "In use", "incidents", "entries left out")
    show_table(columns, map(_feed_row, feeds), numbers=columns[3:])
    _show_rejected(feeds)
    if actor.may("admin"):
        st.button("Read them now", key="feeds_refresh", on_click=_refresh)


def _show_rejected(feeds: list[FeedReport]) -> None:
    count = sum(len(feed.rejected) for feed in feeds)
    if not count:
        return
    with st.expander(f"{tell_count(count, 'entry', 'entries')} left out"):
        rows = list(_rejected_rows(feeds))
        show_table(("Feed", "Entry", "Why"), rows[:REJECTED_SHOWN])
        if count > REJECTED_SHOWN:
            st.markdown(f"… and {count - REJECTED_SHOWN:,} more.")


def _rejected_rows(feeds: list[FeedReport]) -> Iterator[tuple[str, str, str]]:
    for feed in feeds:
        for entry in feed.rejected:
            yield as_html(feed.feed), as_html(entry.entry_id), as_html(entry.reason)


def _feed_row(feed: FeedReport) -> tuple[str, ...]:
    return (
        as_html(feed.feed),
        moment_html(feed.read_at),
        _tell_use(feed),
        f"{feed.incident_count:,}",
        f"{len(feed.rejected):,}",
    )


def _tell_use(feed: FeedReport) -> str:
    """Say how old what is in use is, loudly where a source would be stale by then."""
    if feed.read_at is None:
        return "nothing is known from it"
    age = house().clock.now() - feed.read_at
    stale_h = house().settings.refresh.stale_h
    if stale_h and age > timedelta(hours=stale_h):
        return f"<b>what it said {describe_age(age)} ago</b>: it was not read since"
    return f"what it said {describe_age(age)} ago"


def _refresh() -> None:
    act(lambda actor: _tell_read(house().refreshing.refresh_feeds(actor)))


def _tell_read(report: RefreshReport) -> str:
    problems = [f"{feed.feed}: {feed.problem}" for feed in report.feeds if feed.problem]
    read_count = sum(feed.state != "failed" for feed in report.feeds)
    feeds = tell_count(len(report.feeds), "feed")
    told = f"{read_count:,} of {feeds} read; {tell_count(report.incident_count, 'incident')} hold"
    return "; ".join((told, *problems))
