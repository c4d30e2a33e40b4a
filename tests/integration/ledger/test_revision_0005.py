"""From revision 0004 to 0005: what was there before stays as it was, and can be gone on with."""

import json
from typing import Any

import pytest
from sqlalchemy import text

from rollcall.domain.message import MessageRequest, digest_request
from rollcall.domain.selection import Selection
from rollcall.ledger.app_reports import list_emergencies
from rollcall.ledger.engine import Ledger, open_ledger
from rollcall.ledger.log import count_statuses
from rollcall.ledger.messages import accept_message, load_message
from rollcall.ledger.migrate import migrate_ledger, require_current
from rollcall.ledger.saved_filters import load_saved_filters
from rollcall.ledger.templates import list_templates
from tests.integration.ledger.records import NOW, a_message, claim_one
from tests.integration.ledger.test_revision_0002 import move

TOLD: dict[str, Any] = {
    "content": {
        "subject": "Flood",
        "text": "Stay inside.",
        "language": "en",
        "translations": {"de": {"subject": "Hochwasser", "text": "Bleiben Sie im Haus."}},
    },
    "selection": {
        "groups": ["board"],
        "saved_filters": ["A"],
        "filters": [{"countries": ["FR"], "recipient_type": "people"}],
    },
    "options": {"include_sms": True, "high_quality_sms": True},
}
FOLLOWING = {
    "content": {"subject": "C", "text": "Correction."},
    "follow_up": {"message_id": "m1", "who": "reached"},
}
DIGEST = "6a8b1d5efe7ddd72d2738aab67a589288eb9b69c337c8f3e69797ea45b6a19fc"
DIGEST_OF_FOLLOWING = "b70fc11add6fce0bb04dbaa792fa4f5ab5fbd188306b1f31249d6250cfbab28d"
"""As the last version on revision 0004 recorded these requests, of the source `/data`."""

# what that version recorded of the options: it knew no others
STORED = TOLD | {
    "options": {
        "include_sms": True,
        "high_quality_sms": True,
        "managers_only": False,
        "life_safety": False,
    },
    "confirmed": False,
}
AT = "2026-11-01 06:00:00.000000+00:00"
ROWS: dict[str, dict[str, Any]] = {
    "messages": {
        "message_id": "m1",
        "idempotency_key": "old",
        "request_digest": DIGEST,
        "kind": "one_way",
        "state": "sending",
        "request": json.dumps(STORED),
        "source": "/data",
        "uses_last_good": False,
        "as_of": AT,
        "accepted_at": AT,
    },
    "audience_members": {
        "message_id": "m1",
        "person_id": "p1",
        "name": "Person 1",
        "position": "{}",
        "via": "[]",
    },
    "contents": {"message_id": "m1", "content_digest": "d", "text": "Stay inside."},
    "deliveries": {
        "delivery_id": "m1-p1-sms",
        "message_id": "m1",
        "person_id": "p1",
        "channel": "sms",
        "address": "+12025550101",
        "content_digest": "d",
        "status": "waiting",
        "attempt_count": 0,
        "next_attempt_at": AT,
    },
    "saved_filters": {
        "saved_filter_id": "f1",
        "name": "A",
        "folded_name": "a",
        "selection": json.dumps({"groups": ["it"]}),
        "created_at": AT,
        "updated_at": AT,
    },
    "templates": {
        "template_id": "t1",
        "kind": "one_way",
        "name": "Flood",
        "folded_name": "flood",
        "settings": json.dumps(TOLD),
        "created_at": AT,
        "updated_at": AT,
    },
}


@pytest.fixture
def upgraded(empty_url: str) -> Ledger:
    """A ledger of revision 0004 with a message that goes on, brought to the newest."""
    ledger = open_ledger(empty_url)
    move(ledger, "0004")
    for table, row in ROWS.items():
        names = ", ".join(row)
        values = ", ".join(f":{name}" for name in row)
        told = row if ledger.backend == "postgresql" else _as_sqlite_keeps(row)
        with ledger.write() as connection:
            connection.execute(text(f"insert into {table} ({names}) values ({values})"), told)  # noqa: S608 - names of our tables
    assert migrate_ledger(ledger)[0] == "0004"
    require_current(ledger)
    return ledger


def _as_sqlite_keeps(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.removesuffix("+00:00") if isinstance(value, str) else value
        for name, value in row.items()
    }


def test_what_was_recorded_before_belongs_to_no_chat_and_is_still_delivered(
    upgraded: Ledger,
) -> None:
    message = load_message(upgraded, "m1")
    assert (message.chat_id, message.state) == (None, "sending")
    request = MessageRequest.model_validate(message.request)
    assert request.channels() == ("email", "sms")
    assert not request.has_links
    assert count_statuses(upgraded, "m1") == {"sms": {"waiting": 1}}
    assert claim_one(upgraded, "m1", "somebody").delivery_id == "m1-p1-sms"
    assert load_saved_filters(upgraded) == {"A": Selection(groups=("it",))}
    assert [one.name for one in list_templates(upgraded, "one_way")] == ["Flood"]
    assert list_emergencies(upgraded) == []
    upgraded.close()


def test_a_key_that_is_sent_again_after_the_upgrade_is_the_same_message(upgraded: Ledger) -> None:
    request = MessageRequest.model_validate(TOLD)
    digest = digest_request(request, "/data", None)
    again = a_message("old", request_digest=digest, request=TOLD, source="/data")

    message, is_new = accept_message(upgraded, again, NOW)

    assert (message.message_id, is_new) == ("m1", False)
    upgraded.close()


def test_requests_that_ask_for_nothing_new_keep_the_digest_they_had() -> None:
    assert digest_request(MessageRequest.model_validate(TOLD), "/data", None) == DIGEST
    following = MessageRequest.model_validate(FOLLOWING)
    as_of = NOW.replace(day=1)
    assert digest_request(following, "/data", as_of) == DIGEST_OF_FOLLOWING
