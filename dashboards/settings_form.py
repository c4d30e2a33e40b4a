"""The settings of a message or chat as fields, filled in with what is kept, and read back."""

import json
from typing import Any, Final

import streamlit as st

from dashboards.texts import literal
from rollcall.domain.content import MAX_SUBJECT_CHARS, MAX_TEXT_CHARS
from rollcall.domain.message_templates import TemplateKind
from rollcall.domain.strict_json import parse_json
from rollcall.errors import RequestError

OPTION_WORDS: Final[dict[str, str]] = {
    "include_email": "Email",
    "include_sms": "SMS",
    "include_push": "To the app",
    "high_quality_sms": "SMS of high quality: over all routes, until one takes it; costs more",
    "managers_only": "Of facilities only the managers",
    "life_safety": "A matter of life: SMS also to people who asked for no more",
    "ok_request": 'Ask "Are you OK?"',
    "members_see_replies": "Members see what others write",
}

_FIELDS: Final[dict[TemplateKind, dict[str, str]]] = {
    "one_way": {"subject": "Subject", "text": "Text", "sms": "Shorter text for SMS (optional)"},
    "chat": {"title": "Title", "post": "First post", "sms": "Shorter text for SMS (optional)"},
}
_ON_BY_DEFAULT: Final[dict[TemplateKind, tuple[str, ...]]] = {
    "one_way": ("include_email",),
    "chat": ("include_email", "include_push", "ok_request"),
}


def show_settings_form(kind: TemplateKind, told: dict[str, Any], key: str) -> None:
    """Show the fields of settings, as `describe_settings` tells them.

    Args:
        kind: What they are for.
        told: The settings.
        key: What the fields' keys begin with; the same for `read_settings_form`.
    """
    content = _content_of(kind, told)
    _show_texts(kind, content, key)
    for tag, version in content.get("translations", {}).items():
        with st.expander(f"In {literal(tag)}"):
            _show_texts(kind, version, f"{key}_{tag}")
    st.markdown("**How it goes out, and what it asks**")
    options = told.get("options", {})
    for name in _options_of(kind):
        value = options.get(name, name in _ON_BY_DEFAULT[kind])
        st.checkbox(OPTION_WORDS[name], value=value, key=f"{key}_{name}")
    selection = json.dumps(told.get("selection", {}), ensure_ascii=False, indent=1)
    st.text_area("Whom it is for, as JSON", value=selection, height=200, key=f"{key}_selection")


def read_settings_form(kind: TemplateKind, told: dict[str, Any], key: str) -> dict[str, Any]:
    """Return the settings with what the fields say; what has no field stays as it was.

    Raises:
        RequestError: Whom it is for is not JSON.
    """
    content = _content_of(kind, told)
    changed = content | _read_texts(kind, key)
    if translations := content.get("translations"):
        changed["translations"] = {
            tag: _without_nothing(version | _read_texts(kind, f"{key}_{tag}"))
            for tag, version in translations.items()
        }
    names = _options_of(kind)
    options = {name: bool(st.session_state.get(f"{key}_{name}")) for name in names}
    rest = {"options": options, "selection": _read_selection(key)}
    changed = _without_nothing(changed)
    return told | ({"content": changed} if kind == "one_way" else changed) | rest


def _content_of(kind: TemplateKind, told: dict[str, Any]) -> dict[str, Any]:
    """Return where the texts are: a chat has them beside its other settings."""
    content: dict[str, Any] = told["content"] if kind == "one_way" else told
    return content


def _options_of(kind: TemplateKind) -> list[str]:
    return [name for name in OPTION_WORDS if kind == "chat" or name != "members_see_replies"]


def _show_texts(kind: TemplateKind, version: dict[str, Any], key: str) -> None:
    first, second, sms = _FIELDS[kind]
    words = _FIELDS[kind]
    value = version.get(first, "")
    st.text_input(words[first], value=value, max_chars=MAX_SUBJECT_CHARS, key=f"{key}_{first}")
    value = version.get(second, "")
    st.text_area(words[second], value=value, max_chars=MAX_TEXT_CHARS, key=f"{key}_{second}")
    value = version.get(sms) or ""
    st.text_area(words[sms], value=value, max_chars=MAX_TEXT_CHARS, key=f"{key}_{sms}")


def _read_texts(kind: TemplateKind, key: str) -> dict[str, Any]:
    read = {name: st.session_state.get(f"{key}_{name}") for name in _FIELDS[kind]}
    return {name: text or None for name, text in read.items()}


def _without_nothing(version: dict[str, Any]) -> dict[str, Any]:
    """Leave out the short text that nobody wrote; a subject that is missing is a mistake."""
    return {name: text for name, text in version.items() if name != "sms" or text}


def _read_selection(key: str) -> Any:
    try:
        return parse_json(st.session_state.get(f"{key}_selection") or "")
    except ValueError as error:
        raise RequestError(f"whom it is for is not valid JSON: {error}") from error
