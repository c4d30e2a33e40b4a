"""What is sent for the rungs of one chat: reminders to its members, notices to others."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Final

from rollcall.domain.chasing import Responsible, Rung, Telling, group_by_told, travel_by
from rollcall.domain.message import MessageOptions, MessageRequest
from rollcall.domain.notice_texts import write_notice
from rollcall.errors import LedgerError, RollcallError
from rollcall.ledger.chasing import DueChat, Silent
from rollcall.ledger.chats import ChatRecord
from rollcall.ledger.messages import MessageRecord, NewMessage, load_message
from rollcall.sending.accepting import Order
from rollcall.sending.reminding import make_reminder
from rollcall.sending.self_made import KnownSource, MessageMaker, open_source, served_channels
from rollcall.sources.people_facts import read_responsible

KEY_PREFIX: Final = "chase:"


@dataclass(frozen=True, slots=True)
class _Notice:
    """A rung of which others are told, with all that must be read for it."""

    rung: Rung
    options: MessageOptions
    source: KnownSource
    responsible: Responsible


@dataclass(slots=True)
class ChaseLetters:
    """The messages of some rungs; what must be read for them was read before.

    Attributes:
        chat: Which chat.
        maker: What makes messages.
        now: The present moment.
        reminders: To the members: whom they go to is found out as they leave.
        notices: What others are told, once it is known of whom.
        problems: What an operator must know, without personal data.
        failed: The rungs of which nothing could be made, by number.
    """

    chat: ChatRecord
    maker: MessageMaker
    now: datetime
    reminders: list[NewMessage] = field(default_factory=list)
    notices: list[_Notice] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    failed: list[int] = field(default_factory=list)

    def attempt(self, rung: Rung, prepare: Callable[[Rung], None]) -> None:
        """Prepare a rung; what is wrong with it holds up no other.

        Raises:
            LedgerError: The ledger does not answer.
        """
        try:
            prepare(rung)
        except LedgerError:
            raise
        except RollcallError as error:
            self.failed.append(rung.number)
            self.problems.append(f"the rung after {rung.reminder.after_min} min: {error}")

    def write(self, silent: Sequence[Silent]) -> list[NewMessage]:
        """Return all messages, now that it is known who has not answered."""
        told = (one for notice in self.notices for one in self._tell(notice, silent))
        return [*self.reminders, *told]

    def _tell(self, notice: _Notice, silent: Sequence[Silent]) -> list[NewMessage]:
        names = {one.person_id: one.name for one in silent}
        tellings = group_by_told(notice.rung.reminder.notify, list(names), notice.responsible)
        for one in tellings:
            if not one.told:
                self.problems.append(f"nobody could be told of {len(one.of)} who have not answered")
        return [
            self._make_notice(notice, number, one, names)
            for number, one in enumerate(tellings)
            if one.told
        ]

    def _make_notice(
        self, notice: _Notice, number: int, telling: Telling, names: dict[str, str]
    ) -> NewMessage:
        lines = [names[person_id] for person_id in telling.of]
        return self.maker.make_notice(
            f"{_key_of(self.chat, notice.rung)}:{number}",
            telling.told,
            write_notice("silent", self.chat.title, lines, len(lines)),
            notice.options,
            notice.source,
            self.now,
        )


def prepare_letters(
    maker: MessageMaker, due: DueChat, rungs: Sequence[Rung], now: datetime
) -> ChaseLetters:
    """Read all that is needed for the messages of some rungs, one rung at a time.

    A rung for which no channel has a route, or whose people cannot be looked up, is a problem of
    the letters; the others are made.

    Raises:
        LedgerError: The ledger does not answer.
    """
    invitation = load_message(maker.ledger, due.chat.message_id)
    letters = ChaseLetters(due.chat, maker, now)
    look_up = cache(lambda: _look_up(letters, invitation))

    def prepare(rung: Rung) -> None:
        if rung.reminder.notify:
            options = _options_of(maker, rung)
            letters.notices.append(_Notice(rung, options, *look_up()))
        else:
            letters.reminders.append(_remind(letters, invitation, rung))

    for rung in rungs:
        letters.attempt(rung, prepare)
    return letters


def _look_up(letters: ChaseLetters, invitation: MessageRecord) -> tuple[KnownSource, Responsible]:
    source = open_source(letters.maker.steps.sources, Path(invitation.source))
    responsible = read_responsible(source.version)
    letters.problems += [source.problem] if source.problem else []
    return source, responsible


def _remind(letters: ChaseLetters, invitation: MessageRecord, rung: Rung) -> NewMessage:
    chat = letters.chat
    invited = MessageRequest.model_validate(invitation.request)
    request = make_reminder(chat, invited, rung.reminder.channels, letters.maker.steps.book)
    return letters.maker.make(Order(request, Path(), _key_of(chat, rung)), letters.now)


def _options_of(maker: MessageMaker, rung: Rung) -> MessageOptions:
    return travel_by(MessageOptions(), served_channels(maker.steps.book, rung.reminder.channels))


def _key_of(chat: ChatRecord, rung: Rung) -> str:
    return f"{KEY_PREFIX}{chat.chat_id}:{rung.number}"
