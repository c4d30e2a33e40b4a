"""How a message goes out and what it asks: the composer's options."""

from datetime import datetime, timedelta
from functools import partial
from typing import Final

import streamlit as st

from dashboards.compose.composition import Composition
from dashboards.compose.draft_fields import field_key, forget_fields, show_choice, value_of
from dashboards.compose.options_chat import show_chat_options
from dashboards.failing_routes import warn_of_standard_sms
from dashboards.moments import moment_html, viewers_zone
from dashboards.session import house
from dashboards.settings_form import OPTION_WORDS
from dashboards.texts import literal
from rollcall.clock import format_instant, parse_instant
from rollcall.domain.draft_gaps import is_chosen, usual_option
from rollcall.domain.facility_choice import can_mean_facilities
from rollcall.domain.selection import parse_selection
from rollcall.errors import RollcallError, SelectionError
from rollcall.ledger.saved_filters import load_saved_filters
from rollcall.sending.previewing import tell_quality_costs

_CHANNELS: Final = ("include_email", "include_sms", "include_push")
_EXPIRY: Final = ("expires_at",)
_EXPIRES_AFTER: Final = timedelta(hours=24)


def show(composition: Composition) -> None:
    """Show how the draft goes out, and what it asks."""
    st.markdown("**How it goes out**")
    for name in _CHANNELS:
        keep = partial(_keep_sms, composition) if name == "include_sms" else None
        _show_option(composition, name, keep)
    if is_chosen(composition.draft, "include_sms"):
        _show_sms_options(composition)
    if _means_facilities(composition) or is_chosen(composition.draft, "managers_only"):
        _show_option(composition, "managers_only")
    _show_expiry(composition)
    st.markdown("**What it asks**")
    _show_option(composition, "ok_request")
    if composition.is_chat:
        _show_option(composition, "members_see_replies")
        show_chat_options(composition)


def _show_option(composition: Composition, name: str, keep: partial[None] | None = None) -> None:
    usual = usual_option(composition.draft.kind, name)
    show_choice(composition, OPTION_WORDS[name], ("options", name), usual=usual, keep=keep)


def _show_sms_options(composition: Composition) -> None:
    with st.container(border=True):
        _show_option(composition, "high_quality_sms")
        try:
            st.markdown(literal(tell_quality_costs(house().desk.steps)))
            if not is_chosen(composition.draft, "high_quality_sms"):
                warn_of_standard_sms(house().desk.steps)
        except RollcallError as error:
            st.markdown(f"What SMS cost is not known: {literal(str(error))}")
        _show_option(composition, "life_safety")


def _means_facilities(composition: Composition) -> bool:
    """Tell whether a facility is selected: else there is nothing that managers only would mean."""
    asked = composition.get("selection")
    try:
        selection = parse_selection(asked if isinstance(asked, dict) else {})
    except SelectionError:
        return False
    return can_mean_facilities(selection, load_saved_filters(house().ledger))


def _show_expiry(composition: Composition) -> None:
    expires_at = _read_expiry(composition)
    key = composition.key("expires")
    st.session_state.setdefault(key, expires_at is not None)
    choose = partial(_choose_expiry, composition, key)
    st.checkbox("Try no more after a certain moment", key=key, on_change=choose)
    if expires_at is None:
        return
    field = field_key(composition, _EXPIRY)
    local = expires_at.astimezone(viewers_zone()).replace(tzinfo=None)
    st.session_state.setdefault(field, local)
    keep = partial(_keep_expiry, composition)
    st.datetime_input("Try no more after", key=field, on_change=keep)
    st.html(f"That is {moment_html(expires_at)}.")


def _read_expiry(composition: Composition) -> datetime | None:
    told = composition.get(*_EXPIRY)
    try:
        return parse_instant(told) if isinstance(told, str) else None
    except (ValueError, OverflowError):
        return None


def _choose_expiry(composition: Composition, key: str) -> None:
    is_wanted = bool(st.session_state.get(key))
    at = house().clock.now().replace(second=0, microsecond=0) + _EXPIRES_AFTER
    composition.set(_EXPIRY, format_instant(at) if is_wanted else None)
    forget_fields(composition, *_EXPIRY)


def _keep_expiry(composition: Composition) -> None:
    chosen = value_of(composition, _EXPIRY)
    if isinstance(chosen, datetime):
        at = chosen.replace(tzinfo=viewers_zone())
        composition.set(_EXPIRY, format_instant(at))


def _keep_sms(composition: Composition) -> None:
    """Keep whether SMS are sent; without them there are none of high quality."""
    is_wanted = bool(value_of(composition, ("options", "include_sms")))
    quality = {} if is_wanted else {"high_quality_sms": None}
    composition.change({"options": {"include_sms": is_wanted} | quality})
    forget_fields(composition, "options", "high_quality_sms")
