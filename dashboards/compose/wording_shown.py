"""A draft as one recipient reads it: the email, the SMS, the notification."""

from typing import Final

import streamlit as st

from dashboards.compose.composition import Composition
from dashboards.compose.wording_lengths import link_of, make_variables
from dashboards.compose.wording_readers import find_chosen, show_search
from dashboards.session import house
from dashboards.texts import as_block, as_html, literal
from rollcall.domain.draft_gaps import is_chosen
from rollcall.domain.draft_texts import compile_texts
from rollcall.domain.drafts import Draft
from rollcall.domain.rendering import CompiledContent
from rollcall.domain.template_variables import MessageVariables, RecipientVariables
from rollcall.domain.trials import TrialReader
from rollcall.errors import InputError, RollcallError

_SEARCH: Final = "reading"

_SOMEBODY: Final = TrialReader("Maria Example", country="JP", home_country="DE")
"""Who reads it while nobody is chosen."""


def show_reading(composition: Composition) -> None:
    """Show the texts as somebody reads them: a chosen recipient, or a made-up one."""
    reader = show_search(composition, _SEARCH, "Show it as this recipient reads it")
    _show_texts(composition, reader or _SOMEBODY)


def show_texts(composition: Composition) -> None:
    """Show the texts as whoever was chosen at `show_reading` reads them; nobody can be chosen."""
    _show_texts(composition, find_chosen(composition, _SEARCH) or _SOMEBODY)


def _show_texts(composition: Composition, reader: TrialReader) -> None:
    draft = composition.draft
    try:
        steps = house().desk.steps
        link = link_of(steps, draft)
        compiled = compile_texts(draft.kind, draft.body, steps.layout, link)
        _show_all(draft, compiled, reader, make_variables(steps))
    except InputError as error:
        st.markdown(literal(str(error)))
    except RollcallError as error:
        st.error(literal(str(error)))


def _show_all(
    draft: Draft, compiled: CompiledContent, reader: TrialReader, message: MessageVariables
) -> None:
    """Show each channel, in the language the reader gets it in.

    Raises:
        TemplateError: A text cannot be rendered for them.
    """
    told = RecipientVariables(reader.name, reader.language, reader.country, reader.home_country)
    if is_chosen(draft, "include_email"):
        email = compiled.render_email(told, message)
        _show_card("Email", email.subject, email.text, email.language)
    if is_chosen(draft, "include_sms"):
        sms = compiled.render_sms(told, message)
        _show_card(f"SMS ({sms.segments}, {sms.encoding})", None, sms.text, sms.language)
    if is_chosen(draft, "include_push"):
        title, text = compiled.render_push(told, message)
        _show_card("App", title, text, None)


def _show_card(channel: str, subject: str | None, text: str, language: str | None) -> None:
    in_language = f", in {as_html(language)}" if language else ""
    head = f'<p style="font-weight:600">{as_html(subject)}</p>' if subject else ""
    with st.container(border=True):
        st.html(f"<p><b>{as_html(channel)}</b>{in_language}</p>{head}{as_block(text, language)}")
