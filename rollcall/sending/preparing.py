"""From an accepted message to recorded deliveries: what each step computes."""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Final

from rollcall.domain.audience import Audience, looks_deliverable
from rollcall.domain.email_layout import EmailLayout
from rollcall.domain.message import Channel, MessageRequest
from rollcall.domain.rendering import CompiledContent, compile_content
from rollcall.domain.selecting import SavedFilters, select_audience
from rollcall.domain.selection import Selection
from rollcall.domain.template_variables import MessageVariables, RecipientVariables
from rollcall.errors import SelectionError, TemplateError
from rollcall.ledger.addressees import Addressee
from rollcall.ledger.recording import NewContent, NewDelivery
from rollcall.sources.kept import KeptSources, KeptVersion
from rollcall.sources.snapshot import Snapshot
from rollcall.sources.world import read_world

_MISSING: Final[dict[Channel, str]] = {
    "email": "no email address",
    "sms": "no phone number",
    "push": "no app that takes notifications",
}

KEPT_TEXTS: Final = 500
"""Rendered texts that are kept for whoever gets the same: some megabytes."""


def open_version(sources: KeptSources, source: Path, *, uses_last_good: bool) -> KeptVersion:
    """Return the validated version of a source that a selection is to be made from.

    Raises:
        SourceError: The source cannot be loaded, or has no last good version.
    """
    return sources.last_good(source) if uses_last_good else sources.open(source)


def select_recipients(
    selection: Selection,
    snapshot: Snapshot,
    as_of: datetime,
    *,
    managers_only: bool,
    saved_filters: SavedFilters | None = None,
    as_rows: bool = False,
) -> Audience:
    """Evaluate a selection on a snapshot; `as_rows` as in `select_audience`.

    Raises:
        SelectionError: The selection names what does not exist, or a saved filter leads to itself.
    """
    return select_audience(
        selection,
        read_world(snapshot, as_of),
        managers_only=managers_only,
        saved_filters=saved_filters or {},
        as_rows=as_rows,
    )


def require_recipients(audience: Audience) -> None:
    """Refuse a selection that matches nobody: a message to nobody is a mistake.

    Raises:
        SelectionError: There is no recipient.
    """
    if audience.recipients:
        return
    without = " who can be contacted for the facilities" if audience.facility_ids else ""
    raise SelectionError(f"selection matches nobody{without}; nothing was sent")


def render_deliveries(  # noqa: PLR0913 - what texts depend on
    request: MessageRequest,
    recipients: Iterable[Addressee],
    layout: EmailLayout,
    organisation: str,
    sent_on: date,
    link: str | None = None,
    *,
    channels: tuple[Channel, ...] | None = None,
) -> Iterator[tuple[NewDelivery, NewContent | None]]:
    """Write what everybody gets, over every channel of the message, one by one.

    People who get the same text share its content, which comes with the first of them. Who lacks
    the address for a channel has a delivery all the same, that says so; but who has no app misses
    nothing where other channels carry the message, and has none over `push`. `link` stands for the
    personal link of each; `channels` are those recorded, by default all of the message.

    Raises:
        TemplateError: The texts cannot be rendered for anybody; after the last recipient.
    """
    channels = channels or request.channels()
    compiled = compile_content(request.content, layout, include_sms="sms" in channels, link=link)
    writer = _Writer(compiled, MessageVariables(sent_on=sent_on, organisation=organisation))
    for one in recipients:
        for channel in channels:
            if channel == "push" and not one.has_push and len(channels) > 1:
                continue
            yield writer.write(one, channel)
    if writer.failure and not writer.known:
        raise writer.failure


class _Writer:
    """Renders deliveries one by one and keeps each distinct content once."""

    def __init__(self, compiled: CompiledContent, message: MessageVariables) -> None:
        self.compiled = compiled
        self.message = message
        self.known: set[bytes] = set()
        self.failure: TemplateError | None = None
        self._used: dict[Channel, frozenset[str]] = {
            "email": compiled.email_variables,
            "sms": compiled.sms_variables,
            "push": compiled.email_variables,
        }
        self._render_once = lru_cache(maxsize=KEPT_TEXTS)(self._render_anew)

    def write(
        self, recipient: Addressee, channel: Channel
    ) -> tuple[NewDelivery, NewContent | None]:
        """Return a delivery, and its content where nobody before had the same."""
        address = _address_of(recipient, channel)
        if reason := _missing_address(address, channel):
            return _not_attempted(recipient, channel, reason), None
        try:
            content = self._render(recipient, channel)
        except TemplateError as error:
            # one person's odd name must not keep the message from everybody else
            self.failure = error
            return _not_attempted(recipient, channel, str(error)), None
        digest = content.content_digest
        delivery = NewDelivery(recipient.person_id, channel, "waiting", address, digest)
        return delivery, content if self._is_new(digest) else None

    def _is_new(self, digest: str) -> bool:
        """Remember 32 bytes of each content and not its text: there may be one for everybody."""
        key = bytes.fromhex(digest)
        if key in self.known:
            return False
        self.known.add(key)
        return True

    def _render(self, recipient: Addressee, channel: Channel) -> NewContent:
        """Render, or take what somebody got of whom the templates of this channel tell the same."""
        used = self._used[channel]
        return self._render_once(
            channel,
            recipient.name if "name" in used else None,
            recipient.language,  # it chooses the translation too
            recipient.country if "country" in used or "country_name" in used else None,
            recipient.home_country if "home_country" in used else None,
        )

    def _render_anew(self, channel: Channel, *told: str | None) -> NewContent:
        variables = RecipientVariables(*told)
        if channel == "sms":
            sms = self.compiled.render_sms(variables, self.message)
            return NewContent(_digest("sms", sms.text), sms.text, segment_count=sms.segments)
        if channel == "push":
            subject, text = self.compiled.render_push(variables, self.message)
            return NewContent(_digest("push", subject, text), text, subject=subject)
        email = self.compiled.render_email(variables, self.message)
        digest = _digest("email", email.subject, email.text, email.html)
        return NewContent(digest, email.text, subject=email.subject, html=email.html)


def _address_of(recipient: Addressee, channel: Channel) -> str | None:
    """Return where a message goes; notifications to whichever devices the person has by then."""
    if channel == "push":
        return recipient.person_id if recipient.has_push else None
    return recipient.email if channel == "email" else recipient.phone


def _not_attempted(recipient: Addressee, channel: Channel, reason: str) -> NewDelivery:
    return NewDelivery(recipient.person_id, channel, "not_attempted", reason=reason)


def _missing_address(address: str | None, channel: Channel) -> str | None:
    """Say why there is no address to send to, None if there is one."""
    if not address:
        return _MISSING[channel]
    if channel == "email" and not looks_deliverable(address):
        return "the email address is not valid"
    return None


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()
