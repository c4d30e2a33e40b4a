"""What recording decides about SMS: shared numbers, opt-outs, countries."""

from dataclasses import replace
from typing import Any

from sqlalchemy import insert, select

from rollcall.domain.audience import Audience
from rollcall.ledger.engine import Ledger
from rollcall.ledger.log import count_statuses, read_log
from rollcall.ledger.messages import accept_message
from rollcall.ledger.queue import claim_due
from rollcall.ledger.recording import NewDelivery
from rollcall.ledger.shared_numbers import mirror_shared
from rollcall.ledger.tables import Delivery, OptOut
from tests.integration.conversations import open_conversation
from tests.integration.ledger.records import (
    NOW,
    a_message,
    an_audience,
    begin,
    contents_of,
    deliveries_to,
    finish,
    finished,
    freeze_audience,
    record_deliveries,
)
from tests.people import phone_of

US = "us/1/1/a"
SHARED = phone_of(7)


def record(ledger: Ledger, audience: Audience, **how: Any) -> str:
    chat_id = how.pop("chat_id", None)
    message, _ = accept_message(ledger, a_message("drill", chat_id=chat_id), NOW)
    freeze_audience(ledger, message.message_id, audience)
    told = deliveries_to(audience, "email", "sms")
    texts = contents_of("email", "sms")
    record_deliveries(ledger, message.message_id, texts, told, NOW, **how)
    return message.message_id


def sharing(count: int) -> Audience:
    audience = an_audience(count)
    same = [replace(one, phone=SHARED) for one in audience.recipients]
    return replace(audience, recipients=tuple(same))


def sms_rows(ledger: Ledger, message_id: str) -> list[Any]:
    query = (
        select(Delivery.__table__)
        .where(Delivery.message_id == message_id, Delivery.channel == "sms")
        .order_by(Delivery.person_id)
    )
    with ledger.read() as connection:
        return list(connection.execute(query))


def opt_out(ledger: Ledger, *addresses: str) -> None:
    with ledger.write() as connection:
        rows = [{"address": one, "source": "operator", "opted_out_at": NOW} for one in addresses]
        connection.execute(insert(OptOut), rows)


def test_people_who_share_a_number_have_one_sms_that_can_be_claimed(ledger: Ledger) -> None:
    message_id = record(ledger, sharing(3))

    leader, *others = sms_rows(ledger, message_id)

    assert leader.same_as is None
    assert [(one.same_as, one.next_attempt_at) for one in others] == [
        (leader.delivery_id, None)
    ] * 2
    claimed = claim_due(ledger, message_id, US, 10, NOW, "sms")
    assert [one.delivery_id for one in claimed] == [leader.delivery_id]


def test_those_who_share_a_number_are_shown_what_became_of_the_one_sms(ledger: Ledger) -> None:
    message_id = record(ledger, sharing(2))
    (claimed,) = claim_due(ledger, message_id, US, 10, NOW, "sms")
    attempt_id = begin(ledger, US, claimed.delivery_id) or ""
    finish(ledger, US, attempt_id, "accepted", finished(claimed.delivery_id, "accepted"))

    with ledger.write() as connection:
        mirror_shared(connection, [claimed.delivery_id])

    shown = [entry for entry in read_log(ledger, message_id) if entry.channel == "sms"]
    assert [(one.status, one.route_id, one.attempt_count) for one in shown] == [
        ("accepted", "alpha", 1)
    ] * 2
    assert count_statuses(ledger, message_id)["sms"] == {"accepted": 2}


def test_mirroring_leaves_everybody_else_as_they_are(ledger: Ledger) -> None:
    message_id = record(ledger, an_audience(3))
    before = sms_rows(ledger, message_id)

    with ledger.write() as connection:
        mirror_shared(connection, [one.delivery_id for one in before])

    assert sms_rows(ledger, message_id) == before


def test_links_of_chats_are_personal_and_never_shared(ledger: Ledger) -> None:
    chat_id = open_conversation(ledger).chat.chat_id
    message_id = record(ledger, sharing(2), chat_id=chat_id)
    assert [one.same_as for one in sms_rows(ledger, message_id)] == [None, None]


def test_whoever_cannot_be_written_to_does_not_stand_for_others(ledger: Ledger) -> None:
    message, _ = accept_message(ledger, a_message("drill"), NOW)
    audience = sharing(2)
    freeze_audience(ledger, message.message_id, audience)
    odd = NewDelivery("p0000", "sms", "not_attempted", reason="comes out empty")
    rest = [one for one in deliveries_to(audience, "sms") if one.person_id != "p0000"]

    record_deliveries(ledger, message.message_id, contents_of("sms"), [odd, *rest], NOW)

    assert [one.same_as for one in sms_rows(ledger, message.message_id)] == [None, None]


def test_who_opted_out_gets_no_text_and_everybody_else_does(ledger: Ledger) -> None:
    opt_out(ledger, phone_of(1))
    message_id = record(ledger, an_audience(3))

    first, second, third = sms_rows(ledger, message_id)

    assert (second.status, second.reason, second.is_opted_out) == (
        "not_attempted",
        "opted out (STOP)",
        True,
    )
    assert {one.status for one in (first, third)} == {"waiting"}
    assert not first.is_opted_out
    assert count_statuses(ledger, message_id)["email"] == {"waiting": 3}


def test_what_is_of_life_safety_goes_to_them_too_and_shows_it(ledger: Ledger) -> None:
    opt_out(ledger, phone_of(1))
    message_id = record(ledger, an_audience(2), life_safety=True)
    assert [(one.status, one.is_opted_out) for one in sms_rows(ledger, message_id)] == [
        ("waiting", False),
        ("waiting", True),
    ]


def test_country_of_the_number_is_recorded_and_email_has_none(ledger: Ledger) -> None:
    message_id = record(ledger, an_audience(1))
    with ledger.read() as connection:
        query = select(Delivery.channel, Delivery.country).where(Delivery.message_id == message_id)
        assert dict(connection.execute(query).all()) == {"email": None, "sms": "US"}  # type: ignore[arg-type] # rows of two
