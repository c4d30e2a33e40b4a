"""Scheduled check-ins: ask everybody at their own hour, see who is missing, and tell so."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

from rollcall.domain.check_in_times import day_of, list_due
from rollcall.errors import LedgerError, RollcallError
from rollcall.ledger.chasing import Silent, list_unfinished
from rollcall.ledger.chats import archive_chat
from rollcall.ledger.check_in_rounds import (
    HelpWanted,
    NewRound,
    RoundKey,
    RoundRecord,
    known_keys,
    list_closed,
    list_help_wanted,
    list_spent_chats,
    open_round,
    settle_round,
    skip_round,
)
from rollcall.ledger.check_ins import (
    CheckInRecord,
    list_check_ins,
    load_check_in,
    note_looked,
)
from rollcall.ledger.messages import NewMessage, accept_message
from rollcall.sending.check_in_letters import (
    KEY_PREFIX,
    CheckInLetters,
    help_key,
    prepare_letters,
)
from rollcall.sending.check_in_people import AskedPeople, find_asked
from rollcall.sending.steps import SendSteps
from rollcall.sources.people_facts import known_time_zones

LOOK_BACK: Final = timedelta(days=7)
"""Moments that were missed are listed, but not those of a machine that was off for months."""

LATE_ANSWERS_FOR: Final = timedelta(hours=24)
"""After a round is settled; then it is archived, or everybody would be in more and more of them."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RoundNews:
    """What became of a round in this look; `people_count` are asked, missing, or not asked."""

    check_in_id: str
    name: str
    due_at: datetime
    time_zone: str
    people_count: int


@dataclass(slots=True)
class CheckInReport:
    """What one look has come to; holds no personal data but the names of check-ins.

    Attributes:
        asked: Rounds that were asked.
        not_asked: Rounds whose moment was too long ago.
        settled: Rounds that have closed.
        help_count: How many newly say that they need help.
        problems: One sentence for each thing that is wrong.
        unfinished_ids: The messages of this and of earlier looks that are to be sent on.
    """

    asked: list[RoundNews] = field(default_factory=list)
    not_asked: list[RoundNews] = field(default_factory=list)
    settled: list[RoundNews] = field(default_factory=list)
    help_count: int = 0
    problems: list[str] = field(default_factory=list)
    unfinished_ids: list[str] = field(default_factory=list)

    def complain(self, check_in: CheckInRecord, problem: str, fault: str = "incomplete") -> None:
        """Tell an operator; the log, which others read too, gets no words of theirs."""
        told = {"check_in_id": check_in.check_in_id, "fault": fault}
        log.warning("a check-in is not whole", extra=told)
        self.problems.append(f"check-in {check_in.name!r}: {problem}")

    def attempt(self, check_in: CheckInRecord, do: Callable[[], None]) -> bool:
        """Do something for a check-in; what is wrong with it holds up nothing else.

        Returns:
            Whether it was done.

        Raises:
            LedgerError: The ledger does not answer.
        """
        try:
            do()
        except LedgerError:
            raise
        except RollcallError as error:
            self.complain(check_in, str(error), type(error).__name__)
            return False
        return True


def run_check_ins(steps: SendSteps) -> CheckInReport:
    """Tell of those who need help, ask who is due, settle what has closed; safe to do twice.

    Rounds that were settled a day ago are archived.

    A check-in with which something is wrong does not hold up the others, and is looked at again
    with each round.

    Raises:
        LedgerError: The ledger does not answer.
    """
    report, ledger = CheckInReport(), steps.ledger
    for wanted in list_help_wanted(ledger, steps.clock.now()):
        check_in = load_check_in(ledger, wanted.check_in_id)
        report.attempt(check_in, partial(_tell_help, steps, check_in, wanted, report))
    for check_in in list_check_ins(ledger):
        report.attempt(check_in, partial(_ask_due, steps, check_in, report))
    for closed in list_closed(ledger, steps.clock.now()):
        check_in = load_check_in(ledger, closed.check_in_id)
        report.attempt(check_in, partial(_settle, steps, check_in, closed, report))
    for chat_id in list_spent_chats(ledger, steps.clock.now() - LATE_ANSWERS_FOR):
        archive_chat(ledger, chat_id, steps.clock.now())
    report.unfinished_ids = list_unfinished(ledger, KEY_PREFIX, steps.clock.now())
    return report


def list_due_zones(
    check_in: CheckInRecord, after: datetime, until: datetime
) -> dict[str, list[datetime]]:
    """Return the moments at which a check-in was due, by time zone, of zones that had any."""
    due = {
        name: list(list_due(check_in.at, check_in.asked_on, zone, after, until))
        for name, zone in known_time_zones().items()
    }
    return {name: moments for name, moments in due.items() if moments}


def _ask_due(steps: SendSteps, check_in: CheckInRecord, report: CheckInReport) -> None:
    now = steps.clock.now()
    after = check_in.looked_until_at
    if after < now - LOOK_BACK:
        report.complain(check_in, f"nobody looked since {after:%Y-%m-%d}: older rounds are lost")
        after = now - LOOK_BACK
    due = list_due_zones(check_in, after, now)
    if not due or _ask_zones(steps, check_in, due, report):
        note_looked(steps.ledger, check_in.check_in_id, now)


def _ask_zones(
    steps: SendSteps,
    check_in: CheckInRecord,
    due: Mapping[str, Sequence[datetime]],
    report: CheckInReport,
) -> bool:
    """Ask everybody who is due; return whether all rounds are in the ledger now."""
    now = steps.clock.now()
    people = find_asked(steps, check_in.asks, Path(check_in.source), check_in.time_zone, now)
    letters = prepare_letters(steps, check_in, people.source)
    asking = _Asking(steps, check_in, people, letters, report, now)
    asking.tell_doubts()
    rounds = [
        (zone, due_at)
        for zone in sorted(due.keys() & people.groups.by_zone.keys())
        for due_at in due[zone]
    ]
    done = [report.attempt(check_in, partial(asking.ask, *one)) for one in rounds]
    return all(done)


@dataclass(frozen=True, slots=True)
class _Asking:
    """One check-in in one look."""

    steps: SendSteps
    check_in: CheckInRecord
    people: AskedPeople
    letters: CheckInLetters
    report: CheckInReport
    now: datetime

    def tell_doubts(self) -> None:
        """Say what was not as it should be, and what was done instead."""
        if self.people.source.problem:
            self.report.complain(self.check_in, self.people.source.problem)
        for name, count in self.people.groups.unknown.items():
            fallback = self.check_in.time_zone
            told = f"{count} people have an unknown time zone {name!r}: asked as in {fallback}"
            self.report.complain(self.check_in, told)

    def ask(self, zone: str, due_at: datetime) -> None:
        """Ask a round, or record that it is too late to."""
        grace = timedelta(minutes=self.check_in.grace_min)
        key = RoundKey(self.check_in.check_in_id, due_at, zone)
        new = NewRound(key, self.now + grace, self.people.groups.by_zone[zone])
        if self.now - due_at > grace:
            self._skip(replace(new, closes_at=due_at + grace))
            return
        self.letters.require_routes()

        def make(person_ids: Sequence[str]) -> NewMessage:
            return self.letters.ask(key, person_ids, new.closes_at)

        record = open_round(self.steps.ledger, new, self._on_day_of(key), make, self.now)
        if record is not None:
            count = len(record.request["selection"]["people"])
            self.report.asked.append(_news(self.check_in, key, count))

    def _skip(self, new: NewRound) -> None:
        told = f"{new.key.time_zone}, {new.key.due_at:%Y-%m-%d %H:%M} UTC: {len(new.person_ids)}"
        notice = self.letters.tell_not_asked(new.key, told, len(new.person_ids))
        if skip_round(self.steps.ledger, new, notice, self.now):
            count = len(new.person_ids)
            self.report.not_asked.append(_news(self.check_in, new.key, count))
            self.report.complain(self.check_in, f"not asked in time: {told} people")

    def _on_day_of(self, key: RoundKey) -> Callable[[datetime, str], bool]:
        at, zones = self.check_in.at, known_time_zones()
        day = day_of(key.due_at, at, zones[key.time_zone])

        def is_same_day(due_at: datetime, zone: str) -> bool:
            return zone in zones and day_of(due_at, at, zones[zone]) == day

        return is_same_day


def _settle(
    steps: SendSteps, check_in: CheckInRecord, closed: RoundRecord, report: CheckInReport
) -> None:
    letters = prepare_letters(steps, check_in)

    def make(silent: Sequence[Silent]) -> NewMessage | None:
        return letters.tell_silent(closed.key, silent)

    missed = settle_round(steps.ledger, closed.key, make, steps.clock.now())
    if missed is not None:
        report.settled.append(_news(check_in, closed.key, len(missed)))


def _tell_help(
    steps: SendSteps, check_in: CheckInRecord, wanted: HelpWanted, report: CheckInReport
) -> None:
    """Tell of one who needs help, once for each time they say so."""
    key = help_key(wanted)
    if not check_in.notify or known_keys(steps.ledger, [key]):
        return
    notice = prepare_letters(steps, check_in).tell_help(key, wanted)
    if notice is not None and accept_message(steps.ledger, notice, steps.clock.now())[1]:
        report.help_count += 1


def _news(check_in: CheckInRecord, key: RoundKey, people_count: int) -> RoundNews:
    return RoundNews(check_in.check_in_id, check_in.name, key.due_at, key.time_zone, people_count)
