"""What is sent for the rungs of one chat: reminders to its members, notices to others."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from rollcall.domain.chasing import Responsible, Rung, Telling, group_by_told, travel_by
from rollcall.domain.message import FollowUp, MessageOptions, MessageRequest
from rollcall.domain.notice_texts import write_notice
from rollcall.domain.reminder_texts import write_reminder
from rollcall.ledger.chasing import DueChat, Silent
from rollcall.ledger.chats import ChatRecord
from rollcall.ledger.messages import NewMessage, load_message
from rollcall.sending.accepting import Order
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
    """

    chat: ChatRecord
    maker: MessageMaker
    now: datetime
    reminders: list[NewMessage] = field(default_factory=list)
    notices: list[_Notice] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

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
    """Read all that is needed for the messages of some rungs.

    Raises:
        ConfigError: No channel of a rung has a route, or links lead nowhere.
        SourceError: Those responsible cannot be looked up.
    """
    invitation = load_message(maker.ledger, due.chat.message_id)
    letters = ChaseLetters(due.chat, maker, now)
    notices = [rung for rung in rungs if rung.reminder.notify]
    if notices:
        source = open_source(maker.steps.sources, Path(invitation.source))
        letters.problems += [source.problem] if source.problem else []
        responsible = read_responsible(source.version)
        letters.notices = [
            _Notice(one, _options_of(maker, one, MessageOptions()), source, responsible)
            for one in notices
        ]
    invited = MessageRequest.model_validate(invitation.request)
    letters.reminders = [
        _remind(letters, invited, rung) for rung in rungs if not rung.reminder.notify
    ]
    return letters


def _remind(letters: ChaseLetters, invited: MessageRequest, rung: Rung) -> NewMessage:
    chat = letters.chat
    request = MessageRequest(
        content=write_reminder(invited.content),
        follow_up=FollowUp(message_id=chat.message_id, who="not_answered"),
        notice_in=chat.chat_id,
        options=_options_of(letters.maker, rung, invited.options),
        confirmed=True,
    )
    return letters.maker.make(Order(request, Path(), _key_of(chat, rung)), letters.now)


def _options_of(maker: MessageMaker, rung: Rung, invited_by: MessageOptions) -> MessageOptions:
    channels = served_channels(maker.steps.book, rung.reminder.channels)
    return travel_by(invited_by, channels)


def _key_of(chat: ChatRecord, rung: Rung) -> str:
    return f"{KEY_PREFIX}{chat.chat_id}:{rung.number}"
