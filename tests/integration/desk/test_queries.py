"""What the views read, asked of both back ends."""

from collections.abc import Callable
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from sqlalchemy import event, update

from dashboards.queries.counts import KeptAnswers
from dashboards.queries.figures import Figures
from dashboards.queries.last_uses import find_last_use_of_filter, find_last_use_of_template
from dashboards.queries.messages import MessageQuery, list_followers, mark_of, read_messages
from dashboards.queries.progress import group_counts, list_open_messages
from dashboards.queries.recipients import RecipientQuery, iterate_recipients, read_recipients
from rollcall.domain.delivery import STATUSES
from rollcall.domain.message_templates import parse_settings
from rollcall.domain.selection import parse_selection
from rollcall.errors import LedgerError
from rollcall.ledger.engine import Ledger
from rollcall.ledger.log import count_statuses
from rollcall.ledger.messages import accept_message, set_state
from rollcall.ledger.queue import claim_due
from rollcall.ledger.saved_filters import save_filter
from rollcall.ledger.tables import AudienceMember, Delivery, Message
from rollcall.ledger.templates import save_template
from tests.integration.ledger.records import (
    NOW,
    a_message,
    an_audience,
    begin,
    contents_of,
    deliveries_to,
    finish,
    finished,
    freeze_audience,
    queue_message,
    record_deliveries,
)
from tests.people import phone_of


def take_over(ledger: Ledger, message_id: str, count: int) -> None:
    """Let a route take over so many deliveries, one a second."""
    for number, claimed in enumerate(claim_due(ledger, message_id, "run", count, NOW), 1):
        attempt_id = begin(ledger, "run", claimed.delivery_id) or ""
        done = finished(claimed.delivery_id, "accepted")
        finish(ledger, "run", attempt_id, "accepted", done, NOW + timedelta(seconds=number))


def test_messages_come_a_page_at_a_time_newest_first(ledger: Ledger) -> None:
    for number in range(5):  # two in each moment
        now = NOW + timedelta(seconds=number // 2)
        accept_message(ledger, a_message(f"k{number}"), now)
    read = read_messages(ledger, MessageQuery(), 2)
    while page := read_messages(ledger, MessageQuery(), 2, mark_of(read[-1])):
        read += page
    assert read == read_messages(ledger, MessageQuery(), 9)
    assert len({one.message_id for one in read}) == 5
    assert read[0].accepted_at == NOW + timedelta(seconds=2)


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        (MessageQuery("QUAKE"), 1), (MessageQuery("100%"), 1), (MessageQuery("%"), 1),
        (MessageQuery("_"), 0), (MessageQuery("nothing"), 0), (MessageQuery(kinds=("one_way",)), 2),
        (MessageQuery(kinds=("chat_notice",)), 1), (MessageQuery(states=("sent",)), 0),
        (MessageQuery(since=NOW + timedelta(seconds=1)), 0), (MessageQuery("m2026"), 3),
    ],
)  # fmt: skip
def test_messages_are_found_by_what_is_asked(
    ledger: Ledger, asked: MessageQuery, count: int
) -> None:
    for key, subject, kind in (
        ("a", "Quake in Tokyo", "one_way"),
        ("b", "100% sure", "one_way"),
        ("c", "Post", "chat_notice"),
    ):
        request = {"content": {"subject": subject, "text": "x"}}
        accept_message(ledger, a_message(key, request=request, kind=kind), NOW)
    assert len(read_messages(ledger, asked, 9)) == count


def test_followers_are_listed_oldest_first(ledger: Ledger) -> None:
    first, _ = accept_message(ledger, a_message("first"), NOW)
    for number in (2, 1):
        at = NOW + timedelta(minutes=number)
        accept_message(ledger, a_message(f"f{number}", follows_message_id=first.message_id), at)
    told = [one.idempotency_key for one in list_followers(ledger, first.message_id)]
    assert told == ["f1", "f2"]


def test_recipients_come_with_deliveries_and_tries(ledger: Ledger) -> None:
    message_id = queue_message(ledger, 3, "sms", "email")
    take_over(ledger, message_id, 2)
    found = read_recipients(ledger, RecipientQuery(message_id), 9)
    assert [one.person_id for one in found] == ["p0000", "p0001", "p0002"]
    assert all([one.channel for one in row.deliveries] == ["email", "sms"] for row in found)
    tries = [attempt for row in found for one in row.deliveries for attempt in one.tries]
    assert [one.route_id for one in tries] == ["alpha", "alpha"]
    assert list(iterate_recipients(ledger, RecipientQuery(message_id))) == found
    assert read_recipients(ledger, RecipientQuery(message_id), 9, "p0001") == found[2:]


def test_a_delivery_that_another_stands_for_shows_the_tries_of_that_one(ledger: Ledger) -> None:
    message_id = queue_message(ledger, 2)
    first, second = (
        row.deliveries[0] for row in read_recipients(ledger, RecipientQuery(message_id), 9)
    )
    with ledger.write() as connection:
        same = update(Delivery).where(Delivery.delivery_id == second.delivery_id)
        connection.execute(same.values(same_as=first.delivery_id, next_attempt_at=None))
    take_over(ledger, message_id, 1)
    found = read_recipients(ledger, RecipientQuery(message_id), 9)
    assert found[1].deliveries[0].leader_name == "Person 0"
    assert found[1].deliveries[0].tries == found[0].deliveries[0].tries != []


@pytest.mark.parametrize(
    ("asked", "ids"),
    [
        ({"text": "PERSON 1"}, ["p0001"]), ({"text": "p0002"}, ["p0002"]),
        ({"text": phone_of(0)}, ["p0000"]), ({"text": "p1@example.org"}, ["p0001"]),
        ({"text": "person"}, ["p0000", "p0001", "p0002"]), ({"text": "%"}, []),
        ({"status": "accepted"}, ["p0000", "p0001"]), ({"status": "delivered"}, []),
        ({"channel": "email", "status": "waiting"}, []),
        ({"channel": "sms", "status": "waiting"}, ["p0002"]),
    ],
)  # fmt: skip
def test_recipients_are_found_by_what_is_asked(
    ledger: Ledger, asked: dict[str, str], ids: list[str]
) -> None:
    message_id = queue_message(ledger, 3)
    done = [row.deliveries[0] for row in read_recipients(ledger, RecipientQuery(message_id), 2)]
    with ledger.write() as connection:
        accepted = update(Delivery).where(Delivery.delivery_id.in_([o.delivery_id for o in done]))
        connection.execute(accepted.values(status="accepted"))
    found = read_recipients(ledger, RecipientQuery(message_id, **asked), 9)
    assert [one.person_id for one in found] == ids


@pytest.mark.parametrize("channel", [None, "sms", "email", "push"])
def test_recipients_are_found_by_what_became_of_them(ledger: Ledger, channel: str | None) -> None:
    message_id = queue_message(ledger, len(STATUSES), "sms", "email")
    ids = [one.person_id for one in read_recipients(ledger, RecipientQuery(message_id), 99)]
    of_sms = dict(zip(ids, STATUSES, strict=True))
    queue_message(ledger, len(STATUSES), "sms", key="others")
    with ledger.write() as connection:
        for person_id, status in of_sms.items():
            is_theirs = (Delivery.person_id == person_id) & (Delivery.channel == "sms")
            of_others = is_theirs & (Delivery.message_id != message_id)
            connection.execute(update(Delivery).where(is_theirs).values(status=status))
            connection.execute(update(Delivery).where(of_others).values(status="stopped"))

    def became(person_id: str) -> set[str]:
        told = {"sms": of_sms[person_id], "email": "waiting"}
        return {status for its, status in told.items() if channel in (None, its)}

    for wanted in (None, *STATUSES):
        asked = RecipientQuery(message_id, channel=channel, status=wanted)
        expected = [one for one in ids if (wanted in became(one) if wanted else became(one))]
        found = read_recipients(ledger, asked, 99)
        assert [one.person_id for one in found] == expected, wanted
        rest = read_recipients(ledger, asked, 99, ids[2])
        assert [one.person_id for one in rest] == [one for one in expected if one > ids[2]]


@pytest.mark.parametrize("backend", ["sqlite"])
@pytest.mark.parametrize("status", ["not_delivered", "unconfirmed", "not_attempted", "stopped"])
def test_whom_nothing_reached_is_found_by_an_index(ledger: Ledger, status: str) -> None:
    """PostgreSQL reads as small a table as this one as a whole."""
    message_id = queue_message(ledger)
    with ledger.write() as connection:
        connection.execute(update(Delivery).values(status=status))
    executed: list[tuple[str, Any]] = []
    event.listen(
        ledger.engine, "before_cursor_execute", lambda *told: executed.append((told[2], told[3]))
    )
    asked = RecipientQuery(message_id, status=status)
    assert len(read_recipients(ledger, asked, 9)) == 1
    looked = [told for told in executed if ".via" in told[0]]
    assert len(looked) == 1
    with ledger.read() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {looked[0][0]}", looked[0][1])
        steps = [row[3] for row in plan]
    assert any("ix_deliveries_missed (message_id=? AND status=?)" in one for one in steps), steps


def test_progress_adds_up_and_tells_when_shares_were_taken_over(ledger: Ledger) -> None:
    message_id = queue_message(ledger, 10)
    take_over(ledger, message_id, 9)
    figures = Figures(ledger)
    figures.details.patience_s = 60
    details = figures.details.get(message_id)
    assert details is not None
    [channel] = group_counts(count_statuses(ledger, message_id))
    assert (channel.total, channel.groups["sent"], channel.groups["waiting"]) == (10, 9, 1)
    times = {one.share_pct: one.reached_at for one in details.times}
    assert times == {
        50: NOW + timedelta(seconds=5),
        90: NOW + timedelta(seconds=9),
        99: None,
    }
    [route] = details.routes
    assert (route.route_id, route.try_count, route.taken_count, route.failed_count) == (
        "alpha", 9, 9, 0,
    )  # fmt: skip
    assert details.tries == {"alpha": {"accepted": 9}}


def test_every_status_is_in_one_group() -> None:
    counts = {"sms": {str(one): 1 for one in STATUSES}}
    assert group_counts(counts)[0].total == len(STATUSES)


def test_messages_under_way_are_listed(ledger: Ledger) -> None:
    done = queue_message(ledger, key="done")
    set_state(ledger, done, "sent", closed_at=NOW)
    open_id = queue_message(ledger, key="open")
    assert list_open_messages(ledger, 9) == [open_id]


def test_the_last_use_is_the_latest_message_with_an_audience(ledger: Ledger) -> None:
    told = '{"content": {"subject": "s", "text": "t"}, "selection": {"saved_filters": ["Tokyo"]}}'
    selection = parse_selection({"saved_filters": ["Tokyo"]})
    saved = save_filter(ledger, "Tokyo", parse_selection({"groups": ["all"]}), NOW)
    template = save_template(ledger, "one_way", "Quake", parse_settings(told), NOW)
    assert find_last_use_of_template(ledger, template.template_id) is None
    for number, count in enumerate((4, 2)):
        new = a_message(f"k{number}", template="Quake", selection=selection)
        message, _ = accept_message(ledger, new, NOW + timedelta(hours=number))
        audience = an_audience(count)
        freeze_audience(ledger, message.message_id, audience)
        record_deliveries(
            ledger, message.message_id, contents_of("sms"), deliveries_to(audience, "sms"), NOW
        )
        for found in (
            find_last_use_of_template(ledger, template.template_id),
            find_last_use_of_filter(ledger, saved.saved_filter_id),
        ):
            assert found is not None
            assert (found.message_id, found.people_count) == (message.message_id, count)


def counting(answers: list[int]) -> Callable[[str], int]:
    def ask(_: str) -> int:
        answers.append(len(answers))
        return answers[-1]

    return ask


def test_an_answer_is_kept_the_longer_the_longer_it_took() -> None:
    at, asked = [0.0], list[int]()

    def ask(_: str) -> int:
        at[0] += 0.5
        return counting(asked)("")

    kept = KeptAnswers(ask, lambda: at[0], patience_s=60)
    assert [kept.get("m1"), kept.get("m1")] == [0, 0]
    at[0] += 9.9
    assert kept.get("m1") == 0
    at[0] += 0.2
    assert kept.get("m1") == 1
    kept.forget("m1")
    assert kept.get("m1") == 2
    assert kept.get("m2") == 3


def test_nobody_waits_for_an_answer_that_takes_long() -> None:
    may_go_on, asked = Event(), list[str]()

    def ask(its_id: str) -> int:
        asked.append(its_id)
        assert may_go_on.wait(30)
        return len(asked)

    kept = KeptAnswers(ask, patience_s=0.01)
    assert [kept.get("m1"), kept.get("m1")] == [None, None]
    may_go_on.set()
    kept.patience_s = 60
    assert kept.get("m1") == 1
    assert asked == ["m1"]


def test_a_fault_is_told_to_whoever_asks_and_asked_again() -> None:
    faults = [LedgerError("away")]

    def ask(_: str) -> int:
        if faults:
            raise faults.pop()
        return 7

    kept = KeptAnswers(ask, patience_s=60)
    with pytest.raises(LedgerError):
        kept.get("m1")
    assert kept.get("m1") == 7


def test_a_removed_subject_is_told_as_removed(ledger: Ledger) -> None:
    from dashboards.queries.messages import subject_of  # noqa: PLC0415

    queue_message(ledger)
    with ledger.write() as connection:
        connection.execute(update(Message).values(request={"content": {}}))
        connection.execute(update(AudienceMember).values(name="removed by retention"))
    [message] = read_messages(ledger, MessageQuery(), 9)
    assert subject_of(message.request) == "removed by retention"
