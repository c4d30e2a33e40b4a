"""From revision 0008 to 0009: deliveries of before are counted, and those of later too."""

from sqlalchemy import inspect

from rollcall.ledger.engine import open_ledger
from rollcall.ledger.log import count_statuses
from rollcall.ledger.migrate import migrate_ledger
from tests.integration.ledger.records import queue_message
from tests.integration.ledger.test_counts import count_slowly, settle
from tests.integration.ledger.test_revision_0002 import move


def test_counters_know_what_was_there_before_and_what_comes_later(empty_url: str) -> None:
    ledger = open_ledger(empty_url)
    migrate_ledger(ledger)
    first_id = queue_message(ledger, 4, "sms", "email")
    move(ledger, "0008", is_down=True)
    assert "delivery_counts" not in inspect(ledger.engine).get_table_names()
    settle(ledger, first_id, "run", 2)
    second_id = queue_message(ledger, 3, key="second")

    migrate_ledger(ledger)

    for message_id in (first_id, second_id):
        assert count_statuses(ledger, message_id) == count_slowly(ledger, message_id)
    settle(ledger, first_id, "run", 3)
    assert count_statuses(ledger, first_id) == count_slowly(ledger, first_id)
    assert sum(count_statuses(ledger, first_id)["sms"].values()) == 4
    ledger.close()
