"""Whom a selection means, as it was said, in words: nobody should have to read JSON for that."""

from collections.abc import Iterator

import streamlit as st

from dashboards.compose.criteria_words import list_some, tell_filter
from dashboards.texts import literal
from dashboards.words import tell_count
from rollcall.domain.selection import Naming, Selection


def list_meant(selection: Selection) -> list[str]:
    """Return what a selection names, one after the other, as plain text; names no person."""
    left_out = [f"left out: {one}" for one in _list_named(selection.exclude)]
    return [*_list_named(selection), *left_out]


def show_selection(selection: Selection) -> None:
    """Show whom a selection means, as it was said."""
    told = "".join(f"\n* {literal(one)}" for one in list_meant(selection))
    st.markdown(f"**Whom it is for**\n{told}")


def _list_named(naming: Naming) -> Iterator[str]:
    if naming.everyone:
        yield "everybody in the data"
    for words, names in (
        ("dynamic filters", naming.saved_filters),
        ("groups", naming.groups),
        ("the contacts of facilities", naming.facilities),
    ):
        if names:
            yield f"{words}: {list_some(list(names))}"
    if naming.people:
        yield f"{tell_count(len(naming.people), 'person', 'people')} by name"
    for one in naming.filters:
        criteria = one.model_dump(mode="json", exclude_defaults=True)
        yield f"by a filter: {tell_filter(criteria)}"
