"""A ledger that has lived: a message to a million people, hundreds of small ones, a large chat.

Rows are made by the database itself, in the places in which a send records them. Nobody is in it.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import text

from benchmarks.portal_world import open_chat
from rollcall.domain.drafts import Draft
from rollcall.domain.message import MessageRequest
from rollcall.domain.message_templates import MessageSettings
from rollcall.domain.selection import Filter, Selection
from rollcall.ledger.chats import load_chat
from rollcall.ledger.drafts import open_draft
from rollcall.ledger.engine import Ledger
from rollcall.ledger.messages import NewMessage, accept_message
from rollcall.ledger.recording import derive_delivery_id
from rollcall.ledger.saved_filters import save_filter
from rollcall.ledger.templates import save_template

SMALL_MESSAGES: Final = 300
SMALL_PEOPLE: Final = 500
DAYS: Final = 30
"""The small messages are spread over so many days."""

FILTER: Final = "In Great Britain and Japan"
TEMPLATE: Final = "Earthquake"
DATED: Final = "%Y-%m-%d %H:%M:%S.%f"

_REQUEST: Final = {
    "content": {"subject": "Earthquake", "text": "Tell us that you are safe.", "language": "en"},
    "selection": {"everyone": True},
    "options": {"include_sms": True},
}

_PEOPLE: Final = """
WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < :count),
people AS (SELECT n, printf('p%07d', n) AS person_id, :place || printf('%018x', {shuffled}) AS
delivery_id, n % 100 AS fate FROM numbers)
"""
"""Ids of deliveries lie in no order within a message: a product with an odd number, cut to 32 bits,
is another one for each."""

_ROWS: Final = {
    "audience_members": """
        (message_id, person_id, name, email, phone, home_country, position, via)
        SELECT :message_id, person_id, 'Person ' || person_id, person_id || '@example.org',
            printf('+1202%07d', n), 'GB',
            json_object('source', 'report', 'country', 'GB', 'at', NULL,
                'latitude', 50.0 + n % 1000 / 200.0, 'longitude', -3.0 + n % 777 / 200.0),
            json_array(json_object('by', 'everyone')) FROM people ORDER BY n""",
    "deliveries": """
        (delivery_id, message_id, person_id, channel, address, content_digest, status, reason,
         attempt_count, country, is_canary, is_opted_out)
        SELECT delivery_id, :message_id, person_id, 'sms', printf('+1202%07d', n), 'text',
            CASE WHEN fate < 83 THEN 'delivered' WHEN fate < 93 THEN 'accepted'
                WHEN fate < 98 THEN 'not_delivered' ELSE 'unconfirmed' END,
            NULL, 1, CASE n % 7 WHEN 0 THEN 'JP' WHEN 1 THEN 'US' ELSE 'GB' END, 0, 0
        FROM people ORDER BY delivery_id""",
    "attempts": """
        (attempt_id, delivery_id, number, route_id, started_at, finished_at, outcome, reason,
         provider_id, receipt_state, receipt_level, receipt_is_permanent, receipt_code)
        SELECT printf('%012x', :ms + n) || substr(delivery_id, 13), delivery_id,
            1, 'sms-' || (n % 3), :at, datetime(:at, '+' || (n / 1000) || ' seconds') || '.000000',
            CASE WHEN fate < 93 THEN 'accepted' WHEN fate < 98 THEN 'refused' ELSE 'uncertain' END,
            NULL, 'x' || delivery_id, CASE WHEN fate < 83 THEN 'delivered' END,
            CASE WHEN fate < 83 THEN 'handset' END, CASE WHEN fate < 83 THEN 0 END, NULL
        FROM people ORDER BY n""",
    "receipts": """
        (receipt_id, route_id, source, provider_id, attempt_id, state, level, is_permanent,
         received_at)
        SELECT :place || printf('%08x', {shuffled}) || 'r', 'sms-' || (n % 3), 'webhook',
            'x' || delivery_id,
            printf('%012x', :ms + n) || substr(delivery_id, 13), 'delivered',
            'handset', 0, datetime(:at, '+' || (n / 1000 + n % 40) || ' seconds') || '.000000'
        FROM people WHERE fate < 83 ORDER BY n""",
}
_SHUFFLED: Final = "(n * 2654435761) & 4294967295"


@dataclass(frozen=True, slots=True)
class Filled:
    """What is in a ledger: the ids of the large message, of the chat and of a draft."""

    message_id: str
    chat_id: str
    draft_id: str


def fill_ledger(ledger: Ledger, people_count: int, member_count: int, now: datetime) -> Filled:
    """Fill a new ledger.

    Args:
        ledger: On SQLite.
        people_count: Whom the large message went to, an hour ago.
        member_count: How many are in the chat.
        now: The present moment.
    """
    for number in range(SMALL_MESSAGES):
        ago = timedelta(days=DAYS * (number + 1) / SMALL_MESSAGES)
        _send(ledger, f"small {number}", SMALL_PEOPLE, now - ago)
    message_id = _send(ledger, "large", people_count, now - timedelta(hours=1))
    chat_id = open_chat(ledger, member_count).chat_id
    _answer(ledger, chat_id, now)
    save_filter(ledger, FILTER, Selection(filters=(Filter(countries=("GB", "JP")),)), now)
    settings = MessageSettings.model_validate(_REQUEST)
    save_template(ledger, "one_way", TEMPLATE, settings, now)
    body = {**_REQUEST, "selection": {"saved_filters": [FILTER]}}
    open_draft(ledger, Draft("draft", "message", "benchmark", body, now, now))
    return Filled(message_id, chat_id, "draft")


def _send(ledger: Ledger, key: str, count: int, at: datetime) -> str:
    """Record a message that was sent to so many people, with a try and mostly a receipt each."""
    request = MessageRequest.model_validate(_REQUEST)
    told = request.model_dump(mode="json", exclude_none=True)
    new = NewMessage(key, key, told, "benchmark", uses_last_good=False, as_of=at)
    message, _ = accept_message(ledger, new, at)
    message_id = message.message_id
    values = {
        "message_id": message_id,
        "count": count,
        "place": derive_delivery_id(message_id, "", "sms")[:14],
        "at": at.astimezone(UTC).strftime(DATED),
        "ms": int(at.timestamp() * 1000),
    }
    with ledger.write() as connection:
        connection.execute(text("PRAGMA foreign_keys=OFF"))
        connection.execute(
            text(
                "INSERT INTO contents (message_id, content_digest, text, segment_count) "
                "VALUES (:message_id, 'text', 'Tell us that you are safe.', 1)"
            ),
            values,
        )
        for table, rows in _ROWS.items():
            statement = f"INSERT INTO {table} {rows}"
            columns, _, query = statement.partition("SELECT")
            people = _PEOPLE.format(shuffled=_SHUFFLED)
            query = f"{columns} {people} SELECT {query.format(shuffled=_SHUFFLED)}"
            connection.execute(text(query), values)
        connection.execute(
            text(
                "UPDATE messages SET state = 'sent', audience_digest = 'digest', "
                "closed_at = datetime(:at, '+20 minutes') || '.000000' "
                "WHERE message_id = :message_id"
            ),
            values,
        )
    return message_id


def _answer(ledger: Ledger, chat_id: str, now: datetime) -> None:
    """Let most members of a chat answer, most of the others be reached; all are somewhere."""
    place = derive_delivery_id(load_chat(ledger, chat_id).message_id, "", "email")[:14]
    values = {"chat_id": chat_id, "place": place, "at": now.astimezone(UTC).strftime(DATED)}
    statements = (
        "UPDATE chats SET near_latitude = 35.68, near_longitude = 139.77 WHERE chat_id = :chat_id",
        """UPDATE audience_members SET position = json_set(position,
            '$.latitude', 35.0 + substr(person_id, 2) % 1000 / 500.0,
            '$.longitude', 139.0 + substr(person_id, 2) % 777 / 400.0)
        WHERE message_id = (SELECT message_id FROM chats WHERE chat_id = :chat_id)""",
        """INSERT INTO deliveries (delivery_id, message_id, person_id, channel, address, status,
            attempt_count, is_canary, is_opted_out)
        SELECT :place || printf('%018x', (substr(person_id, 2) * 2654435761) & 4294967295),
            message_id, person_id, 'email', person_id || '@example.org', CASE
            WHEN substr(person_id, 2) % 10 = 0 THEN 'not_delivered' ELSE 'accepted' END, 1, 0, 0
        FROM chat_members WHERE chat_id = :chat_id""",
        """UPDATE chat_members SET answered_at = :at, answered_via = 'page', answer = CASE
            WHEN substr(person_id, 2) % 100 < 2 THEN 'needs_help' ELSE 'ok' END
        WHERE chat_id = :chat_id AND substr(person_id, 2) % 100 < 60""",
        """UPDATE chat_members SET distance_km = substr(person_id, 2) % 977 / 3.0
        WHERE chat_id = :chat_id""",
        """INSERT INTO chat_answers (answer_id, chat_id, person_id, answer, via, answered_at)
        SELECT 'a' || person_id, chat_id, person_id, answer, answered_via, answered_at
        FROM chat_members WHERE chat_id = :chat_id AND answer <> 'none'""",
        """INSERT INTO chat_posts (post_id, chat_id, person_id, text, translations, via, written_at)
        SELECT 'b' || person_id, chat_id, person_id, 'Room 12', '{}', 'page', :at
        FROM chat_members WHERE chat_id = :chat_id AND substr(person_id, 2) % 10 = 1""",
        """UPDATE messages SET state = 'sent', closed_at = :at, kind = 'chat_invite'
        WHERE message_id = (SELECT message_id FROM chats WHERE chat_id = :chat_id)""",
    )
    with ledger.write() as connection:
        for statement in statements:
            connection.execute(text(statement), values)
