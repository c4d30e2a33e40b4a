"""Whom a message is for: added by a few letters, by filters, or everybody; and who is left out."""

from functools import partial
from typing import Final

import streamlit as st

from dashboards.compose import filters, saving
from dashboards.compose.composition import Composition
from dashboards.compose.waiting import wait_for
from dashboards.session import house
from dashboards.texts import literal, one_line
from rollcall.domain.draft_recipients import (
    NAMED_KINDS,
    NamedKind,
    Side,
    add_names,
    is_everyone,
    list_named,
    remove_names,
    say_everyone,
)
from rollcall.domain.drafts import Edit
from rollcall.domain.search.sections import Found, Kind
from rollcall.errors import RollcallError

MOST_SHOWN: Final = 200
"""Names of one kind in one list; a page with more would be slow to draw."""

_LOADING: Final = "The people are being loaded: the search works in some seconds."

SIDE_TITLES: Final[dict[Side, str]] = {"include": "Chosen", "exclude": "Left out"}

_ADD_LABELS: Final[dict[Side, str]] = {"include": "Add", "exclude": "Leave out"}
_KIND_OF: Final[dict[Kind, NamedKind]] = {
    Kind.PERSON: "people",
    Kind.FACILITY: "facilities",
    Kind.GROUP: "groups",
    Kind.SAVED_FILTER: "saved_filters",
}
_KIND_WORDS: Final[dict[Kind, str]] = {
    Kind.PERSON: "person",
    Kind.FACILITY: "facility",
    Kind.GROUP: "group",
    Kind.SAVED_FILTER: "dynamic filter",
}
_NAMED_WORDS: Final[dict[NamedKind, str]] = {
    "people": "People",
    "facilities": "Facilities",
    "groups": "Groups",
    "saved_filters": "Dynamic filters",
}


def show(composition: Composition) -> None:
    """Show how recipients are chosen, and those that are."""
    _show_quick_add(composition)
    everyone = is_everyone(composition.body)
    key = composition.key(f"everyone_{everyone}")
    st.checkbox(
        "Everybody in the data",
        value=everyone,
        key=key,
        on_change=_say_everyone,
        args=(composition, not everyone),
    )
    for side in SIDE_TITLES:
        _show_side(composition, side)
    saving.show(composition)


def _show_side(composition: Composition, side: Side) -> None:
    st.subheader(SIDE_TITLES[side])
    if side == "exclude":
        st.markdown("Whoever is left out gets nothing, however they were chosen.")
    for kind in NAMED_KINDS:
        if names := list_named(composition.body, side, kind):
            _show_named(composition, side, kind, names)
    filters.show_side(composition, side)


def _show_quick_add(composition: Composition) -> None:
    key = composition.key("quick_add")
    text = st.text_input(
        "Add people, facilities, groups or dynamic filters",
        placeholder="Some letters of a name, an id, an email address or a number",
        max_chars=200,
        key=key,
    )
    if not (text or "").strip():
        return
    try:
        found = house().quick_add.find(text)
    except RollcallError as error:
        st.error(literal(str(error)))
        return
    if found is None:
        wait_for(_LOADING, house().quick_add.is_ready)
    elif not found:
        st.markdown("Nothing is called so.")
    for one in found or []:
        _show_found(composition, one)


def _show_found(composition: Composition, found: Found) -> None:
    kind = _KIND_OF[found.kind]
    told, buttons = st.columns([3, 2], vertical_alignment="center")
    known = [found.id if found.id != found.name else None, found.email, found.phone]
    beside = " · ".join(filter(None, [_KIND_WORDS[found.kind], *known]))
    told.markdown(f"**{literal(found.name)}**  \n{literal(beside)}")
    with buttons.container(horizontal=True):
        for side, label in _ADD_LABELS.items():
            is_there = found.id in list_named(composition.body, side, kind)
            st.button(
                f"{label} ✓" if is_there else label,
                key=composition.key(f"found_{side}_{kind}_{found.id}"),
                help=f"{label} {literal(found.name)}",
                disabled=is_there,
                on_click=partial(_edit, composition, add_names(side, kind, [found.id])),
            )


def _show_named(composition: Composition, side: Side, kind: NamedKind, names: list[str]) -> None:
    """Show names as a list from which each can be taken away."""
    shown = names[:MOST_SHOWN]
    called = _find_names(kind, shown)
    # another list is another widget: what a former one kept must not be taken for a wish
    key = composition.key(f"named_{side}_{kind}_{len(names)}_{hash(tuple(names)):x}")
    st.multiselect(
        _NAMED_WORDS[kind],
        shown,
        default=shown,
        format_func=lambda one: one_line(called.get(one) or str(one)),
        filter_mode="contains",
        select_all=False,
        key=key,
        on_change=_keep_only,
        args=(composition, side, kind, shown, key),
    )
    if len(names) > len(shown):
        st.markdown(f"and {len(names) - len(shown):,} more, which are not listed here")
        remove = partial(_edit, composition, remove_names(side, kind, names[MOST_SHOWN:]))
        st.button("Remove those", key=f"{key}_rest", on_click=remove)


def _find_names(kind: NamedKind, names: list[str]) -> dict[str, str]:
    """Return people and facilities by what they are called, with their ids where that helps."""
    if kind not in ("people", "facilities"):
        return {}
    try:
        searched = Kind.PERSON if kind == "people" else Kind.FACILITY
        called = house().quick_add.name(searched, names)
    except RollcallError:
        return {}  # the preview says what is wrong with the source
    return {its_id: f"{name} ({its_id})" for its_id, name in called.items()}


def _keep_only(
    composition: Composition, side: Side, kind: NamedKind, shown: list[str], key: str
) -> None:
    kept = set(st.session_state.get(key) or ())
    composition.edit(remove_names(side, kind, [one for one in shown if one not in kept]))


def _edit(composition: Composition, edit: Edit) -> None:
    composition.edit(edit)


def _say_everyone(composition: Composition, is_meant: bool) -> None:
    composition.edit(say_everyone(is_meant=is_meant))
