"""One person is erased from what is over; everybody else, and what goes on, stays as it was."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import insert, update

from rollcall.ledger.app_reports import end_emergency, open_emergency
from rollcall.ledger.chat_lists import count_answers
from rollcall.ledger.chat_members import read_answers
from rollcall.ledger.chat_tables import CheckIn, CheckInRound
from rollcall.ledger.chats import archive_chat
from rollcall.ledger.engine import Ledger
from rollcall.ledger.entries import Entry, NewAnswer, NewPost, record_entries
from rollcall.ledger.erasing_texts import ErasedPerson, erase_texts
from rollcall.ledger.erasure import LedgerErasure, erase_from_texts, erase_rows, find_traces
from rollcall.ledger.holds import hold
from rollcall.ledger.log import count_statuses
from rollcall.ledger.messages import accept_message, set_state
from rollcall.ledger.tables import Content, Delivery, Message, MessageFilter
from tests.integration.conversations import open_conversation
from tests.integration.devices import add_device
from tests.integration.ledger.database_dump import dump
from tests.integration.ledger.records import NOW, a_message, queue_message
from tests.integration.ledger.test_push_subscriptions import a_subscription
from tests.people import phone_of

LATER = NOW + timedelta(hours=1)
WHO = "p0001"
CANARY = (WHO, "Person 1", "p1@example.org", phone_of(1))


def erase(ledger: Ledger) -> LedgerErasure:
    who, message_ids = as_erased(ledger), find_traces(ledger, WHO).memberships
    left = erase_from_texts(ledger, who, LATER)
    erased = erase_rows(ledger, who, message_ids, LATER)
    return replace(erased, left_message_ids=tuple(sorted(left.union(erased.left_message_ids))))


def as_erased(ledger: Ledger) -> ErasedPerson:
    return ErasedPerson(WHO, "erased-1", find_traces(ledger, WHO).terms)


def send_to_three(ledger: Ledger, key: str = "drill") -> str:
    """Record a message to three people that is done; its text names one of them."""
    message_id = queue_message(ledger, 3, key=key)
    with ledger.write() as connection:
        connection.execute(update(Delivery).values(next_attempt_at=None, status="accepted"))
        told = {"text": "Is PERSON 1 with you?", "html": f"<p>Person 1</p>{phone_of(1)}"}
        connection.execute(update(Content).values(told))
    set_state(ledger, message_id, "sending")
    set_state(ledger, message_id, "sent", closed_at=NOW)
    return message_id


def found(ledger: Ledger) -> list[str]:
    kept = dump(ledger)
    return [one for one in CANARY if one in kept]


def test_what_stays_of_a_person_are_counts_under_another_id(ledger: Ledger) -> None:
    message_id = send_to_three(ledger)
    before = count_statuses(ledger, message_id)
    assert found(ledger) == list(CANARY)

    erased = erase(ledger)

    assert (erased.message_count, erased.left_message_ids) == (1, ())
    assert found(ledger) == []
    assert count_statuses(ledger, message_id) == before
    kept = dump(ledger)
    assert all(one in kept for one in ("Person 0", "Person 2", "Is erased with you?", "erased-1"))
    assert find_traces(ledger, WHO).is_nothing


@pytest.mark.parametrize("is_held", [True, False])
def test_a_message_that_goes_on_or_is_held_stays_as_it_is(ledger: Ledger, is_held: bool) -> None:
    message_id = send_to_three(ledger) if is_held else queue_message(ledger, 3)
    if is_held:
        hold(ledger, message_id, NOW)
    before = dump(ledger)

    erased = erase(ledger)

    assert (erased.message_count, erased.left_message_ids) == (0, (message_id,))
    assert dump(ledger) == before


def test_members_answers_are_kept_and_their_words_are_not(ledger: Ledger) -> None:
    chat = open_conversation(ledger).chat
    entries: list[Entry] = [
        NewAnswer(chat.chat_id, WHO, "needs_help", "page", "a"),
        NewPost(chat.chat_id, WHO, "in room 12", "page", "b"),
        NewPost(chat.chat_id, "p0000", "I am with Person 1 and Mr. Person", "page", "c"),
    ]
    record_entries(ledger, entries, NOW)
    assert erase(ledger).left_message_ids == (chat.message_id,)
    archive_chat(ledger, chat.chat_id, NOW)
    before = count_answers(ledger, chat.chat_id)

    assert erase(ledger).left_message_ids == ()

    assert count_answers(ledger, chat.chat_id) == before
    assert [one.person_id for one in read_answers(ledger, chat.chat_id)] == ["erased-1"]
    kept = dump(ledger)
    assert "room 12" not in kept
    assert "I am with erased and Mr. Person" in kept
    assert found(ledger) == []


def test_a_call_that_dies_between_texts_and_rows_can_be_given_again(ledger: Ledger) -> None:
    message_id = send_to_three(ledger)
    assert erase_texts(ledger, as_erased(ledger), message_id, LATER)
    assert found(ledger) == [WHO, "Person 1", "p1@example.org", phone_of(1)]
    erase(ledger)
    assert found(ledger) == []


def test_what_the_app_reported_goes_unless_it_calls_for_help(ledger: Ledger) -> None:
    add_device(ledger, WHO, a_subscription("device"))
    add_device(ledger, "p0002", a_subscription("other"))
    emergency = open_emergency(ledger, WHO, "a", NOW)
    before = dump(ledger)
    assert find_traces(ledger, WHO).has_app

    assert erase(ledger).has_emergency
    assert dump(ledger) == before

    end_emergency(ledger, WHO, emergency.emergency_id, NOW)
    assert not erase(ledger).has_emergency
    assert found(ledger) == []
    assert "push.example.org/device" not in dump(ledger)
    assert "push.example.org/other" in dump(ledger)


def test_a_saved_filter_as_it_was_for_a_message_means_nobody_any_more(ledger: Ledger) -> None:
    message_id = send_to_three(ledger)
    used = {"message_id": message_id, "saved_filter_id": "f1", "name": "Board", "is_whole": False}
    with ledger.write() as connection:
        connection.execute(update(Message).values(erased_at=NOW))  # retention keeps whom it was for
        connection.execute(insert(MessageFilter).values(used | {"selection": {"people": [WHO]}}))

    erase(ledger)

    assert WHO not in dump(ledger)
    assert find_traces(ledger, WHO).is_nothing


def test_whom_a_message_was_for_is_found_though_nobody_was_selected(ledger: Ledger) -> None:
    message, _ = accept_message(
        ledger, a_message("drill", request={"content": {}, "selection": {"people": [WHO]}}), NOW
    )
    set_state(ledger, message.message_id, "refused", closed_at=NOW, reason="nobody")
    assert find_traces(ledger, WHO).is_meant
    erase(ledger)
    assert WHO not in dump(ledger)


def test_who_was_missing_from_a_check_in_is_told_under_the_other_id(ledger: Ledger) -> None:
    check_in = {
        "check_in_id": "c1",
        "name": "Drill",
        "folded_name": "drill",
        "request": {"selection": {"groups": ["staff"]}},
        "source": "/data",
        "asked_at": "09:00",
        "asked_on": [0],
        "time_zone": "UTC",
        "grace_min": 60,
        "notify": [WHO],
        "created_at": NOW,
        "looked_until_at": NOW,
    }
    of_round = {"check_in_id": "c1", "due_at": NOW, "time_zone": "UTC", "closes_at": NOW}
    with ledger.write() as connection:
        connection.execute(insert(CheckIn).values(check_in))
        missed = {"settled_at": NOW, "missed": ["p0000", WHO]}
        connection.execute(insert(CheckInRound).values(of_round | missed))

    erased = erase(ledger)

    assert '["p0000", "erased-1"]' in dump(ledger).replace("'", '"')
    assert erased.named_in == ("check-in 'Drill'",)
