"""From revision 0006 to 0007: nothing of before is held, or told as removed."""

from datetime import timedelta

from sqlalchemy import inspect

from rollcall.ledger.engine import open_ledger
from rollcall.ledger.holds import hold, list_holds
from rollcall.ledger.messages import load_message
from rollcall.ledger.migrate import migrate_ledger
from rollcall.ledger.retention import MessageAges, count_due_messages
from tests.integration.ledger.records import NOW, queue_message
from tests.integration.ledger.test_revision_0002 import move


def test_messages_of_before_are_whole_and_can_be_held(empty_url: str) -> None:
    ledger = open_ledger(empty_url)
    migrate_ledger(ledger)
    message_id = queue_message(ledger)
    move(ledger, "0006", is_down=True)
    assert "legal_holds" not in inspect(ledger.engine).get_table_names()

    migrate_ledger(ledger)

    assert load_message(ledger, message_id).erased_at is None
    later = NOW + timedelta(days=900)
    assert count_due_messages(ledger, MessageAges(later, later)).count == 0  # it still waits
    assert hold(ledger, message_id, NOW)
    assert [one.held_id for one in list_holds(ledger)] == [message_id]
    ledger.close()
