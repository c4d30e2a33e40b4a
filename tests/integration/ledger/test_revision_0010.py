"""From revision 0009 to 0010 and back: drafts come, and what was sent stays."""

from sqlalchemy import inspect

from rollcall.domain.drafts import Draft
from rollcall.ledger.drafts import DraftAccess, list_drafts, open_draft
from rollcall.ledger.engine import open_ledger
from rollcall.ledger.log import count_statuses
from rollcall.ledger.migrate import migrate_ledger
from tests.integration.ledger.records import NOW, queue_message
from tests.integration.ledger.test_revision_0002 import move


def test_drafts_can_be_begun_in_a_ledger_of_before(empty_url: str) -> None:
    ledger = open_ledger(empty_url)
    migrate_ledger(ledger)
    message_id = queue_message(ledger, 2)
    move(ledger, "0009", is_down=True)
    assert "drafts" not in inspect(ledger.engine).get_table_names()

    migrate_ledger(ledger)

    ana = DraftAccess("ana")
    assert list_drafts(ledger, ana) == []
    open_draft(ledger, Draft("d1", "chat", "ana", {}, NOW, NOW))
    assert [one.kind for one in list_drafts(ledger, ana)] == ["chat"]
    assert count_statuses(ledger, message_id) == {"sms": {"waiting": 2}}
    ledger.close()
