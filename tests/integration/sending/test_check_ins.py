"""Check-ins end to end: everybody is asked at their own hour, and whoever is missing is told of."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from rollcall.domain.check_in_times import parse_days
from rollcall.domain.message import MessageRequest
from rollcall.domain.reminder_texts import write_question
from rollcall.ledger.app_reports import open_emergency
from rollcall.ledger.chat_tables import CheckIn, CheckInRound
from rollcall.ledger.chats import load_chat
from rollcall.ledger.check_in_rounds import list_rounds, read_asked
from rollcall.ledger.check_ins import (
    CheckInRecord,
    NewCheckIn,
    add_check_in,
    end_check_in,
    find_check_in,
)
from rollcall.ledger.entries import NewAnswer, record_entries
from rollcall.ledger.messages import load_message
from rollcall.ledger.recording import load_audience
from rollcall.ledger.tables import Content
from rollcall.sandbox.plan import make_plan
from rollcall.sandbox.servers import start_sandbox
from rollcall.sending.check_ins import CheckInReport, run_check_ins
from rollcall.wiring import App
from tests.integration.sending.apps import (
    MovedClock,
    deliver,
    open_app,
    record,
    write_source,
)

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
ZONES = {"b0": "Europe/Berlin", "b1": "Europe/Berlin", "t0": "Asia/Tokyo", "n0": "", "x0": "Mars"}


@dataclass
class Office:
    """People in Berlin, Tokyo, nowhere and on Mars; `boss` is told of them."""

    app: App
    clock: MovedClock
    source: Path

    def move_in(self, zones: dict[str, str]) -> None:
        people = [
            {"person_id": one, "groups": "staff", "time_zone": zone} for one, zone in zones.items()
        ]
        write_source(self.source, [*people, {"person_id": "boss"}], {})

    def add(self, name: str = "Morning", **changes: Any) -> CheckInRecord:
        told: dict[str, Any] = {
            "asked_at": "08:00",
            "asked_on": parse_days("mon-fri"),
            "time_zone": "UTC",
            "grace_min": 60,
            "notify": ["boss"],
            "source": str(self.source),
        }
        selection = changes.pop("selection", {"groups": ["staff"]})
        request = MessageRequest.model_validate(
            {
                "content": write_question(name).model_dump(),
                "selection": selection,
                "options": {"ok_request": True},
            }
        )
        new = NewCheckIn(name, request, **(told | changes))
        return add_check_in(self.app.ledger, new, self.clock.now())

    def run(self, at: datetime | None = None) -> CheckInReport:
        if at is not None:
            self.clock.move_to(at)
        return run_check_ins(self.app.steps)

    def asked(self, check_in: CheckInRecord) -> dict[str, list[str]]:
        """Return who was asked, by zone and hour of the day in UTC."""
        rounds = list_rounds(self.app.ledger, check_in.check_in_id)
        return {
            f"{one.time_zone} {one.due_at:%d %H:%M}": self.meant(one.message_id)
            for one in rounds
            if one.message_id
        }

    def meant(self, message_id: str) -> list[str]:
        people = load_message(self.app.ledger, message_id).request["selection"]["people"]
        return sorted(people)

    def answer(self, message_id: str, person_id: str, said: Any, key: str = "1") -> None:
        chat_id = load_message(self.app.ledger, message_id).chat_id or ""
        entry = NewAnswer(chat_id, person_id, said, "page", key)
        assert record_entries(self.app.ledger, [entry], self.clock.now()) == ["recorded"]

    def notices(self) -> list[tuple[list[str], str]]:
        """Return the notices that wait to be sent: to whom, and the English text."""
        found = []
        for message_id in run_check_ins(self.app.steps).unfinished_ids:
            message = load_message(self.app.ledger, message_id)
            if not message.idempotency_key.endswith(":ask"):
                record(self.app, message_id)
                told = [one.person_id for one in load_audience(self.app.ledger, message_id)]
                with self.app.ledger.read() as connection:
                    query = select(Content.text).where(Content.message_id == message_id)
                    found.append((told, connection.execute(query).scalar_one()))
        return found


@pytest.fixture
async def office(ledger_url: str, tmp_path: Path) -> AsyncIterator[Office]:
    clock = MovedClock()
    clock.move_to(MONDAY - timedelta(hours=12))
    with start_sandbox(make_plan("clean", seed=1), tmp_path) as sandbox:
        async with open_app(tmp_path, ledger_url, sandbox.routes_file, clock) as app:
            opened = Office(app, clock, tmp_path / "source")
            opened.move_in(ZONES)
            yield opened


def at(hour: int, minute: int = 0, day: int = 0) -> datetime:
    return MONDAY + timedelta(days=day, hours=hour, minutes=minute)


def test_everybody_is_asked_at_their_own_hour_and_nobody_falls_between_zones(
    office: Office,
) -> None:
    check_in = office.add()
    for minute in range(-60, 9 * 60, 20):
        office.run(MONDAY + timedelta(minutes=minute))

    assert office.asked(check_in) == {
        "Asia/Tokyo 22 23:00": ["t0"],
        "Europe/Berlin 23 07:00": ["b0", "b1"],
        "UTC 23 08:00": ["n0", "x0"],
    }


def test_what_was_reported_with_the_app_decides_who_is_asked(office: Office) -> None:
    office.clock.move_to(at(0))
    check_in = office.add(selection={"filters": [{"emergency": True}]})
    open_emergency(office.app.ledger, "n0", "1", office.clock.now())

    office.run(at(8))

    assert office.asked(check_in) == {"UTC 23 08:00": ["n0"]}


def test_a_zone_that_is_not_known_is_told(office: Office) -> None:
    office.add()
    problems = office.run(at(8)).problems
    assert any("1 people have an unknown time zone 'Mars': asked as in UTC" in p for p in problems)


async def test_whoever_looks_at_the_same_time_asks_once(office: Office) -> None:
    check_in = office.add()
    office.clock.move_to(at(8))

    reports = await asyncio.gather(*(asyncio.to_thread(office.run) for _ in range(4)))

    asked = [(one.time_zone, one.people_count) for report in reports for one in report.asked]
    assert sorted(asked) == [("UTC", 2)]
    assert office.run().asked == []
    assert sorted(office.asked(check_in)) == ["UTC 23 08:00"]


def test_a_round_that_is_too_late_is_not_asked_but_told(office: Office) -> None:
    office.clock.move_to(at(0))
    check_in = office.add()

    report = office.run(at(8, 30))

    assert [one.time_zone for one in report.asked] == ["UTC"]
    assert [(one.time_zone, one.people_count) for one in report.not_asked] == [("Europe/Berlin", 2)]
    assert any("not asked in time: Europe/Berlin" in problem for problem in report.problems)
    [skipped] = [
        one for one in list_rounds(office.app.ledger, check_in.check_in_id) if not one.message_id
    ]
    assert (skipped.missed, skipped.settled_at is not None) == (["b0", "b1"], True)
    [(told, text)] = office.notices()
    assert told == ["boss"]
    assert text.startswith("Not asked (2): Morning")
    assert office.run().not_asked == []


def test_who_moves_to_another_zone_is_not_asked_twice_a_day(office: Office) -> None:
    office.clock.move_to(at(0))
    check_in = office.add()
    office.run(at(7))
    office.move_in(ZONES | {"b0": "UTC", "n0": "Europe/Berlin"})
    office.run(at(8))

    assert office.asked(check_in) == {
        "Europe/Berlin 23 07:00": ["b0", "b1"],
        "UTC 23 08:00": ["x0"],
    }
    office.run(at(7, day=1))
    office.run(at(8, day=1))
    assert office.asked(check_in)["UTC 24 08:00"] == ["b0", "x0"]
    assert office.asked(check_in)["Europe/Berlin 24 07:00"] == ["b1", "n0"]


async def test_who_does_not_answer_is_listed_and_told_of_once(office: Office) -> None:
    office.clock.move_to(at(0))
    check_in = office.add()
    [asked_id] = office.run(at(7)).unfinished_ids
    assert (await deliver(office.app, asked_id)).counts == {"email": {"accepted": 2}}
    office.answer(asked_id, "b0", "ok")
    assert office.run(at(7, 59)).settled == []

    report = office.run(at(8, 1))

    settled = [(one.time_zone, one.people_count) for one in report.settled]
    assert settled == [("Europe/Berlin", 1)]
    [(told, text)] = office.notices()
    assert (told, "Person 1" in text, "Person 0" in text) == (["boss"], True, False)
    assert office.run(at(9, 0)).settled == []
    last = list_rounds(office.app.ledger, check_in.check_in_id)[-1]
    assert last.missed == ["b1"]


async def test_a_settled_round_takes_late_answers_for_a_day_and_is_archived(
    office: Office,
) -> None:
    office.clock.move_to(at(0))
    office.add()
    [asked_id] = office.run(at(7)).unfinished_ids
    record(office.app, asked_id)
    chat_id = load_message(office.app.ledger, asked_id).chat_id or ""
    end_check_in(office.app.ledger, "Morning", office.clock.now())
    office.run(at(20))  # settled late: those who are missing have their day all the same
    office.run(at(19, 59, day=1))
    office.answer(asked_id, "b0", "ok")
    assert load_chat(office.app.ledger, chat_id).archived_at is None

    office.run(at(20, 1, day=1))

    archived_at = load_chat(office.app.ledger, chat_id).archived_at
    assert archived_at is not None
    entry = NewAnswer(chat_id, "b1", "ok", "page", "too late")
    assert record_entries(office.app.ledger, [entry], office.clock.now()) != ["recorded"]
    office.run(at(20, 30, day=1))
    assert load_chat(office.app.ledger, chat_id).archived_at == archived_at
    answers = {one.person_id: one.answer for one in read_asked(office.app.ledger, asked_id)}
    assert answers == {"b0": "ok", "b1": "none"}


def test_an_open_round_is_not_archived_however_late_it_is(office: Office) -> None:
    office.clock.move_to(at(0))
    office.add(notify=["nobody"])  # whoever is to be told is gone: it cannot be settled
    [asked_id] = office.run(at(7)).unfinished_ids
    record(office.app, asked_id)
    chat_id = load_message(office.app.ledger, asked_id).chat_id or ""

    assert office.run(at(7, 1, day=3)).problems

    assert load_chat(office.app.ledger, chat_id).archived_at is None


async def test_who_needs_help_is_told_of_at_once_and_late_too(office: Office) -> None:
    office.clock.move_to(at(0))
    office.add()
    [asked_id] = office.run(at(7)).unfinished_ids
    record(office.app, asked_id)

    office.answer(asked_id, "b0", "needs_help")
    assert office.run().help_count == 1
    assert office.run().help_count == 0
    [(told, text)] = office.notices()
    assert told == ["boss"]
    assert text.startswith("Needs help (1): Morning\n\nPerson 0")

    office.run(at(9))
    office.answer(asked_id, "b1", "needs_help", "late")
    office.answer(asked_id, "b0", "ok", "2")
    office.answer(asked_id, "b0", "needs_help", "3")
    assert office.run().help_count == 2


def test_people_whom_no_sender_ever_reached_are_missing(office: Office) -> None:
    office.clock.move_to(at(0))
    office.add()
    office.run(at(7))  # accepted, and then the sender was off
    report = office.run(at(8, 30))
    settled = {one.time_zone: one.people_count for one in report.settled}
    assert settled == {"Europe/Berlin": 2}


def test_a_broken_source_asks_whom_it_knew(office: Office) -> None:
    office.clock.move_to(at(0))
    check_in = office.add()
    office.run(at(0, 30))
    office.run(at(7))
    (office.source / "people.csv").write_text("nonsense")

    report = office.run(at(8))

    assert office.asked(check_in)["UTC 23 08:00"] == ["n0", "x0"]
    assert any("people.csv" in problem for problem in report.problems)


def test_a_source_that_never_was_is_told_and_asked_as_soon_as_it_is_there(office: Office) -> None:
    office.clock.move_to(at(0))
    check_in = office.add(source=str(office.source.with_name("elsewhere")))
    assert office.run(at(8)).problems
    assert office.asked(check_in) == {}
    office.source.rename(office.source.with_name("elsewhere"))

    office.run(at(8, 20))

    assert office.asked(check_in) == {"UTC 23 08:00": ["n0", "x0"]}
    assert find_check_in(office.app.ledger, "morning").looked_until_at >= at(8, 20)


def test_an_ended_check_in_asks_nobody_but_settles(office: Office) -> None:
    office.clock.move_to(at(0))
    check_in = office.add()
    office.run(at(7))
    end_check_in(office.app.ledger, "MORNING", office.clock.now())

    report = office.run(at(8, 30))

    assert (report.asked, [one.people_count for one in report.settled]) == ([], [2])
    assert sorted(office.asked(check_in)) == ["Europe/Berlin 23 07:00"]
    assert office.add().check_in_id != check_in.check_in_id


def test_nobody_is_asked_at_the_weekend_who_works_in_the_week(office: Office) -> None:
    office.clock.move_to(at(9, day=4))
    office.add()
    for hours in range(0, 52, 4):
        assert office.run(at(9, day=4) + timedelta(hours=hours)).asked == []


@pytest.mark.parametrize("backend", ["sqlite"])
@settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    looks=st.lists(st.integers(1, 50), min_size=6, max_size=14),
    begin=st.sampled_from([datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 10, 24, tzinfo=UTC)]),
    hour=st.sampled_from(["00:30", "02:30", "08:00"]),
)
def test_across_clock_changes_everybody_is_asked_once_a_day(
    office: Office, looks: list[int], begin: datetime, hour: str, backend: str
) -> None:
    del backend
    office.clock.move_to(begin)
    check_in = office.add(asked_at=hour, asked_on=[0, 1, 2, 3, 4, 5, 6], grace_min=24 * 60)
    now = begin
    for minutes in [*(20 * one for one in looks), 26 * 60]:
        now += timedelta(minutes=minutes)
        office.run(now)

    asked: Counter[tuple[str, str]] = Counter()
    for one in list_rounds(office.app.ledger, check_in.check_in_id, limit=500):
        people = office.meant(one.message_id) if one.message_id else one.missed
        asked.update((person, f"{one.due_at:%Y%m%d%H%M}") for person in people)
    assert set(asked.values()) == {1}
    by_person = Counter(person for person, _ in asked)
    days = (now - begin) / timedelta(days=1)
    assert by_person.keys() == ZONES.keys()
    assert all(days - 1 <= count <= days + 1 for count in by_person.values())
    with office.app.ledger.write() as connection:
        connection.execute(delete(CheckInRound))
        connection.execute(delete(CheckIn))
