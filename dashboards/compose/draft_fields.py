"""Fields of a draft: what somebody types or chooses is kept in the draft as they leave the field.

A field begins with what the draft says. What could not be kept stays in the field, and the page
says why.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import streamlit as st

from dashboards.compose.composition import Composition


def field_key(composition: Composition, path: tuple[str, ...]) -> str:
    """Return the key of the field at a path of the body."""
    return composition.key("field_" + "_".join(path))


def show_line(
    composition: Composition,
    label: str,
    path: tuple[str, ...],
    *,
    max_chars: int,
    about: str | None = None,
) -> None:
    """Show a text of one line; left empty it is an empty text."""
    key = _begin(composition, path)
    keep = partial(_keep_text, composition, path)
    st.text_input(label, key=key, max_chars=max_chars, help=about, on_change=keep)


def show_block(
    composition: Composition,
    label: str,
    path: tuple[str, ...],
    *,
    max_chars: int,
    about: str | None = None,
    is_needed: bool = True,
) -> None:
    """Show a text of several lines; one that is not needed and left empty is not there."""
    key = _begin(composition, path)
    keep = partial(_keep_text, composition, path, is_needed=is_needed)
    height = 220 if is_needed else 100
    st.text_area(label, key=key, max_chars=max_chars, height=height, help=about, on_change=keep)


def show_choice(
    composition: Composition,
    label: str,
    path: tuple[str, ...],
    *,
    usual: bool,
    keep: Callable[[], None] | None = None,
) -> bool:
    """Show a box to tick, and return whether it is; what is as usual is not said.

    Args:
        composition: The draft.
        label: What is chosen.
        path: Where it stands.
        usual: How it is where nothing is said.
        keep: What is done with it instead of keeping it there.
    """
    key = field_key(composition, path)
    told = composition.get(*path)
    st.session_state.setdefault(key, usual if told is None else bool(told))
    keep = keep or partial(_keep_choice, composition, path, usual=usual)
    return bool(st.checkbox(label, key=key, on_change=keep))


def forget_fields(composition: Composition, *begin: str) -> None:
    """Let the fields below a path begin anew with what the draft says; for callbacks."""
    start = "field_" + "_".join(begin)
    for key in list(st.session_state):
        name = str(key)
        if name.startswith(start) and name.endswith(composition.draft.draft_id):
            del st.session_state[name]


def value_of(composition: Composition, path: tuple[str, ...]) -> Any:
    """Return what stands in a field; for callbacks."""
    return st.session_state.get(field_key(composition, path))


def _begin(composition: Composition, path: tuple[str, ...]) -> str:
    key = field_key(composition, path)
    told = composition.get(*path)
    st.session_state.setdefault(key, told if isinstance(told, str) else "")
    return key


def _keep_text(composition: Composition, path: tuple[str, ...], *, is_needed: bool = True) -> None:
    typed = str(value_of(composition, path) or "")
    composition.set(path, typed if typed.strip() or is_needed else None)


def _keep_choice(composition: Composition, path: tuple[str, ...], *, usual: bool) -> None:
    chosen = bool(value_of(composition, path))
    composition.set(path, None if chosen == usual else chosen)
