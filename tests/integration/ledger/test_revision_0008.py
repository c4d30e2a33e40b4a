"""From revision 0007 to 0008: who was frozen and not recorded yet is recorded after it."""

from rollcall.ledger.engine import open_ledger
from rollcall.ledger.log import count_statuses
from rollcall.ledger.messages import load_message
from rollcall.ledger.migrate import migrate_ledger
from rollcall.ledger.pending import load_pending
from rollcall.ledger.recording import load_audience
from tests.integration.conversations import open_conversation
from tests.integration.ledger.records import (
    NOW,
    an_audience,
    deliveries_to,
    queue_message,
    record_deliveries,
)
from tests.integration.ledger.test_revision_0002 import move


def test_an_audience_that_was_frozen_and_not_recorded_is_recorded_whole(empty_url: str) -> None:
    ledger = open_ledger(empty_url)
    migrate_ledger(ledger)
    recorded_id = queue_message(ledger, 2)
    chat_id = open_conversation(ledger, 3).chat.message_id
    move(ledger, "0007", is_down=True)

    migrate_ledger(ledger)

    assert load_pending(ledger, recorded_id) is None
    assert count_statuses(ledger, recorded_id) == {"sms": {"waiting": 2}}
    assert load_message(ledger, chat_id).audience_digest is None
    assert {one.person_id for one in load_audience(ledger, chat_id)} == {"p0000", "p0001", "p0002"}
    assert count_statuses(ledger, chat_id) == {"email": {"waiting": 3}, "sms": {"waiting": 3}}
    told = deliveries_to(an_audience(3), "email", "sms")
    assert record_deliveries(ledger, chat_id, [], told, NOW, key=b"k" * 32)
    ledger.close()
