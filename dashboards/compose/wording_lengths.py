"""How many SMS the text in one language takes, and which of its characters make it dearer."""

import streamlit as st

from dashboards.compose.composition import Composition
from dashboards.session import house
from dashboards.texts import literal
from rollcall.domain.draft_gaps import has_links, is_chosen
from rollcall.domain.draft_texts import DraftText, SmsLength, measure_sms
from rollcall.domain.drafts import Draft
from rollcall.domain.segments import (
    PART_GSM_SEPTETS,
    PART_UCS2_UNITS,
    SINGLE_GSM_SEPTETS,
    SINGLE_UCS2_UNITS,
    SmsSize,
)
from rollcall.domain.template_variables import MessageVariables
from rollcall.errors import InputError, RollcallError
from rollcall.sending.steps import SendSteps


def show_length(composition: Composition, text: DraftText) -> None:
    """Show what a version comes to as SMS; what is missing in it is told, too."""
    try:
        told = tell_length(_measure(house().desk.steps, composition.draft, text))
    except InputError as error:
        st.markdown(f"As SMS: {literal(str(error))}")
        return
    except RollcallError as error:
        st.error(literal(str(error)))
        return
    unsent = "" if is_chosen(composition.draft, "include_sms") else " SMS are not chosen."
    st.markdown(f"As SMS: {literal(told)}{unsent}")


def tell_length(length: SmsLength) -> str:
    """Say how many SMS a version takes, with which room, and what makes it dearer."""
    told = f"{_tell_size(length.usual)}."
    if length.longest.segments > length.usual.segments:
        told += f" With a long name in another script: {_tell_size(length.longest)}."
    if length.costly:
        shown = " ".join(length.costly[:8])
        told += f" Less room for the sake of: {shown}"
    return told


def make_variables(steps: SendSteps) -> MessageVariables:
    """Return what texts tell of a message that is sent now."""
    return MessageVariables(steps.clock.now().date(), steps.organisation)


def link_of(steps: SendSteps, draft: Draft) -> str | None:
    """Return what stands for everybody's personal link; None where a draft has none."""
    return steps.links.placeholder() if has_links(draft) else None


def _measure(steps: SendSteps, draft: Draft, text: DraftText) -> SmsLength:
    link = link_of(steps, draft)
    return measure_sms(draft.kind, text, make_variables(steps), steps.layout, link)


def _tell_size(size: SmsSize) -> str:
    is_gsm = size.encoding == "GSM-7"
    single = SINGLE_GSM_SEPTETS if is_gsm else SINGLE_UCS2_UNITS
    part = PART_GSM_SEPTETS if is_gsm else PART_UCS2_UNITS
    room = single if size.segments <= 1 else part * size.segments
    return f"{size.segments} SMS, {size.units} of {room} characters ({size.encoding})"
