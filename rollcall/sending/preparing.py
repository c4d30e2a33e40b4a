"""From an accepted message to recorded deliveries: what each step computes."""

import hashlib
from collections.abc import Container, Iterable, Iterator
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Final

from rollcall.domain.addresses import address_of, tell_missing
from rollcall.domain.audience import Audience, Recipient
from rollcall.domain.email_layout import EmailLayout
from rollcall.domain.message import Channel, MessageRequest
from rollcall.domain.rendering import compile_content
from rollcall.domain.selecting import SavedFilters, select_audience
from rollcall.domain.selection import Selection
from rollcall.domain.template_variables import MessageVariables, RecipientVariables
from rollcall.errors import SelectionError, TemplateError
from rollcall.ledger.recording import NewContent, NewDelivery
from rollcall.sources.kept import KeptSources, KeptVersion
from rollcall.sources.snapshot import Snapshot
from rollcall.sources.world import read_world

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
        SelectionError: The selection names what does not exist, or filters lead in a circle.
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


class TextWriter:
    """Writes what people get over every channel of a message, and each distinct text once.

    People who get the same text share its content, which comes with the first of them. Who lacks
    the address for a channel has a delivery all the same, that says so; but who has no app misses
    nothing where other channels carry the message, and has none over `push`.

    Args:
        request: The message.
        layout: How emails look.
        message: What texts may tell of the message.
        link: Stands for the personal link of each.
        channels: Those recorded, by default all of the message.
        known: Digests of the contents that are recorded already, in bytes.

    Attributes:
        failure: Why the texts could not be rendered for somebody, the latest of them.
    """

    def __init__(
        self,
        request: MessageRequest,
        layout: EmailLayout,
        message: MessageVariables,
        *,
        link: str | None = None,
        channels: tuple[Channel, ...] | None = None,
        known: Iterable[bytes] = (),
    ) -> None:
        self.channels = channels or request.channels()
        has_sms = "sms" in self.channels
        self._compiled = compile_content(request.content, layout, include_sms=has_sms, link=link)
        self._message = message
        self._known = set(known)
        self.failure: TemplateError | None = None
        email_variables = self._compiled.email_variables
        self._used: dict[Channel, frozenset[str]] = {
            "email": email_variables,
            "sms": self._compiled.sms_variables,
            "push": email_variables,
        }
        self._render_once = lru_cache(maxsize=KEPT_TEXTS)(self._render_anew)

    @property
    def has_text_for_nobody(self) -> bool:
        """Tell whether the texts could be rendered for none of those who have an address."""
        return self.failure is not None and not self._known

    def write_all(
        self, recipients: Iterable[Recipient], notified: Container[str] = ()
    ) -> Iterator[tuple[NewDelivery, NewContent | None]]:
        """Write what everybody gets, one by one.

        Args:
            recipients: Who gets it.
            notified: The `person_id` of those whose app takes notifications.
        """
        for one in recipients:
            has_push = one.person_id in notified
            for channel in self.channels:
                if channel == "push" and not has_push and len(self.channels) > 1:
                    continue
                yield self._write(one, channel, address_of(one, channel, has_push=has_push))

    def _write(
        self, recipient: Recipient, channel: Channel, address: str | None
    ) -> tuple[NewDelivery, NewContent | None]:
        """Return a delivery, and its content where nobody before had the same."""
        if reason := tell_missing(address, channel):
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
        if key in self._known:
            return False
        self._known.add(key)
        return True

    def _render(self, recipient: Recipient, channel: Channel) -> NewContent:
        """Render, or take what somebody got of whom the templates of this channel tell the same."""
        used = self._used[channel]
        return self._render_once(
            channel,
            recipient.name if "name" in used else None,
            recipient.language,  # it chooses the translation too
            recipient.position.country if {"country", "country_name"} & used else None,
            recipient.home_country if "home_country" in used else None,
        )

    def _render_anew(self, channel: Channel, *told: str | None) -> NewContent:
        variables = RecipientVariables(*told)
        if channel == "sms":
            sms = self._compiled.render_sms(variables, self._message)
            return NewContent(_digest("sms", sms.text), sms.text, segment_count=sms.segments)
        if channel == "push":
            subject, text = self._compiled.render_push(variables, self._message)
            return NewContent(_digest("push", subject, text), text, subject=subject)
        email = self._compiled.render_email(variables, self._message)
        digest = _digest("email", email.subject, email.text, email.html)
        return NewContent(digest, email.text, subject=email.subject, html=email.html)


def _not_attempted(recipient: Recipient, channel: Channel, reason: str) -> NewDelivery:
    return NewDelivery(recipient.person_id, channel, "not_attempted", reason=reason)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()
