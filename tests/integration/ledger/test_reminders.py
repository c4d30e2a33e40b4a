"""Reminders and answers that come in the same moment: whoever has answered is not reminded."""

from typing import Any

import pytest

from rollcall.domain.chats import Answer
from rollcall.ledger.chats import archive_chat
from rollcall.ledger.engine import Ledger
from rollcall.ledger.entries import NewAnswer, record_entries
from rollcall.ledger.held_back import ANSWERED_MEANWHILE, SETTLED_MEANWHILE, sweep_reminders
from rollcall.ledger.messages import accept_message
from rollcall.ledger.queue import claim_due
from rollcall.ledger.recording import derive_delivery_id
from tests.integration.conversations import Conversation, open_conversation
from tests.integration.ledger.records import (
    NOW,
    a_message,
    an_audience,
    begin,
    contents_of,
    deliveries_to,
    due_in,
    finish,
    freeze_audience,
    read_delivery,
    record_deliveries,
)


def answer(ledger: Ledger, opened: Conversation, person: str, said: Answer = "ok") -> None:
    entry = NewAnswer(opened.chat.chat_id, person, said, "page", f"{person} {said}")
    assert record_entries(ledger, [entry], NOW) == ["recorded"]


def queue_reminder(ledger: Ledger, opened: Conversation, kind: str = "chat_reminder") -> str:
    new = a_message("reminder", kind=kind, chat_id=opened.chat.chat_id)
    message, _ = accept_message(ledger, new, NOW)
    audience = an_audience(3)
    freeze_audience(ledger, message.message_id, audience)
    deliveries = deliveries_to(audience, "sms")
    record_deliveries(ledger, message.message_id, contents_of("sms"), deliveries, NOW)
    return message.message_id


def claim_all(ledger: Ledger, message_id: str) -> dict[str, str]:
    claimed = claim_due(ledger, message_id, "run", 10, NOW)
    return {one.person_id: one.delivery_id for one in claimed}


def delivery(ledger: Ledger, message_id: str, person: str) -> Any:
    return read_delivery(ledger, derive_delivery_id(message_id, person, "sms"))


def test_the_answer_itself_takes_the_reminder_out_of_the_queue(ledger: Ledger) -> None:
    opened = open_conversation(ledger)
    message_id = queue_reminder(ledger, opened)

    answer(ledger, opened, "p0000", "needs_help")

    held_back = delivery(ledger, message_id, "p0000")
    assert (held_back.status, held_back.reason) == ("stopped", ANSWERED_MEANWHILE)
    assert sorted(claim_all(ledger, message_id)) == ["p0001", "p0002"]


def test_no_reminder_is_begun_to_who_answered_before_it_was_recorded(ledger: Ledger) -> None:
    opened = open_conversation(ledger)
    answer(ledger, opened, "p0000")
    message_id = queue_reminder(ledger, opened)
    claimed = claim_all(ledger, message_id)

    begun = {person: begin(ledger, "run", one) is not None for person, one in claimed.items()}

    assert begun == {"p0000": False, "p0001": True, "p0002": True}
    sweep_reminders(ledger, message_id)
    held_back = delivery(ledger, message_id, "p0000")
    assert (held_back.status, held_back.reason) == ("stopped", SETTLED_MEANWHILE)


@pytest.mark.parametrize(
    ("outcome", "status"), [("temporary", "stopped"), ("uncertain", "unconfirmed")]
)
def test_a_try_in_flight_is_the_last_one_and_is_told_truthfully(
    ledger: Ledger, outcome: Any, status: str
) -> None:
    opened = open_conversation(ledger)
    message_id = queue_reminder(ledger, opened)
    delivery_id = claim_all(ledger, message_id)["p0000"]
    attempt_id = begin(ledger, "run", delivery_id)
    assert attempt_id is not None

    answer(ledger, opened, "p0000")
    finish(ledger, "run", attempt_id, outcome, due_in(delivery_id, 0))

    again = claim_all(ledger, message_id)
    assert begin(ledger, "run", again["p0000"]) is None
    sweep_reminders(ledger, message_id)
    assert delivery(ledger, message_id, "p0000").status == status
    assert delivery(ledger, message_id, "p0000").next_attempt_at is None


def test_a_notice_in_a_chat_reaches_those_who_have_answered_too(ledger: Ledger) -> None:
    opened = open_conversation(ledger)
    message_id = queue_reminder(ledger, opened, "chat_notice")
    answer(ledger, opened, "p0000")
    sweep_reminders(ledger, message_id)

    claimed = claim_all(ledger, message_id)

    assert begin(ledger, "run", claimed["p0000"]) is not None


def test_an_archived_chat_reminds_nobody(ledger: Ledger) -> None:
    opened = open_conversation(ledger)
    message_id = queue_reminder(ledger, opened)
    archive_chat(ledger, opened.chat.chat_id, NOW)

    claimed = claim_all(ledger, message_id)
    assert [begin(ledger, "run", one) for one in claimed.values()] == [None, None, None]
    sweep_reminders(ledger, message_id)
    assert delivery(ledger, message_id, "p0001").status == "stopped"
