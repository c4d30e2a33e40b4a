"""Chasing end to end: reminders and notices over real carriers, until somebody answers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from rollcall.ledger.chat_tables import ChatMember
from rollcall.ledger.entries import NewAnswer, record_entries
from rollcall.ledger.messages import load_message
from rollcall.ledger.recording import load_audience
from rollcall.ledger.stopping import stop_message
from rollcall.ledger.tables import Attempt, Content, Delivery
from rollcall.sandbox.plan import CarrierPlan, MailPlan, SandboxPlan, make_plan
from rollcall.sandbox.servers import start_sandbox
from rollcall.sending.chasing import ChaseReport, chase
from rollcall.sending.steps import SendReport
from rollcall.wiring import App
from tests.integration.sending.apps import (
    MovedClock,
    accept,
    deliver,
    drain_queue,
    open_app,
    record,
    write_source,
)
from tests.integration.sending.sends import until

LADDER = [
    {"after_min": 10, "channels": ["email"]},
    {"after_min": 20, "channels": ["email", "sms"]},
    {"after_min": 30, "channels": ["email"], "notify": ["manager"]},
]

PEOPLE = ("p0", "p1", "p2", "p3")


@dataclass
class Scene:
    """A chat of p0 to p3: m0 manages Tokyo (p0, p1), m1 and m2 Paris (p2), nobody p3."""

    app: App
    clock: MovedClock
    source: Path

    def open_chat(self, ladder: list[dict[str, Any]], **options: Any) -> str:
        told = {
            "content": {"subject": "Flood {{ name }}", "text": "Are you safe?", "language": "en"},
            "selection": {"groups": ["staff"]},
            "options": {"ok_request": True, "include_sms": True, **options},
            "chat": {"ladder": ladder},
        }
        return accept(self.app, self.source, told).message_id

    def answer(self, message_id: str, person_id: str, said: Any = "ok", key: str = "1") -> None:
        chat_id = load_message(self.app.ledger, message_id).chat_id or ""
        entry = NewAnswer(chat_id, person_id, said, "page", key)
        assert record_entries(self.app.ledger, [entry], self.clock.now()) == ["recorded"]

    def chase(self) -> ChaseReport:
        return chase(self.app.steps)

    def texts(self, message_id: str) -> list[str]:
        with self.app.ledger.read() as connection:
            query = select(Content.text).where(Content.message_id == message_id)
            return list(connection.execute(query).scalars())

    def starts(self, message_id: str, person_id: str) -> list[datetime]:
        query = (
            select(Attempt.started_at)
            .join(Delivery, Delivery.delivery_id == Attempt.delivery_id)
            .where(Delivery.message_id == message_id, Delivery.person_id == person_id)
        )
        with self.app.ledger.read() as connection:
            return list(connection.execute(query).scalars())

    def all_starts(self, message_id: str) -> list[datetime]:
        return [one for person_id in PEOPLE for one in self.starts(message_id, person_id)]

    def told(self, message_id: str) -> list[str]:
        return [one.person_id for one in load_audience(self.app.ledger, message_id)]


def make_people(folder: Path) -> Path:
    people = [
        {"person_id": "p0", "facility_id": "tokyo", "groups": "staff", "name": "Ana {{ name }}"},
        {"person_id": "p1", "facility_id": "tokyo", "groups": "staff", "language": "de"},
        {"person_id": "p2", "facility_id": "paris", "groups": "staff"},
        {"person_id": "p3", "groups": "staff"},
        *({"person_id": one} for one in ("m0", "m1", "m2")),
    ]
    return write_source(folder, people, {"tokyo": ["m0"], "paris": ["m1", "m2"]})


@asynccontextmanager
async def open_scene(plan: SandboxPlan, ledger_url: str, folder: Path) -> AsyncIterator[Scene]:
    clock = MovedClock()
    with start_sandbox(plan, folder) as sandbox:
        async with open_app(folder, ledger_url, sandbox.routes_file, clock) as app:
            yield Scene(app, clock, make_people(folder / "source"))


@pytest.fixture
async def scene(ledger_url: str, tmp_path: Path) -> AsyncIterator[Scene]:
    async with open_scene(make_plan("clean", seed=1), ledger_url, tmp_path) as opened:
        yield opened


async def remind(scene: Scene) -> tuple[str, SendReport]:
    """Take the rung of the next ten minutes, and send its reminder."""
    scene.clock.move_by(minutes=10)
    [taken] = scene.chase().taken
    [reminder_id] = taken.reminder_ids
    assert taken.notice_ids == ()
    assert load_message(scene.app.ledger, reminder_id).kind == "chat_reminder"
    return reminder_id, await deliver(scene.app, reminder_id)


async def test_the_silent_are_reminded_over_the_channels_of_the_rung(scene: Scene) -> None:
    message_id = scene.open_chat(LADDER)
    await deliver(scene.app, message_id)
    assert scene.chase().taken == []

    scene.answer(message_id, "p3", "needs_help")
    first_id, report = await remind(scene)
    assert (report.state, report.counts) == ("sent", {"email": {"accepted": 3}})
    assert scene.told(first_id) == ["p0", "p1", "p2"]
    [german] = [text for text in scene.texts(first_id) if text.startswith("Wir haben noch")]
    assert "/c/" in german
    assert scene.chase().taken == []

    scene.answer(message_id, "p1")
    _, report = await remind(scene)
    assert report.counts == {"email": {"accepted": 2}, "sms": {"accepted": 2}}


async def test_managers_are_told_of_their_own_people_and_only_once(scene: Scene) -> None:
    message_id = scene.open_chat(LADDER)
    await deliver(scene.app, message_id)
    scene.answer(message_id, "p1")
    scene.clock.move_by(minutes=20)
    scene.chase()
    scene.clock.move_by(minutes=10)

    [taken] = scene.chase().taken

    assert taken.reminder_ids == ()
    for notice_id in taken.notice_ids:
        assert (await deliver(scene.app, notice_id)).state == "sent"
    notices = {tuple(scene.told(one)): scene.texts(one) for one in taken.notice_ids}
    [to_tokyo], [to_paris] = notices[("m0",)], notices[("m1", "m2")]
    assert len(notices) == 2
    assert ("Ana {{ name }}" in to_tokyo, "Person 2" in to_tokyo) == (True, False)
    assert ("Ana {{ name }}" in to_paris, "Person 2" in to_paris) == (False, True)
    assert "Person 1" not in to_tokyo + to_paris

    scene.clock.move_by(hours=5)
    assert scene.chase().taken == []


def test_who_nobody_is_responsible_for_is_said_loudly(scene: Scene) -> None:
    record(scene.app, scene.open_chat([{"after_min": 1, "notify": ["manager"]}]))
    scene.clock.move_by(minutes=1)

    report = scene.chase()

    assert len(report.taken[0].notice_ids) == 2
    [problem] = report.problems
    assert "nobody could be told of 1 who have not answered" in problem


def test_given_people_are_told_of_everybody_whether_members_or_not(scene: Scene) -> None:
    record(scene.app, scene.open_chat([{"after_min": 1, "notify": ["m1", "gone"]}]))
    scene.clock.move_by(minutes=1)

    [taken] = scene.chase().taken

    [notice_id] = taken.notice_ids
    record(scene.app, notice_id)
    assert scene.told(notice_id) == ["m1"]
    [text] = scene.texts(notice_id)
    assert all(f"Person {number}" in text for number in (1, 2, 3))


def test_rungs_that_were_missed_are_not_sent_one_after_another(scene: Scene) -> None:
    record(scene.app, scene.open_chat([*LADDER, {"after_min": 40}]))
    scene.clock.move_by(hours=12)

    [taken] = scene.chase().taken

    assert len(taken.reminder_ids) == 1
    assert len(taken.notice_ids) == 2
    assert scene.chase().taken == []


async def test_a_rung_that_falls_due_while_another_is_taken_is_not_lost(scene: Scene) -> None:
    record(scene.app, scene.open_chat(LADDER))
    scene.clock.move_by(minutes=29)
    scene.clock.leap_after_next(minutes=2)

    [first] = scene.chase().taken
    [last] = scene.chase().taken

    assert (len(first.reminder_ids), len(first.notice_ids)) == (1, 0)
    assert (len(last.reminder_ids), len(last.notice_ids)) == (0, 2)
    assert scene.chase().taken == []


async def test_chasing_at_once_takes_each_rung_once(scene: Scene) -> None:
    record(scene.app, scene.open_chat(LADDER))
    scene.clock.move_by(minutes=30)

    reports = await asyncio.gather(*(asyncio.to_thread(scene.chase) for _ in range(4)))

    [taken] = [one for report in reports for one in report.taken]
    assert (len(taken.reminder_ids), len(taken.notice_ids)) == (1, 2)
    accepted = {*taken.reminder_ids, *taken.notice_ids}
    assert set(scene.chase().unfinished_ids) == accepted


def test_a_channel_without_a_route_holds_up_no_other(scene: Scene) -> None:
    record(scene.app, scene.open_chat([{"after_min": 1, "channels": ["push", "email"]}]))
    scene.clock.move_by(minutes=1)
    assert len(scene.chase().taken) == 1


def test_a_rung_without_any_route_is_told_and_tried_again(scene: Scene) -> None:
    record(scene.app, scene.open_chat([{"after_min": 1, "channels": ["push"]}]))
    scene.clock.move_by(minutes=1)
    for _ in range(2):
        report = scene.chase()
        assert report.taken == []
        assert "no route is configured for push" in report.problems[0]


def test_a_rung_that_cannot_be_sent_holds_up_no_later_one(scene: Scene) -> None:
    ladder: list[dict[str, Any]] = [
        {"after_min": 10, "channels": ["push"]},
        {"after_min": 20, "notify": ["manager"]},
    ]
    record(scene.app, scene.open_chat(ladder))
    scene.clock.move_by(minutes=10)
    assert scene.chase().taken == []
    scene.clock.move_by(minutes=10)

    report = scene.chase()

    [taken] = report.taken
    assert len(taken.notice_ids) == 2
    assert any("after 10 min: no route is configured for push" in one for one in report.problems)
    assert scene.chase().problems == []


def test_a_notice_that_cannot_be_made_holds_up_no_reminder_and_is_tried_again(
    scene: Scene,
) -> None:
    ladder: list[dict[str, Any]] = [
        {"after_min": 10},
        {"after_min": 20, "channels": ["push"], "notify": ["manager"]},
    ]
    record(scene.app, scene.open_chat(ladder))
    scene.clock.move_by(minutes=20)

    first, second = scene.chase(), scene.chase()

    [taken] = first.taken
    assert (len(taken.reminder_ids), taken.notice_ids) == (1, ())
    assert second.taken == []
    for report in (first, second):
        assert any("after 20 min: no route is configured" in one for one in report.problems)


async def test_when_everybody_answers_before_it_leaves_nobody_is_reminded(scene: Scene) -> None:
    message_id = scene.open_chat(LADDER)
    await deliver(scene.app, message_id)
    scene.clock.move_by(minutes=10)
    [taken] = scene.chase().taken
    for number in range(4):
        scene.answer(message_id, f"p{number}")

    with pytest.raises(Exception, match="everybody has answered"):
        record(scene.app, taken.reminder_ids[0])


async def test_an_answer_between_freezing_and_recording_is_heeded(scene: Scene) -> None:
    message_id = scene.open_chat(LADDER)
    record(scene.app, message_id)
    scene.clock.move_by(minutes=10)
    [taken] = scene.chase().taken
    [reminder_id] = taken.reminder_ids
    scene.app.steps.claim_message(reminder_id)
    scene.app.steps.load_snapshot(reminder_id)
    scene.app.steps.select_audience(reminder_id)
    scene.answer(message_id, "p0")
    scene.app.steps.record_first(reminder_id)

    report = await drain_queue(scene.app, reminder_id)

    assert report.counts == {"email": {"accepted": 3, "stopped": 1}}
    assert scene.starts(reminder_id, "p0") == []


async def test_an_answer_stops_a_reminder_that_waits_for_a_carrier_that_is_down(
    ledger_url: str, tmp_path: Path
) -> None:
    plan = SandboxPlan(
        carriers=(CarrierPlan(name="alpha"),), mail_servers=(MailPlan(is_down=True),)
    )
    async with open_scene(plan, ledger_url, tmp_path) as scene:
        message_id = scene.open_chat(LADDER)
        record(scene.app, message_id)
        scene.clock.move_by(minutes=10)
        [taken] = scene.chase().taken
        [reminder_id] = taken.reminder_ids
        record(scene.app, reminder_id)
        sending = asyncio.create_task(drain_queue(scene.app, reminder_id))
        await until(lambda: any(scene.starts(reminder_id, one) for one in PEOPLE))

        scene.answer(message_id, "p0")
        answered_at = scene.clock.now()
        before_count = len(scene.all_starts(reminder_id))
        await until(lambda: len(scene.all_starts(reminder_id)) >= before_count + 3)

        assert all(one <= answered_at for one in scene.starts(reminder_id, "p0"))
        for person_id in PEOPLE[1:]:
            scene.answer(message_id, person_id)
        async with asyncio.timeout(60):
            report = await sending
        assert (report.state, report.counts) == ("sent", {"email": {"stopped": 4}})


def test_whoever_takes_their_answer_back_is_chased_from_the_next_rung_on(scene: Scene) -> None:
    message_id = scene.open_chat(LADDER)
    record(scene.app, message_id)
    for number in range(4):
        scene.answer(message_id, f"p{number}")
    scene.clock.move_by(minutes=15)
    assert scene.chase().taken == []
    scene.answer(message_id, "p0", "none", "2")
    assert scene.chase().taken == []

    scene.clock.move_by(minutes=5)
    [taken] = scene.chase().taken

    record(scene.app, taken.reminder_ids[0])
    assert scene.told(taken.reminder_ids[0]) == ["p0"]
    with scene.app.ledger.read() as connection:
        query = select(ChatMember.chase_count).where(ChatMember.person_id == "p0")
        assert connection.execute(query).scalar_one() == 2


def test_nobody_is_reminded_of_an_invitation_that_was_stopped(scene: Scene) -> None:
    message_id = scene.open_chat(LADDER)
    record(scene.app, message_id)
    stop_message(scene.app.ledger, message_id, scene.clock.now())
    scene.clock.move_by(minutes=30)

    assert scene.chase().taken == []
