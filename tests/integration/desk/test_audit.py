"""What is done at the desk is recorded before it is begun, on both back ends."""

from contextlib import suppress
from datetime import timedelta

import pytest

from rollcall.desk.acting import Acting
from rollcall.domain.acts import Action, Actor, Role
from rollcall.errors import InputError, LedgerError, NotAllowedError
from rollcall.ledger.audit import AuditQuery, AuditRecord, begin_entry, list_actors, read_entries
from rollcall.ledger.desk_sessions import (
    FORGOTTEN_AFTER,
    SessionRecord,
    end_session,
    end_sessions_of,
    find_session,
    open_session,
)
from rollcall.ledger.engine import Ledger
from tests.dashboards.houses import START, HandClock

ANA = Actor("Ana", "sender", 10)


def entries(ledger: Ledger) -> list[AuditRecord]:
    return read_entries(ledger, AuditQuery(), 100)


def test_an_act_is_recorded_with_what_it_came_to(ledger: Ledger) -> None:
    with Acting(ledger, HandClock()).act(ANA, "sender", "send") as noted:
        [begun] = entries(ledger)
        assert (begun.action, begun.outcome, begun.subject_id) == ("send", None, None)
        noted.subject_id, noted.people_count = "m1", 7
    [done] = entries(ledger)
    told = (done.actor, done.role, done.outcome, done.subject_id, done.people_count, done.begun_at)
    assert told == ("Ana", "sender", "done", "m1", 7, START)


@pytest.mark.parametrize(
    ("role", "least", "is_allowed"),
    [
        ("viewer", "viewer", True), ("viewer", "sender", False), ("viewer", "admin", False),
        ("sender", "sender", True), ("sender", "admin", False), ("admin", "admin", True),
    ],
)  # fmt: skip
def test_each_role_may_what_those_before_it_may(
    ledger: Ledger, role: Role, least: Role, is_allowed: bool
) -> None:
    acting, was_done = Acting(ledger, HandClock()), False
    with suppress(NotAllowedError), acting.act(Actor("Bo", role), least, "stop", "m1"):
        was_done = True
    assert was_done is is_allowed
    assert [one.outcome for one in entries(ledger)] == ["done" if is_allowed else "refused"]


def test_a_mistake_is_recorded_as_failed_and_a_fault_as_unknown(ledger: Ledger) -> None:
    acting = Acting(ledger, HandClock())
    for error in (InputError("no"), LedgerError("away")):
        with pytest.raises(type(error)), acting.act(ANA, "sender", "stop", "m1"):
            raise error
    assert sorted(str(one.outcome) for one in entries(ledger)) == ["None", "failed"]


def test_entries_are_read_a_page_at_a_time_newest_first(ledger: Ledger) -> None:
    for number in range(7):  # three in each moment: the id decides between them
        at = START + timedelta(seconds=number // 3)
        begin_entry(ledger, ANA, "stop", at, f"m{number}")
    read: list[AuditRecord] = []
    while page := read_entries(
        ledger, AuditQuery(), 2, (read[-1].begun_at, read[-1].entry_id) if read else None
    ):
        read += page
    assert read == entries(ledger)
    assert len({one.entry_id for one in read}) == 7
    assert [one.begun_at for one in read] == sorted((one.begun_at for one in read), reverse=True)


def test_entries_are_found_by_who_what_and_when(ledger: Ledger) -> None:
    acts: list[tuple[str, Action, str]] = [("Ana", "stop", "m1"), ("Bo", "send", "m2")]
    for number, (name, action, subject_id) in enumerate(acts):
        at = START + timedelta(days=number)
        begin_entry(ledger, Actor(name, "admin"), action, at, subject_id)
    for asked in (
        AuditQuery(actor="Bo"),
        AuditQuery(action="send"),
        AuditQuery(subject_id="m2"),
        AuditQuery(since=START + timedelta(hours=1)),
    ):
        assert [one.actor for one in read_entries(ledger, asked, 9)] == ["Bo"]
    assert list_actors(ledger) == ["Ana", "Bo"]


def a_session(its_id: str, name: str = "Ana") -> SessionRecord:
    return SessionRecord(its_id, name, "local", None, None, START, START + timedelta(hours=1))


def test_a_session_counts_until_it_expires_or_is_ended(ledger: Ledger) -> None:
    open_session(ledger, a_session("one"))
    found = find_session(ledger, "one")
    assert found == a_session("one")
    assert found.counts(START + timedelta(minutes=59))
    assert not found.counts(START + timedelta(hours=1))
    end_session(ledger, "one", START)
    end_session(ledger, "one", START + timedelta(minutes=5))
    ended = find_session(ledger, "one")
    assert ended is not None
    assert ended.ended_at == START
    assert not ended.counts(START)
    assert find_session(ledger, "another") is None


def test_all_sessions_of_a_user_end_and_nobody_elses(ledger: Ledger) -> None:
    for its_id, name in (("one", "Ana"), ("two", "Ana"), ("three", "Bo")):
        open_session(ledger, a_session(its_id, name))
    end_sessions_of(ledger, "Ana", START)
    found = {its_id: find_session(ledger, its_id) for its_id in ("one", "two", "three")}
    assert [one.ended_at for one in found.values() if one] == [START, START, None]


def test_sessions_that_counted_long_ago_are_forgotten(ledger: Ledger) -> None:
    open_session(ledger, a_session("old"))
    later = START + FORGOTTEN_AFTER + timedelta(hours=2)
    open_session(
        ledger,
        SessionRecord("new", "Ana", "local", None, None, later, later + timedelta(hours=1)),
    )
    assert find_session(ledger, "old") is None
    assert find_session(ledger, "new") is not None
