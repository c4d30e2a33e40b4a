"""From revision 0001 to 0002 and back: messages sent before stay as they were."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import text

import rollcall.ledger
from rollcall.domain.selection import Selection
from rollcall.ledger.engine import Ledger, open_ledger
from rollcall.ledger.log import count_statuses
from rollcall.ledger.message_origins import load_message_filters
from rollcall.ledger.messages import accept_message, load_message
from rollcall.ledger.migrate import migrate_ledger, require_current
from rollcall.ledger.saved_filters import save_filter
from tests.integration.ledger.records import NOW, a_message, queue_message
from tests.integration.ledger.test_counts import count_slowly

MESSAGE = """
insert into messages (message_id, idempotency_key, request_digest, kind, state, request, source,
                      uses_last_good, as_of, accepted_at)
values ('m1', 'old', 'd', 'one_way', 'sent', '{"content": {}}', '/data', false,
        '2026-11-01 06:00:00.000000', '2026-11-01 06:00:00.000000')
"""


def move(ledger: Ledger, revision: str, *, is_down: bool = False) -> None:
    config = Config()
    folder = Path(rollcall.ledger.__file__).parent / "migrations"
    config.set_main_option("script_location", str(folder))
    with ledger.write() as connection:
        config.attributes["connection"] = connection
        (command.downgrade if is_down else command.upgrade)(config, revision)


def test_messages_of_the_older_revision_were_made_with_nothing_saved(empty_url: str) -> None:
    ledger = open_ledger(empty_url)
    move(ledger, "0001")
    with ledger.write() as connection:
        connection.execute(text(MESSAGE))

    assert migrate_ledger(ledger)[0] == "0001"

    require_current(ledger)
    message = load_message(ledger, "m1")
    assert (message.template_id, message.template_name) == (None, None)
    assert load_message_filters(ledger, "m1") == {}
    ledger.close()


def test_going_back_forgets_what_was_saved_and_keeps_the_messages(empty_url: str) -> None:
    ledger = open_ledger(empty_url)
    migrate_ledger(ledger)
    save_filter(ledger, "A", Selection(everyone=True), NOW)
    accept_message(ledger, a_message("k", selection=Selection(saved_filters=("A",))), NOW)
    message_id = queue_message(ledger, 2)

    move(ledger, "0001", is_down=True)

    assert count_slowly(ledger, message_id) == {"sms": {"waiting": 2}}
    migrate_ledger(ledger)
    assert count_statuses(ledger, message_id) == {"sms": {"waiting": 2}}
    ledger.close()
