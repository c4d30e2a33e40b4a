"""What a draft says, language by language, how long it is, and how it is read."""

from functools import partial
from typing import Final

import streamlit as st

from dashboards.compose.composition import Composition
from dashboards.compose.draft_fields import forget_fields, show_block, show_line
from dashboards.compose.wording_lengths import show_length
from dashboards.compose.wording_shown import show_reading
from dashboards.compose.wording_trial import show_trial
from dashboards.texts import literal
from rollcall.domain.content import MAX_SUBJECT_CHARS, MAX_TEXT_CHARS
from rollcall.domain.draft_texts import TEXT_KEYS, TEXT_NAMES, DraftText, base_path, list_texts
from rollcall.domain.drafts import Body, read_path, set_value
from rollcall.domain.languages import normalise_language
from rollcall.domain.template_variables import TEXT_VARIABLES
from rollcall.errors import InputError

_LANGUAGES: Final[dict[str, str]] = {
    "ar": "Arabic",
    "de": "German",
    "en": "English",
    "es": "Spanish",
    "fa": "Persian",
    "fr": "French",
    "he": "Hebrew",
    "hi": "Hindi",
    "id": "Indonesian",
    "it": "Italian",
    "ja": "Japanese",
    "ko": "Korean",
    "nl": "Dutch",
    "pl": "Polish",
    "pt-BR": "Portuguese (Brazil)",
    "ru": "Russian",
    "sw": "Swahili",
    "tr": "Turkish",
    "uk": "Ukrainian",
    "zh-Hans": "Chinese (simplified)",
    "zh-Hant": "Chinese (traditional)",
}
"""Offered; any other one can be typed as its tag."""

_LANGUAGE: Final = "language"


def show(composition: Composition) -> None:
    """Show the texts in all languages, how they are read, and how they are tried."""
    _tell_rules(composition)
    texts = list_texts(composition.draft.kind, composition.body)
    for tab, text in zip(st.tabs([_name(one) for one in texts]), texts, strict=True):
        with tab:
            _show_text(composition, text)
    _show_add(composition)
    st.subheader("How it is read")
    show_reading(composition)
    st.subheader("Send a test to myself")
    show_trial(composition)


def name_language(tag: str) -> str:
    """Return a language as it is offered: by name and tag."""
    return f"{_LANGUAGES[tag]} ({tag})" if tag in _LANGUAGES else tag


def _tell_rules(composition: Composition) -> None:
    if composition.is_chat:
        st.markdown("Everybody reads the same. Who has no version of their own gets the first.")
        return
    known = ", ".join(f"`{{{{ {name} }}}}`" for name in sorted(TEXT_VARIABLES - {"subject"}))
    st.markdown(
        "Who has no version in their language gets the first. In every text you can use "
        f"{known}; with a link also `{{{{ link }}}}`."
    )


def _name(text: DraftText) -> str:
    language = literal(name_language(text.language)) if text.language else "first version"
    return f"{language}, for all others" if text.is_first and text.language else language


def _show_text(composition: Composition, text: DraftText) -> None:
    kind = composition.draft.kind
    base = base_path(kind, None if text.is_first else text.language)
    subject, body, sms = TEXT_KEYS[kind]
    names = [name.capitalize() for name in TEXT_NAMES[kind]]
    show_line(composition, names[0], (*base, subject), max_chars=MAX_SUBJECT_CHARS)
    show_block(composition, names[1], (*base, body), max_chars=MAX_TEXT_CHARS)
    show_block(
        composition,
        f"{TEXT_NAMES[kind][2].replace('shorter', 'Shorter')} (optional)",
        (*base, sms),
        max_chars=MAX_TEXT_CHARS,
        about="Without it the SMS is the text.",
        is_needed=False,
    )
    show_length(composition, text)
    if text.is_first:
        _show_first_language(composition, text)
    else:
        _show_remove(composition, text)


def _show_first_language(composition: Composition, text: DraftText) -> None:
    """Show in which language the first version is: who reads another one is told apart by it."""
    key = composition.key("first_language")
    st.session_state.setdefault(key, text.language)
    st.selectbox(
        "Language of this version",
        _offered(text.language),
        index=None,
        format_func=name_language,
        placeholder="not said",
        accept_new_options=True,
        filter_mode="contains",
        key=key,
        on_change=partial(_keep_first_language, composition, key),
    )


def _show_remove(composition: Composition, text: DraftText) -> None:
    with st.popover(f"Remove {literal(name_language(text.language or ''))}"):
        st.markdown("Its texts are gone for good.")
        remove = partial(_remove, composition, text.language or "")
        key = composition.key(f"language_remove_{text.language}")
        st.button("Remove this language", key=key, on_click=remove)


def _show_add(composition: Composition) -> None:
    key = composition.key("language_new")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(
            "Another language",
            _offered(None),
            index=None,
            format_func=name_language,
            placeholder="choose one, or type a tag such as pt-BR",
            accept_new_options=True,
            filter_mode="contains",
            key=key,
        )
        add = partial(_add, composition, key)
        st.button("Add this language", key=composition.key("language_add"), on_click=add)


def _offered(known: str | None) -> list[str]:
    return [*_LANGUAGES, *([known] if known and known not in _LANGUAGES else [])]


def _keep_first_language(composition: Composition, key: str) -> None:
    chosen = st.session_state.get(key)
    kind = composition.draft.kind
    path = (*base_path(kind), _LANGUAGE)

    def keep(body: Body) -> Body:
        tag = _spell(chosen) if chosen else None
        if tag is not None and tag in _tags(kind, body):
            raise InputError(f"there is a version in {tag} already: remove that one first")
        return set_value(body, path, tag)

    composition.edit(keep)


def _add(composition: Composition, key: str) -> None:
    chosen = st.session_state.get(key)
    kind = composition.draft.kind

    def add(body: Body) -> Body:
        if not chosen:
            raise InputError("choose a language, or type its tag, such as ja or pt-BR")
        tag = _spell(chosen)
        first = read_path(body, (*base_path(kind), _LANGUAGE))
        if tag == first or tag in _tags(kind, body):
            raise InputError(f"there is a version in {tag} already")
        subject, text, _ = TEXT_KEYS[kind]
        return set_value(body, base_path(kind, tag), {subject: "", text: ""})

    if composition.edit(add):
        st.session_state[key] = None


def _remove(composition: Composition, tag: str) -> None:
    path = base_path(composition.draft.kind, tag)
    if composition.set(path, None):
        forget_fields(composition, *path)


def _tags(kind: str, body: Body) -> set[str]:
    base = base_path("chat" if kind == "chat" else "message")
    told = read_path(body, (*base, "translations"))
    return set(told) if isinstance(told, dict) else set()


def _spell(typed: str) -> str:
    """Return a tag as it is written.

    Raises:
        InputError: It is none.
    """
    try:
        return normalise_language(typed.strip())
    except ValueError as error:
        raise InputError(str(error)) from error
