"""The source of travellers' data as the data view shows it: state, kept versions, rejected rows."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

import streamlit as st

from dashboards.moments import moment_html
from dashboards.paging import Pages
from dashboards.queries.sources import NumberedRow, VersionRow, list_versions, read_numbered
from dashboards.session import act, house
from dashboards.tables import show_table
from dashboards.texts import as_html, literal
from dashboards.words import tell_count
from rollcall.domain.acts import Actor
from rollcall.domain.safe_csv import write_csv
from rollcall.errors import SourceError
from rollcall.settings import PROJECT_FOLDER
from rollcall.sources.kept import KeptVersion, describe_age
from rollcall.sources.refreshing import Refreshed, SourceLook, look_at_source
from rollcall.sources.rejected_rows import iterate_rejected

_PAGE: Final = 50


def show_source(actor: Actor) -> None:
    """Show how the source is that sends are made from, and refresh it for who may."""
    st.header("Source")
    folder = house().settings.source
    if folder is None:
        st.warning("No source is configured: set ROLLCALL\\_SOURCE. Sends name theirs.")
        return
    look = look_at_source(house().sources, folder, house().settings.refresh, house().clock.now())
    st.markdown(f"**{literal(_tell_folder(folder))}**. {literal(_tell_state(look))}")
    for problem in look.problems:
        st.warning(literal(f"{problem[:1].upper()}{problem[1:]}."))
    if actor.may("admin"):
        st.button("Validate it now", key="data_refresh", on_click=_refresh)


def show_versions() -> None:
    """Show what is kept, and of one version the tables and what is wrong with their rows."""
    st.header("Kept versions")
    versions = list_versions(house().sources, house().settings.source)
    if not versions:
        st.markdown("Nothing was validated yet.")
        return
    columns = ("Version", "Source", "Validated", "Age", "People", "Rows", "Left out or amended")
    show_table(columns, map(_version_row, versions), numbers=columns[4:])
    by_key = {one.key: one for one in versions}
    key = st.selectbox(
        "Look into",
        list(by_key),
        format_func=lambda one: _name_version(by_key[one]) if one in by_key else one,
        key="data_version",
    )
    try:
        _show_version(by_key.get(key) or versions[0])
    except SourceError as error:
        st.error(literal(str(error)))


def _show_version(version: VersionRow) -> None:
    kept, rejected = version.stored.kept, version.rejected_counts
    columns = ("Table", "rows", "most kept", "left out or amended")
    rows = (
        (
            as_html(table),
            f"{count:,}",
            f"{version.largest_counts.get(table, 0):,}",
            f"{rejected.get(table, 0):,}",
        )
        for table, count in kept.row_counts.items()
    )
    show_table(columns, rows, caption=f"Tables of {kept.short_id}", numbers=columns[1:])
    if not rejected:
        st.markdown("Every row of its files is as it should be.")
        return
    _show_rejected(version)


def _show_rejected(version: VersionRow) -> None:
    kept = version.stored.kept
    st.subheader("Rows that were left out or amended")
    st.markdown(
        "Where the reason ends in “is kept”, the row was loaded without what is wrong; all others "
        "were left out. Lines count from 1, with the heading of a CSV file as line 1."
    )
    table = st.selectbox(
        "Table",
        list(version.rejected_counts),
        index=None,
        placeholder="all",
        format_func=lambda one: f"{one} ({version.rejected_counts.get(one, 0):,})",
        key="data_table",
    )
    pages: Pages[NumberedRow] = Pages("rejected", (version.key, table), _PAGE)
    found = pages.read(partial(read_numbered, kept, table))
    rows = ((as_html(one.row.table), f"{one.row.line:,}", as_html(one.row.reason)) for one in found)
    show_table(("Table", "Line", "What is wrong"), rows, numbers=("Line",))
    pages.show(lambda one: one.place, "rows")
    st.download_button(
        "Download all of them as CSV",
        partial(write_rejected, kept),
        f"rollcall-rejected-{kept.short_id}.csv",
        "text/csv",
        key="data_csv",
        on_click="ignore",
    )


def write_rejected(version: KeptVersion) -> str:
    """Return all rows of a version that were left out or amended, as CSV."""
    return "".join(write_csv(_csv_rows(version)))


def _csv_rows(version: KeptVersion) -> Iterator[tuple[str | int, ...]]:
    yield "table", "line", "what_is_wrong"
    for one in iterate_rejected(version):
        yield one.table, one.line, one.reason


def _tell_folder(folder: Path) -> str:
    """Return where a source is; within Rollcall's own folder, from there."""
    is_own = folder.is_relative_to(PROJECT_FOLDER)
    return str(folder.relative_to(PROJECT_FOLDER) if is_own else folder)


def _tell_state(look: SourceLook) -> str:
    if look.version is None:
        return "Nothing of it was validated yet: the first send does that."
    age = describe_age(look.version.age(house().clock.now()))
    kept = f"version {look.version.short_id}, validated {age} ago"
    if look.newest_at is None:
        return f"Sends fail unless they take the last good version: {kept}."
    if look.is_current:
        return f"Sends are made from {kept}; its files have not changed since."
    return f"Its files have changed since {kept}: the next send validates them."


def _version_row(one: VersionRow) -> tuple[str, ...]:
    stored, kept = one.stored, one.stored.kept
    in_use = "<br><b>in use</b>" if stored.is_in_use else ""
    rejected_count = sum(one.rejected_counts.values())
    return (
        f"{as_html(kept.short_id)}{in_use}",
        as_html(_tell_folder(stored.source)),
        moment_html(kept.validated_at),
        describe_age(kept.age(house().clock.now())),
        f"{kept.row_counts.get('people', 0):,}",
        f"{sum(kept.row_counts.values()):,}",
        f"{rejected_count:,}",
    )


def _name_version(one: VersionRow) -> str:
    in_use = ", in use" if one.stored.is_in_use else ""
    return f"{one.stored.kept.short_id} of {one.stored.source.name}{in_use}"


def _refresh() -> None:
    act(lambda actor: _tell_refreshed(house().refreshing.refresh_source(actor)))


def _tell_refreshed(refreshed: Refreshed) -> str:
    people = tell_count(refreshed.version.row_counts.get("people", 0), "person", "people")
    rows = tell_count(sum(refreshed.rejected_counts.values()), "row")
    told = f"version {refreshed.version.short_id}: {people}; {rows} left out or amended"
    return "; ".join((told, *refreshed.problems))
