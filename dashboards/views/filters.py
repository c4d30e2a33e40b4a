"""Dynamic filters: selections under a name, evaluated anew whenever they are used."""

import json
from functools import partial

import streamlit as st

from dashboards.draft_buttons import show_draft_buttons
from dashboards.foresight_view import last_use_html, require_source, show_foresight
from dashboards.moments import moment_html
from dashboards.queries.last_uses import find_last_use_of_filter
from dashboards.selection_told import show_selection
from dashboards.session import act, house, require_actor
from dashboards.texts import as_html, literal
from rollcall.desk.foresight import Foresight, foresee_selection
from rollcall.domain.acts import Actor
from rollcall.domain.saved_filters import parse_saved_filter, selection_to_json
from rollcall.domain.selection import Selection
from rollcall.errors import InputError
from rollcall.ledger.filter_rows import FilterRecord
from rollcall.ledger.saved_filters import list_filters, list_users, load_filter


def show() -> None:
    """Show one filter, if the address names one, else all of them."""
    actor = require_actor()
    st.title("Dynamic filters")
    name = st.query_params.get("name")
    if name is None:
        _show_list()
        if actor.may("sender"):
            _show_new()
        return
    st.button("Back to all filters", icon=":material/arrow_back:", on_click=_open, args=(None,))
    try:
        saved = load_filter(house().ledger, name)
    except InputError as error:
        st.error(literal(str(error)))
        return
    _show_one(saved, actor)


def _show_list() -> None:
    saved = list_filters(house().ledger)
    if not saved:
        st.markdown("No dynamic filters yet.")
    for one in saved:
        with st.container(border=True):
            name, told = st.columns([2, 3], vertical_alignment="center")
            name.button(
                literal(one.name),
                key=f"filter_{one.saved_filter_id}",
                type="tertiary",
                icon=":material/chevron_right:",
                on_click=_open,
                args=(one.name,),
            )
            last = find_last_use_of_filter(house().ledger, one.saved_filter_id)
            told.html(
                f"changed {moment_html(one.updated_at)}; last used {moment_html(one.last_used_at)}"
                f"<br>last message to it alone: {last_use_html(last)}"
            )


def _show_new() -> None:
    with st.expander("New filter"):
        st.text_input("Name", max_chars=100, key="filter_name")
        st.text_area(
            "Whom it means, as JSON",
            placeholder='{"countries": ["JP"], "tags": ["vip"]}',
            key="filter_selection",
        )
        st.button("Save", key="filter_add", type="primary", on_click=_add)


def _show_one(saved: FilterRecord, actor: Actor) -> None:
    st.header(literal(saved.name))
    users = list_users(house().ledger, saved.name)
    last = find_last_use_of_filter(house().ledger, saved.saved_filter_id)
    st.html(
        f"Used by: {as_html(', '.join(users) or 'nothing')}<br>"
        f"Last message to it alone: {last_use_html(last)}"
    )
    show_selection(saved.selection)
    if not actor.may("sender"):
        return
    alone = Selection(saved_filters=(saved.name,))
    show_draft_buttons("filter", f"the dynamic filter {saved.name}", alone)
    st.button("Whom does it mean now?", key="filter_look", on_click=_look, args=(saved,))
    kept = st.session_state.get("filter_foresight")
    if kept is not None and kept["of"] == (saved.saved_filter_id, saved.updated_at):
        show_foresight(kept["is"], last)
    _show_change(saved)


def _show_change(saved: FilterRecord) -> None:
    told = json.dumps(selection_to_json(saved.selection), ensure_ascii=False, indent=1)
    key = f"filter_edit_{saved.saved_filter_id}"
    with st.expander("Change whom it means"):
        st.text_area("Whom it means, as JSON", value=told, height=240, key=key)
        st.button("Save", key="filter_save", type="primary", on_click=_save, args=(saved, key))
    st.text_input("New name", value=saved.name, max_chars=100, key="filter_new_name")
    st.button("Rename", key="filter_rename", on_click=_rename, args=(saved,))
    st.checkbox("Delete it; messages made with it stay as they are", key="filter_sure")
    is_sure = bool(st.session_state.get("filter_sure"))
    delete = partial(_delete, saved)
    st.button("Delete", key="filter_delete", disabled=not is_sure, on_click=delete)


def _look(saved: FilterRecord) -> None:
    def look(actor: Actor) -> None:
        house().acting.require(actor, "sender")
        last = find_last_use_of_filter(house().ledger, saved.saved_filter_id)
        alone = Selection(saved_filters=(saved.name,))
        earlier_id = last.message_id if last else None
        seen: Foresight = foresee_selection(house().desk.steps, alone, require_source(), earlier_id)
        of = (saved.saved_filter_id, saved.updated_at)
        st.session_state["filter_foresight"] = {"of": of, "is": seen}

    act(look)


def _add() -> None:
    def add(actor: Actor) -> str:
        selection = parse_saved_filter(st.session_state.get("filter_selection") or "")
        name = st.session_state.get("filter_name") or ""
        saved = house().keeping.save_filter(actor, name, selection)
        _open(saved.name)
        return f"{saved.name!r} is saved"

    act(add)


def _save(saved: FilterRecord, key: str) -> None:
    def save(actor: Actor) -> str:
        selection = parse_saved_filter(st.session_state.get(key) or "")
        house().keeping.change_filter(actor, saved, selection)
        return f"{saved.name!r} is saved"

    act(save)


def _rename(saved: FilterRecord) -> None:
    new_name = st.session_state.get("filter_new_name") or ""

    def rename(actor: Actor) -> str:
        unchecked = house().keeping.rename_filter(actor, saved.name, new_name)
        st.query_params["name"] = new_name.strip()
        done = f"{saved.name!r} is called {new_name.strip()!r} now"
        return f"{done}; {unchecked}" if unchecked else done

    act(rename)


def _delete(saved: FilterRecord) -> None:
    def delete(actor: Actor) -> str:
        unchecked = house().keeping.delete_filter(actor, saved.name)
        _open(None)
        return f"{saved.name!r} is deleted" + (f"; {unchecked}" if unchecked else "")

    act(delete)


def _open(name: str | None) -> None:
    st.session_state.pop("filter_foresight", None)
    st.session_state.pop("filter_sure", None)
    if name is None:
        st.query_params.pop("name", None)
    else:
        st.query_params["name"] = name


if __name__ == "__main__":
    show()
