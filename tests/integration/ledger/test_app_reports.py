"""What is reported with the app: no closer than agreed to, each once, as known at a moment."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from rollcall.domain.app_reports import CITY_SPREAD_M, Fix
from rollcall.domain.personal_links import digest_token
from rollcall.ledger.app_chats import find_membership, list_own_chats
from rollcall.ledger.app_devices import NewDevice, enrol_device, revoke_devices, set_consent
from rollcall.ledger.app_reports import (
    Emergency,
    end_emergencies,
    end_emergency,
    find_emergency,
    list_emergencies,
    mark_app_reports,
    open_emergency,
    read_app_reports,
    record_location,
)
from rollcall.ledger.app_tables import AppEmergency, AppLocation
from rollcall.ledger.chats import archive_chat
from rollcall.ledger.engine import Ledger
from rollcall.ledger.entries import NewAnswer, record_entries
from tests.integration.conversations import open_conversation
from tests.integration.ledger.records import NOW, at_once

MINUTE = timedelta(minutes=1)
TOKYO = Fix(35.68123456, 139.76712345, 12.0)


@pytest.fixture
def enrolled(ledger: Ledger) -> Ledger:
    """A ledger with a device each of `p1` and `p2`."""
    for person_id in ("p1", "p2"):
        enrol_device(
            ledger, NewDevice(person_id, person_id, digest_token(person_id), None, NOW), NOW
        )
    return ledger


def stored(ledger: Ledger) -> list[tuple[float, float, float | None]]:
    query = select(AppLocation.latitude, AppLocation.longitude, AppLocation.accuracy_m)
    with ledger.read() as connection:
        return [tuple(row) for row in connection.execute(query)]


def test_location_is_stored_no_closer_than_was_agreed_to(enrolled: Ledger) -> None:
    assert record_location(enrolled, "p1", TOKYO, "1", NOW) == "none"
    assert record_location(enrolled, "nobody", TOKYO, "1", NOW) == "none"
    assert stored(enrolled) == []

    set_consent(enrolled, "p1", "city")
    assert record_location(enrolled, "p1", TOKYO, "1", NOW) == "city"
    assert stored(enrolled) == [(35.7, 139.8, CITY_SPREAD_M + 100)]

    set_consent(enrolled, "p1", "precise")
    assert record_location(enrolled, "p1", TOKYO, "2", NOW) == "precise"
    assert (35.68123, 139.76712, 12.0) in stored(enrolled)

    set_consent(enrolled, "p1", "none")
    assert record_location(enrolled, "p1", TOKYO, "3", NOW) == "none"
    assert len(stored(enrolled)) == 2


def test_repeated_report_is_the_same_one(enrolled: Ledger) -> None:
    set_consent(enrolled, "p1", "precise")
    for _ in range(2):
        assert record_location(enrolled, "p1", TOKYO, "1", NOW) == "precise"
    assert len(stored(enrolled)) == 1


def test_latest_report_by_the_moment_counts_for_each(enrolled: Ledger) -> None:
    for person_id in ("p1", "p2"):
        set_consent(enrolled, person_id, "precise")
    record_location(enrolled, "p1", Fix(1, 1), "1", NOW)
    record_location(enrolled, "p1", Fix(2, 2), "2", NOW + MINUTE)
    record_location(enrolled, "p1", Fix(3, 3), "3", NOW + MINUTE * 3)
    record_location(enrolled, "p2", Fix(4, 4), "1", NOW - MINUTE)
    record_location(enrolled, "p2", Fix(4, 4), "at the same instant", NOW - MINUTE)

    known = read_app_reports(enrolled, NOW + MINUTE * 2).locations.sort("person_id")
    assert known.rows() == [
        ("p1", 2.0, 2.0, None, NOW + MINUTE),
        ("p2", 4.0, 4.0, None, NOW - MINUTE),
    ]
    assert read_app_reports(enrolled, NOW - MINUTE * 2).locations.is_empty()


def test_devices_tell_who_has_the_app_at_a_moment(enrolled: Ledger) -> None:
    enrol_device(enrolled, NewDevice("two", "p1", "digest", None, NOW), NOW + MINUTE * 2)
    revoke_devices(enrolled, "p2", NOW + MINUTE * 4)

    def contacts(minutes: float) -> list[tuple[object, ...]]:
        return sorted(read_app_reports(enrolled, NOW + MINUTE * minutes).contacts.rows())

    assert contacts(-1) == []
    assert contacts(1) == [("p1", NOW), ("p2", NOW)]
    assert contacts(3) == [("p1", NOW + MINUTE * 2), ("p2", NOW)]
    assert contacts(5) == [("p1", NOW + MINUTE * 2)]


def test_person_has_one_active_emergency_however_often_they_press(enrolled: Ledger) -> None:
    told: list[Emergency] = at_once(4, lambda _: open_emergency(enrolled, "p1", "nonce", NOW))
    assert len({one.emergency_id for one in told}) == 1
    again = open_emergency(enrolled, "p1", "another", NOW + MINUTE)
    assert (again.emergency_id, again.started_at) == (told[0].emergency_id, NOW)
    assert find_emergency(enrolled, "p2") is None


def test_call_for_help_is_heard_even_under_the_key_of_one_that_ended(enrolled: Ledger) -> None:
    first = open_emergency(enrolled, "p1", "nonce", NOW)
    assert end_emergency(enrolled, "p1", first.emergency_id, NOW + MINUTE)
    second = open_emergency(enrolled, "p1", "nonce", NOW + MINUTE * 2)
    assert second.emergency_id != first.emergency_id
    assert find_emergency(enrolled, "p1") == second


def test_late_safe_again_ends_no_newer_emergency_and_nobody_elses(enrolled: Ledger) -> None:
    first = open_emergency(enrolled, "p1", "1", NOW)
    assert not end_emergency(enrolled, "p2", first.emergency_id, NOW + MINUTE)
    assert end_emergency(enrolled, "p1", first.emergency_id, NOW + MINUTE)
    second = open_emergency(enrolled, "p1", "2", NOW + MINUTE * 2)
    assert not end_emergency(enrolled, "p1", first.emergency_id, NOW + MINUTE * 3)
    assert find_emergency(enrolled, "p1") == second
    with enrolled.read() as connection:
        ends = set(connection.execute(select(AppEmergency.ended_at)).scalars())
    assert ends == {NOW + MINUTE, None}


def test_emergency_is_known_from_its_beginning_to_its_end(enrolled: Ledger) -> None:
    opened = open_emergency(enrolled, "p1", "1", NOW)
    end_emergency(enrolled, "p1", opened.emergency_id, NOW + MINUTE * 2)
    for minutes, count in ((-1, 0), (0, 1), (1, 1), (2, 0), (3, 0)):
        known = read_app_reports(enrolled, NOW + MINUTE * minutes).emergencies
        assert known.height == count, minutes
    (row,) = read_app_reports(enrolled, NOW + MINUTE).emergencies.rows()
    assert row == (f"app-{opened.emergency_id}", "p1", NOW, NOW + MINUTE * 2)


def test_own_chats_are_those_that_can_be_opened(ledger: Ledger) -> None:
    first = open_conversation(ledger, key="first")
    second = open_conversation(ledger, key="second", now=NOW + MINUTE, ok_request=False)
    told = list_own_chats(ledger, "p0000", NOW + MINUTE)
    assert [one.chat_id for one in told] == [second.chat.chat_id, first.chat.chat_id]
    assert [one.is_awaited for one in told] == [False, True]
    assert told[0].title == "Flood in Example City"

    record_entries(ledger, [NewAnswer(first.chat.chat_id, "p0000", "ok", "page", "1")], NOW)
    archive_chat(ledger, second.chat.chat_id, NOW)
    (left,) = list_own_chats(ledger, "p0000", NOW + MINUTE)
    assert (left.chat_id, left.is_awaited, left.answer) == (first.chat.chat_id, False, "ok")
    assert list_own_chats(ledger, "p0000", first.chat.links_expire_at) == []
    assert list_own_chats(ledger, "stranger", NOW) == []


def test_personal_link_names_its_owner_until_it_is_dead(ledger: Ledger) -> None:
    opened = open_conversation(ledger)
    digest = digest_token(opened.tokens["p0001"])
    assert find_membership(ledger, digest, NOW) == ("p0001", NOW)
    assert find_membership(ledger, digest, opened.chat.links_expire_at) is None
    archive_chat(ledger, opened.chat.chat_id, NOW)
    assert find_membership(ledger, digest, NOW) is None


def test_an_emergency_outlives_its_device_and_can_be_ended_by_another(enrolled: Ledger) -> None:
    first = open_emergency(enrolled, "p2", "2", NOW)
    second = open_emergency(enrolled, "p1", "1", NOW + MINUTE)
    assert revoke_devices(enrolled, "p2", NOW + MINUTE) == 1
    assert list_emergencies(enrolled) == [first, second]

    assert end_emergencies(enrolled, "p2", NOW + 2 * MINUTE) == 1
    assert end_emergencies(enrolled, "p2", NOW + 3 * MINUTE) == 0

    assert list_emergencies(enrolled) == [second]
    ended = read_app_reports(enrolled, NOW + MINUTE).emergencies
    assert ended["ended_at"].to_list() == [NOW + 2 * MINUTE, None]


def test_the_mark_is_another_after_each_report_and_only_then(enrolled: Ledger) -> None:
    set_consent(enrolled, "p1", "precise")
    marks = [mark_app_reports(enrolled)]
    record_location(enrolled, "p1", TOKYO, "1", NOW)
    marks.append(mark_app_reports(enrolled))
    opened = open_emergency(enrolled, "p1", "1", NOW)
    marks.append(mark_app_reports(enrolled))
    end_emergency(enrolled, "p1", opened.emergency_id, NOW + MINUTE)
    marks.append(mark_app_reports(enrolled))
    assert len(set(marks)) == 4
    record_location(enrolled, "p1", TOKYO, "1", NOW)
    assert mark_app_reports(enrolled) == marks[-1]
