"""Audiences are frozen and deliveries recorded once, whole or not at all."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from rollcall.domain.audience import digest_audience
from rollcall.domain.message import Channel
from rollcall.ledger.audiences import read_frozen_audience
from rollcall.ledger.engine import Ledger
from rollcall.ledger.log import count_statuses, read_log
from rollcall.ledger.messages import accept_message, load_message, set_state
from rollcall.ledger.queue import load_contents
from rollcall.ledger.recording import (
    CHUNK_ROWS,
    NewDelivery,
    derive_delivery_id,
    load_audience,
    refuse_message,
)
from rollcall.ledger.tables import AudienceMember
from tests.integration.ledger.records import (
    NOW,
    a_message,
    an_audience,
    at_once,
    contents_of,
    deliveries_to,
    freeze_audience,
    record_deliveries,
)


@pytest.fixture
def message_id(ledger: Ledger) -> str:
    return accept_message(ledger, a_message("quake"), NOW)[0].message_id


def test_a_frozen_audience_is_read_back_as_it_was(ledger: Ledger, message_id: str) -> None:
    audience = an_audience(3)

    assert freeze_audience(ledger, message_id, audience)

    assert load_audience(ledger, message_id) == list(audience.recipients)
    assert load_message(ledger, message_id).audience_digest is None  # until all are recorded


def test_an_audience_of_several_chunks_keeps_its_digest(ledger: Ledger, message_id: str) -> None:
    one = an_audience(1)
    many = [replace(one.recipients[0], person_id=f"p{number}") for number in range(CHUNK_ROWS + 3)]
    audience = replace(one, recipients=tuple(many))

    freeze_audience(ledger, message_id, audience)
    record_deliveries(ledger, message_id, [], [], NOW)

    assert load_message(ledger, message_id).audience_digest == digest_audience(audience.recipients)
    assert read_frozen_audience(ledger, message_id).is_intact


def test_an_audience_is_frozen_once(ledger: Ledger, message_id: str) -> None:
    freeze_audience(ledger, message_id, an_audience(2))

    assert not freeze_audience(ledger, message_id, an_audience(5))

    assert len(load_audience(ledger, message_id)) == 2


def test_a_portion_is_recorded_whole_or_not_at_all(ledger: Ledger, message_id: str) -> None:
    audience = an_audience(3)
    twice = replace(audience, recipients=(*audience.recipients, audience.recipients[0]))
    freeze_audience(ledger, message_id, twice)

    with pytest.raises(IntegrityError):
        record_deliveries(ledger, message_id, [], [], NOW)

    with ledger.read() as connection:
        assert connection.execute(select(AudienceMember.person_id)).all() == []
    assert load_message(ledger, message_id).audience_digest is None


def test_of_many_who_freeze_at_once_one_does(ledger: Ledger, message_id: str) -> None:
    froze = at_once(8, lambda number: freeze_audience(ledger, message_id, an_audience(number + 1)))

    assert sum(froze) == 1
    assert len(load_audience(ledger, message_id)) == froze.index(True) + 1


def test_of_many_who_record_at_once_one_does(ledger: Ledger, message_id: str) -> None:
    audience = an_audience(20)
    freeze_audience(ledger, message_id, audience)

    recorded = at_once(
        8,
        lambda _: record_deliveries(
            ledger,
            message_id,
            contents_of("email", "sms"),
            deliveries_to(audience, "email", "sms"),
            NOW,
        ),
    )

    assert sum(recorded) == 1
    assert count_statuses(ledger, message_id) == {"email": {"waiting": 20}, "sms": {"waiting": 20}}


def test_deliveries_are_recorded_whole_or_not_at_all(ledger: Ledger, message_id: str) -> None:
    audience = an_audience(3)
    freeze_audience(ledger, message_id, audience)
    stranger = NewDelivery("p9999", "sms", "waiting", "+12025550100", "text of sms")

    with pytest.raises(IntegrityError):
        record_deliveries(
            ledger,
            message_id,
            contents_of("sms"),
            [*deliveries_to(audience, "sms"), stranger],
            NOW,
        )

    assert read_log(ledger, message_id) == []
    assert load_contents(ledger, message_id, {"text of sms"}) == {}


def test_who_has_no_address_is_in_the_log_and_not_in_the_queue(
    ledger: Ledger, message_id: str
) -> None:
    freeze_audience(ledger, message_id, an_audience(1))
    without = NewDelivery("p0000", "sms", "not_attempted", reason="no phone number")
    record_deliveries(ledger, message_id, [], [without], NOW)

    (entry,) = read_log(ledger, message_id)

    assert (entry.status, entry.reason) == ("not_attempted", "no phone number")
    assert (entry.next_attempt_at, entry.attempt_count, entry.route_id) == (None, 0, None)


def test_a_delivery_id_is_always_the_same_and_tells_nobody_apart() -> None:
    known = derive_delivery_id("m1", "p1", "sms")

    assert derive_delivery_id("m1", "p1", "sms") == known
    assert "p1" not in known
    others = {derive_delivery_id(*names) for names in (("m2", "p1", "sms"), ("m1", "p2", "sms"))}
    assert known not in {*others, derive_delivery_id("m1", "p1", "email")}


@given(st.text(st.characters(exclude_categories=["Cs"])), st.sampled_from(["email", "sms"]))
def test_delivery_ids_of_a_message_begin_alike_and_fit_everywhere(
    person_id: str, channel: Channel
) -> None:
    derived = derive_delivery_id("m1", person_id, channel)
    assert re.fullmatch("[0-9a-f]{32}", derived)
    assert derived[:12] == derive_delivery_id("m1", "p1", "sms")[:12]
    assert derived[:12] != derive_delivery_id("m2", person_id, channel)[:12]


def test_a_message_is_refused_only_while_nothing_is_recorded(
    ledger: Ledger, message_id: str
) -> None:
    audience = an_audience(1)
    freeze_audience(ledger, message_id, audience)
    record_deliveries(ledger, message_id, contents_of("sms"), deliveries_to(audience, "sms"), NOW)

    assert not refuse_message(ledger, message_id, "nobody is meant", NOW)

    assert load_message(ledger, message_id).state == "accepted"


def test_of_a_refused_message_nothing_is_recorded(ledger: Ledger, message_id: str) -> None:
    audience = an_audience(1)
    freeze_audience(ledger, message_id, audience)

    assert refuse_message(ledger, message_id, "nobody is meant", NOW)

    assert not record_deliveries(
        ledger, message_id, contents_of("sms"), deliveries_to(audience, "sms"), NOW
    )
    set_state(ledger, message_id, "sending")
    message = load_message(ledger, message_id)
    assert (message.state, message.reason, message.closed_at) == ("refused", "nobody is meant", NOW)
    assert count_statuses(ledger, message_id) == {}


def test_of_one_who_refuses_and_one_who_records_at_once_only_one_does(
    ledger: Ledger, message_id: str
) -> None:
    audience = an_audience(5)
    freeze_audience(ledger, message_id, audience)

    def refuse_or_record(number: int) -> bool:
        if number % 2:
            return refuse_message(ledger, message_id, "the source cannot be read", NOW)
        return record_deliveries(
            ledger, message_id, contents_of("sms"), deliveries_to(audience, "sms"), NOW
        )

    done = at_once(6, refuse_or_record)

    assert sum(done) == 1
    is_refused = load_message(ledger, message_id).state == "refused"
    assert is_refused != bool(read_log(ledger, message_id))
