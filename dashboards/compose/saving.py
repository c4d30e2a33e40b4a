"""Save whom a draft is for, or one of its filters, as a dynamic filter."""

from typing import Any, Final

import streamlit as st

from dashboards.compose.composition import Composition
from dashboards.session import act, house
from rollcall.domain.acts import Actor
from rollcall.domain.draft_recipients import Criteria, list_filters, read_selection
from rollcall.domain.drafts import Body, set_value
from rollcall.domain.selection import Selection, parse_selection
from rollcall.errors import InputError

_ALL: Final = "all"


def show(composition: Composition) -> None:
    """Show how it is saved; nothing while nobody is chosen."""
    if not composition.get("selection"):
        return
    criteria = list_filters(composition.body, "include")
    with st.expander("Save as a dynamic filter"):
        st.markdown("It is evaluated anew whenever it is used, under its name.")
        what: dict[str, str] = {_ALL: "Everything above"}
        what |= {str(index): f"Filter {index + 1} alone" for index in range(len(criteria))}
        key = composition.key("save_what")
        st.radio("What", list(what), format_func=lambda one: what[one], horizontal=True, key=key)
        st.text_input("Name", max_chars=100, key=composition.key("save_name"))
        st.checkbox(
            "Use it here by its name, in place of what is saved",
            value=True,
            help="Then the next message to it says what has changed since this one.",
            key=composition.key("save_use"),
        )
        save = composition.key("save_filter")
        st.button("Save", key=save, on_click=_save, args=(composition, criteria))


def _save(composition: Composition, criteria: list[Criteria]) -> None:
    name = (st.session_state.get(composition.key("save_name")) or "").strip()
    what = st.session_state.get(composition.key("save_what")) or _ALL
    seen = None if what == _ALL else criteria[int(what)]
    is_used = bool(st.session_state.get(composition.key("save_use")))

    def save(actor: Actor) -> str:
        before = composition.get("selection")
        saved = house().keeping.save_filter(actor, name, _read(composition.body, seen))
        if is_used:
            house().drafting.change(
                actor, composition.draft.draft_id, lambda body: _use(body, saved.name, before, seen)
            )
        return f"{saved.name!r} is saved"

    act(save)


def _read(body: Body, seen: Criteria | None) -> Selection:
    if seen is not None:
        return parse_selection({"filters": [seen]})
    selection = read_selection(body)
    if selection is None:
        raise InputError("nobody is chosen yet: there is nothing to save")
    return selection


def _use(body: Body, name: str, before: Any, seen: Criteria | None) -> Body:
    """Return a body that names the dynamic filter in place of what was saved as it.

    Raises:
        InputError: Another window has changed that meanwhile: it is left as it is.
    """
    selection = body.get("selection")
    if seen is None:
        if selection != before:
            raise InputError(_left_alone(name))
        return set_value(body, ("selection",), {"saved_filters": [name]})
    filters = list_filters(body, "include")
    if seen not in filters:
        raise InputError(_left_alone(name))
    filters.remove(seen)
    names = [*(selection or {}).get("saved_filters", []), name]
    body = set_value(body, ("selection", "filters"), filters or None)
    return set_value(body, ("selection", "saved_filters"), list(dict.fromkeys(names)))


def _left_alone(name: str) -> str:
    return (
        f"{name!r} is saved; the draft was changed in another window meanwhile, and is left as is"
    )
