"""What a message or chat kept as a template says, how it goes out and to whom, to be read."""

from typing import Final

import streamlit as st

from dashboards.selection_told import show_selection
from dashboards.settings_form import OPTION_WORDS
from dashboards.texts import as_block, as_html, literal
from dashboards.words import CHANNEL_WORDS
from rollcall.domain.content import Translation
from rollcall.domain.message import CHANNELS
from rollcall.domain.message_templates import MessageSettings

_CHANNEL_OPTIONS: Final = frozenset(f"include_{channel}" for channel in CHANNELS)


def show_settings(settings: MessageSettings) -> None:
    """Show the texts in all languages, the ways, what is asked, and whom it is for."""
    for language, version in settings.content.iterate_versions():
        _show_version(language, version)
    st.markdown(f"**How it goes out:** {literal(tell_ways(settings))}")
    show_selection(settings.selection)


def tell_ways(settings: MessageSettings) -> str:
    """Say by what a message goes out, and what else is chosen; plain text."""
    options = settings.options
    ways = [CHANNEL_WORDS[one] for one in CHANNELS if getattr(options, f"include_{one}")]
    chosen = [
        words
        for name, words in OPTION_WORDS.items()
        if name not in _CHANNEL_OPTIONS and getattr(options, name, False)
    ]
    if settings.chat is not None and settings.chat.members_see_replies:
        chosen.append(OPTION_WORDS["members_see_replies"])
    return "; ".join([", ".join(ways), *chosen])


def _show_version(language: str | None, version: Translation) -> None:
    told = f"<p><small>in {as_html(language)}</small></p>" if language else ""
    told += f'<p style="font-weight:600">{as_html(version.subject)}</p>'
    told += as_block(version.text, language)
    if version.sms:
        told += f"<p><b>as SMS</b></p>{as_block(version.sms, language)}"
    with st.container(border=True):
        st.html(told)
