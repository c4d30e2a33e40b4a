"""What is sent for a check-in: the question, and notices of those who are missing or need help."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from rollcall.clock import format_instant
from rollcall.domain.chasing import travel_by
from rollcall.domain.content import MessageContent
from rollcall.domain.message import MessageRequest
from rollcall.domain.notice_texts import write_notice
from rollcall.domain.selection import Selection
from rollcall.errors import InputError
from rollcall.ledger.chasing import Silent
from rollcall.ledger.check_in_rounds import HelpWanted, RoundKey
from rollcall.ledger.check_ins import CheckInRecord
from rollcall.ledger.messages import NewMessage
from rollcall.sending.accepting import Order
from rollcall.sending.check_in_people import find_notified
from rollcall.sending.self_made import (
    KnownSource,
    MessageMaker,
    open_source,
    served_channels,
)
from rollcall.sending.steps import SendSteps

KEY_PREFIX: Final = "check-in:"


@dataclass(frozen=True, slots=True)
class CheckInLetters:
    """Makes the messages of one check-in; what is read of the source was read before.

    Attributes:
        steps: What messages are made with.
        check_in: Which check-in.
        source: Where its people are looked up.
        notified: Those of its `notify` whom the source knows.
        now: The present moment.
    """

    steps: SendSteps
    check_in: CheckInRecord
    source: KnownSource
    notified: Sequence[str]
    now: datetime

    def require_routes(self) -> None:
        """Make sure that the question has a way out.

        Raises:
            ConfigError: No channel of it has a route, or links lead nowhere.
        """
        served_channels(self.steps.book, self.check_in.asks.channels())
        self.steps.links.require_address()

    def ask(self, key: RoundKey, person_ids: Sequence[str], closes_at: datetime) -> NewMessage:
        """Return the question of a round; once it has closed no further try is made."""
        asks = self.check_in.asks
        channels = served_channels(self.steps.book, asks.channels())
        request = MessageRequest(
            content=asks.content,
            selection=Selection(people=tuple(person_ids)),
            options=travel_by(asks.options, channels).model_copy(update={"ok_request": True}),
            expires_at=closes_at,
            confirmed=True,
        )
        order = Order(
            request,
            self.source.path,
            _key_of(key, "ask"),
            uses_last_good=self.source.problem is not None,
        )
        return MessageMaker(self.steps).make(order, self.now)

    def tell_silent(self, key: RoundKey, silent: Sequence[Silent]) -> NewMessage | None:
        """Return the notice of those who have not answered; None where nobody is to be told."""
        lines = [one.name for one in silent]
        return self._tell(
            _key_of(key, "missed"),
            write_notice("silent", self.check_in.name, lines, len(lines)),
        )

    def tell_not_asked(self, key: RoundKey, told: str, people_count: int) -> NewMessage | None:
        """Return the notice that a round was not asked; None where nobody is to be told."""
        content = write_notice("not_asked", self.check_in.name, [told], people_count)
        return self._tell(_key_of(key, "not-asked"), content)

    def tell_help(self, key: str, wanted: HelpWanted) -> NewMessage | None:
        """Return the notice that somebody needs help; None where nobody is to be told."""
        content = write_notice("needs_help", self.check_in.name, [wanted.name], 1)
        return self._tell(key, content)

    def _tell(self, key: str, content: MessageContent) -> NewMessage | None:
        """Return a notice to whoever is to be told.

        Raises:
            InputError: The source knows none of them any more: it is tried again with each look.
        """
        if not self.check_in.notify:
            return None
        if not self.notified:
            raise InputError("the source knows nobody any more who is to be notified")
        asks = self.check_in.asks
        channels = served_channels(self.steps.book, asks.channels())
        return MessageMaker(self.steps).make_notice(
            key, self.notified, content, travel_by(asks.options, channels), self.source, self.now
        )


def prepare_letters(
    steps: SendSteps, check_in: CheckInRecord, source: KnownSource | None = None
) -> CheckInLetters:
    """Read all that is needed for the messages of a check-in.

    Raises:
        SourceError: The source cannot be loaded, and never could.
    """
    known = source or open_source(steps.sources, Path(check_in.source))
    notified = find_notified(known, check_in.notify) if check_in.notify else []
    return CheckInLetters(steps, check_in, known, notified, steps.clock.now())


def help_key(wanted: HelpWanted) -> str:
    """Return the key of the notice that somebody needs help: another one each time they say so."""
    said_at = format_instant(wanted.answered_at)
    return f"{KEY_PREFIX}{wanted.check_in_id}:help:{wanted.person_id}:{said_at}"


def _key_of(key: RoundKey, what: str) -> str:
    due_at = format_instant(key.due_at)
    return f"{KEY_PREFIX}{key.check_in_id}:{due_at}:{key.time_zone}:{what}"
