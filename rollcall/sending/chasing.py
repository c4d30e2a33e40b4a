"""Chase those who have not answered: reminders to them, then notices to those responsible."""

import logging
from dataclasses import dataclass, field, replace

from rollcall.domain.chasing import choose_rungs, count_taken
from rollcall.errors import LedgerError, RollcallError
from rollcall.ledger.chasing import DueChat, list_due_chats, list_unfinished, take_rungs
from rollcall.ledger.messages import MessageRecord
from rollcall.ledger.reminders import REMINDER
from rollcall.sending.chase_letters import KEY_PREFIX, prepare_letters
from rollcall.sending.self_made import MessageMaker
from rollcall.sending.steps import SendSteps

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TakenRungs:
    """What was accepted for one chat: reminders to its members, notices to others, by id."""

    chat_id: str
    reminder_ids: tuple[str, ...]
    notice_ids: tuple[str, ...]


@dataclass(slots=True)
class ChaseReport:
    """What one round has come to; holds no personal data.

    Attributes:
        taken: What was accepted, chat by chat.
        problems: One sentence for each thing that is wrong with a chat.
        unfinished_ids: The messages of this and of earlier rounds that are to be sent on.
    """

    taken: list[TakenRungs] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    unfinished_ids: list[str] = field(default_factory=list)


def chase(steps: SendSteps) -> ChaseReport:
    """Take the rungs that are due of every chat; safe to do twice, also at once.

    A chat that cannot be chased does not hold up the others, and is tried again with each round.

    Raises:
        LedgerError: The ledger does not answer.
    """
    report = ChaseReport()
    for due in list_due_chats(steps.ledger, steps.clock.now()):
        try:
            _chase_chat(steps, due, report)
        except LedgerError:
            raise
        except RollcallError as error:
            _complain(report, due, str(error), type(error).__name__)
    report.unfinished_ids = list_unfinished(steps.ledger, KEY_PREFIX, steps.clock.now())
    return report


def _chase_chat(steps: SendSteps, due: DueChat, report: ChaseReport) -> None:
    now = steps.clock.now()
    rungs = choose_rungs(due.chat.reminders, due.taken_count, due.passed_count)
    letters = prepare_letters(MessageMaker(steps), due, rungs, now)
    taken_count = count_taken(rungs, letters.failed, due.passed_count)
    records: list[MessageRecord] = []
    if taken_count is not None:
        upto = replace(due, passed_count=taken_count)
        records = take_rungs(steps.ledger, upto, now, letters.write)
    if records:
        report.taken.append(_describe(due, records))
    for problem in letters.problems:
        _complain(report, due, problem, "incomplete")


def _describe(due: DueChat, records: list[MessageRecord]) -> TakenRungs:
    reminders = tuple(one.message_id for one in records if one.kind == REMINDER)
    notices = tuple(one.message_id for one in records if one.kind != REMINDER)
    return TakenRungs(due.chat.chat_id, reminders, notices)


def _complain(report: ChaseReport, due: DueChat, problem: str, fault: str) -> None:
    """Tell an operator; the log, which others read too, gets no words of theirs."""
    log.warning("chasing is not whole", extra={"chat_id": due.chat.chat_id, "fault": fault})
    report.problems.append(f"chat {due.chat.chat_id}: {problem}")
