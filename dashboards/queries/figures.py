"""Figures of messages and chats, each kept for a while for everybody who looks."""

from dataclasses import dataclass, field

from dashboards.queries.counts import KeptAnswers, quick_finders
from dashboards.queries.progress import RouteProgress, TimeToShare, read_routes, read_times
from rollcall.ledger.chat_lists import AnswerCounts, count_answers, count_unreached
from rollcall.ledger.chats import load_chat
from rollcall.ledger.engine import Ledger
from rollcall.ledger.log import StatusCounts, count_outcomes, count_statuses


@dataclass(frozen=True, slots=True)
class Details:
    """What a message's tries came to.

    Attributes:
        times: When shares of each channel were taken over.
        routes: By route and country.
        tries: By route and outcome.
    """

    times: list[TimeToShare]
    routes: list[RouteProgress]
    tries: StatusCounts


@dataclass(slots=True)
class Figures:
    """The details of all messages of a ledger, and what the members of its chats answered.

    Attributes:
        ledger: Which.
        details: By message.
        answers: Members by what they answered, by chat.
        unreached: Members without an answer whom nothing is known to have reached, by chat.
    """

    ledger: Ledger
    details: KeptAnswers[Details] = field(init=False)
    answers: KeptAnswers[AnswerCounts] = field(init=False)
    unreached: KeptAnswers[int] = field(init=False)

    def __post_init__(self) -> None:
        """Keep what this ledger says apart from what any other one does."""
        self.details = KeptAnswers(self._read)
        self.answers = KeptAnswers(self._count_answers, finders=quick_finders)
        self.unreached = KeptAnswers(self._count_unreached, finders=quick_finders)

    def forget_chat(self, chat_id: str) -> None:
        """Count a chat anew the next time, as after an act."""
        self.answers.forget(chat_id)
        self.unreached.forget(chat_id)

    def _count_answers(self, chat_id: str) -> AnswerCounts:
        return count_answers(self.ledger, chat_id)

    def _count_unreached(self, chat_id: str) -> int:
        return count_unreached(self.ledger, load_chat(self.ledger, chat_id))

    def _read(self, message_id: str) -> Details:
        counts = count_statuses(self.ledger, message_id)
        return Details(
            read_times(self.ledger, message_id, counts),
            read_routes(self.ledger, message_id),
            count_outcomes(self.ledger, message_id),
        )
