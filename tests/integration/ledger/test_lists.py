"""Lists of rows: what goes in as one parameter is stored as if it had come one by one."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pysqlite3.dbapi2 as sqlite
import pytest
from sqlalchemy import select
from sqlalchemy.dialects.sqlite import dialect as sqlite_dialect

from rollcall.domain.audience import Position
from rollcall.ledger.audiences import read_frozen_audience
from rollcall.ledger.engine import Ledger
from rollcall.ledger.lists import list_rows, write_list
from rollcall.ledger.messages import accept_message
from rollcall.ledger.queue import load_contents
from rollcall.ledger.recording import (
    CHUNK_TEXTS,
    NewContent,
    NewDelivery,
    derive_delivery_id,
    load_audience,
)
from rollcall.ledger.tables import Content
from tests.integration.ledger.records import (
    NOW,
    a_message,
    a_recipient,
    an_audience,
    freeze_audience,
    read_delivery,
    record_deliveries,
)
from tests.people import phone_of

ODD = 'O\'Brien "q" \\ \\u0041 {}[],: é 张伟 🙂\t\n\u2028%s :name ?'
ODD_PEOPLE = (
    replace(a_recipient(0), name=ODD, email=ODD, via=({"by": ODD, "index": 3}, {"by": "é"})),
    replace(a_recipient(1), email=None, phone="", language=None, home_country=None),
    replace(a_recipient(2), position=Position("none")),
    replace(
        a_recipient(3),
        position=Position("report", "FJ", -1e-7, 179.123456789, NOW + timedelta(microseconds=1)),
    ),
)


@pytest.fixture
def message_id(ledger: Ledger) -> str:
    message, _ = accept_message(ledger, a_message("quake"), NOW)
    audience = replace(an_audience(0), recipients=ODD_PEOPLE)
    freeze_audience(ledger, message.message_id, audience)
    return message.message_id


def test_odd_people_are_frozen_and_recorded_as_they_are(ledger: Ledger, message_id: str) -> None:
    assert load_audience(ledger, message_id) == list(ODD_PEOPLE)
    record_deliveries(ledger, message_id, [], [], NOW)
    assert load_audience(ledger, message_id) == list(ODD_PEOPLE)
    assert read_frozen_audience(ledger, message_id).is_intact


def test_every_column_of_a_delivery_is_recorded_as_told(ledger: Ledger, message_id: str) -> None:
    texts = [NewContent("d1", "Run."), NewContent("d2", "Run.", segment_count=2)]
    told = [
        NewDelivery("p0000", "email", "waiting", ODD, "d1"),
        NewDelivery("p0001", "sms", "not_attempted", reason=ODD),
        NewDelivery("p0002", "sms", "waiting", phone_of(2), "d2"),
    ]
    record_deliveries(ledger, message_id, texts, told, NOW)

    ids = [derive_delivery_id(message_id, one.person_id, one.channel) for one in told]
    unset: dict[str, Any] = {
        "attempt_count": 0,
        "lease_owner": None,
        "lease_until": None,
        "is_canary": False,
    }
    unset |= {"same_as": None, "is_opted_out": False, "message_id": message_id}
    assert [read_delivery(ledger, one)._asdict() for one in ids] == [
        one._asdict() | unset | {"delivery_id": delivery_id, "next_attempt_at": due, "country": us}
        for one, delivery_id, due, us in zip(
            told, ids, (NOW, None, NOW), (None, None, "US"), strict=True
        )
    ]


def test_texts_of_several_chunks_are_recorded_letter_by_letter(
    ledger: Ledger, message_id: str
) -> None:
    count = CHUNK_TEXTS + 2
    texts = [
        NewContent(f"d{number:04}", f"{number}: {ODD}", ODD, f"<p>{ODD}</p>")
        for number in range(count - 1)
    ]
    texts.append(NewContent(f"d{count - 1:04}", ODD, segment_count=3))
    record_deliveries(ledger, message_id, texts, [], NOW)

    columns = [getattr(Content, name) for name in NewContent._fields]
    query = select(*columns).where(Content.message_id == message_id)
    with ledger.read() as connection:
        stored = connection.execute(query.order_by(Content.content_digest)).all()
    assert [NewContent(*row) for row in stored] == texts
    assert load_contents(ledger, message_id, {"d0000"})


@pytest.mark.parametrize("version", [None, (3, 44, 6), (3, 50, 7), (3, 51, 3)])
def test_a_list_reads_the_same_in_every_sqlite(version: tuple[int, ...] | None) -> None:
    rows: list[tuple[Any, ...]] = [(ODD, None, {"a": [1, "é"]}), ("", 7, True), ("x", 0.5, False)]
    dialect = sqlite_dialect()
    dialect.server_version_info = version
    listed = list_rows("rows", "text", "number", "anything")
    query = str(select(listed).compile(dialect=dialect))

    connection = sqlite.connect(":memory:")
    read = connection.execute(query, (write_list(rows),)).fetchall()
    connection.close()

    assert ("jsonb_each" in query) == (version == (3, 51, 3))
    assert read == [(ODD, None, '{"a":[1,"é"]}'), ("", 7, 1), ("x", 0.5, 0)]
