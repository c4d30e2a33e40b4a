"""From revision 0011 to 0012 and back: how far members were is found from where they were."""

from rollcall.domain.audience import Position
from rollcall.ledger.chat_members import iterate_members
from rollcall.ledger.engine import open_ledger
from rollcall.ledger.migrate import migrate_ledger
from tests.integration.conversations import open_conversation
from tests.integration.ledger.records import NOW
from tests.integration.ledger.test_revision_0002 import move

NEAR = {"near": {"latitude": 47.56, "longitude": 7.59}}
PLACES = {
    "p0000": Position("none", None, None, None, None),
    "p0001": Position("report", "CH", 47.37, 8.54, NOW),
    "p0002": Position("report", "CH", 47.56, 7.59, NOW),
}


def test_distances_of_chats_of_before_are_measured(empty_url: str) -> None:
    ledger = open_ledger(empty_url)
    migrate_ledger(ledger)
    chat = open_conversation(ledger, 3, chat=NEAR, places=PLACES).chat
    nowhere = open_conversation(ledger, 1, key="nowhere").chat
    before = list(iterate_members(ledger, chat, "not_reached", 3))
    assert [one.person_id for one in before] == ["p0002", "p0001", "p0000"]
    move(ledger, "0011", is_down=True)

    migrate_ledger(ledger)

    assert list(iterate_members(ledger, chat, "not_reached", 3)) == before
    assert [one.distance_km for one in iterate_members(ledger, nowhere)] == [None]
    ledger.close()
