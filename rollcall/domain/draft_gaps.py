"""What keeps a draft from being sent: each thing that is missing, in one sentence."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from pydantic import BaseModel

from rollcall.clock import parse_instant
from rollcall.domain.chat_request import ChatOptions
from rollcall.domain.draft_texts import list_text_faults
from rollcall.domain.drafts import Draft, DraftKind, read_path
from rollcall.domain.email_layout import EmailLayout
from rollcall.domain.message import CHANNELS, MessageOptions
from rollcall.domain.selection import parse_selection
from rollcall.errors import InputError, SelectionError

_OPTIONS: Final[dict[DraftKind, type[BaseModel]]] = {"message": MessageOptions, "chat": ChatOptions}


def list_gaps(draft: Draft, layout: EmailLayout, link: str | None, now: datetime) -> list[str]:
    """Return what is missing or wrong, whatever can be known without looking at anybody.

    Args:
        draft: What is to be sent.
        layout: The HTML frame of emails.
        link: What stands for a personal link, if it is to have links.
        now: The moment.
    """
    include_sms = is_chosen(draft, "include_sms")
    found = [
        *_find_selection_gaps(draft),
        *list_text_faults(draft.kind, draft.body, layout, include_sms=include_sms, link=link),
        *_find_option_gaps(draft, now),
    ]
    if found:
        return found
    try:
        draft.read()
    except InputError as error:
        return [str(error)]
    return []


def usual_option(kind: DraftKind, option: str) -> bool:
    """Return how an option is where nothing is said of it."""
    return bool(_OPTIONS[kind].model_fields[option].default)


def is_chosen(draft: Draft, option: str) -> bool:
    """Tell whether an option is on."""
    told = read_path(draft.body, ("options", option))
    return usual_option(draft.kind, option) if told is None else bool(told)


def has_links(draft: Draft) -> bool:
    """Tell whether everybody gets a link of their own."""
    return draft.kind == "chat" or is_chosen(draft, "ok_request")


def _find_selection_gaps(draft: Draft) -> list[str]:
    asked = draft.body.get("selection")
    if not isinstance(asked, Mapping) or not asked:
        return ["nobody is selected yet"]
    try:
        parse_selection(dict(asked))
    except SelectionError as error:
        return [str(error)]
    return []


def _find_option_gaps(draft: Draft, now: datetime) -> list[str]:
    found: list[str] = []
    if not any(is_chosen(draft, f"include_{channel}") for channel in CHANNELS):
        found.append("no channel is chosen: choose email, SMS or the app")
    expires_at = draft.body.get("expires_at")
    if isinstance(expires_at, str) and _is_past(expires_at, now):
        found.append("the moment after which nothing is tried any more is past")
    return found


def _is_past(told: str, now: datetime) -> bool:
    try:
        return parse_instant(told) <= now
    except (ValueError, OverflowError):
        return False  # what it lacks is told where it is read
