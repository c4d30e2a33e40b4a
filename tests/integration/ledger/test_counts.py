"""The counters say what counting would, whatever happened to the deliveries, on both back ends."""

from collections import defaultdict

import pytest
from sqlalchemy import delete, func, select, update

from rollcall.ledger.count_tables import DeliveryCount
from rollcall.ledger.engine import Ledger
from rollcall.ledger.log import StatusCounts, count_statuses
from rollcall.ledger.queue import claim_due
from rollcall.ledger.stopping import stop_message
from rollcall.ledger.tables import Delivery
from tests.integration.ledger.records import (
    NOW,
    at_once,
    begin,
    finish,
    finished,
    queue_message,
)


def count_slowly(ledger: Ledger, message_id: str) -> StatusCounts:
    query = (
        select(Delivery.channel, Delivery.status, func.count())
        .where(Delivery.message_id == message_id)
        .group_by(Delivery.channel, Delivery.status)
    )
    counts: StatusCounts = defaultdict(dict)
    with ledger.read() as connection:
        for channel, status, count in connection.execute(query):
            counts[channel][status] = count
    return dict(counts)


def settle(ledger: Ledger, message_id: str, owner: str, count: int) -> None:
    for claimed in claim_due(ledger, message_id, owner, count, NOW):
        attempt_id = begin(ledger, owner, claimed.delivery_id) or ""
        finish(ledger, owner, attempt_id, "accepted", finished(claimed.delivery_id, "accepted"))


def test_counters_follow_what_is_recorded_settled_and_stopped(ledger: Ledger) -> None:
    message_id = queue_message(ledger, 9, "sms", "email")
    other_id = queue_message(ledger, 2, key="other")
    assert count_statuses(ledger, message_id) == {"email": {"waiting": 9}, "sms": {"waiting": 9}}
    settle(ledger, message_id, "run", 5)
    assert count_statuses(ledger, message_id) == count_slowly(ledger, message_id)
    stop_message(ledger, message_id, NOW)
    assert count_statuses(ledger, message_id) == count_slowly(ledger, message_id)
    assert sum(count_statuses(ledger, message_id)["sms"].values()) == 9
    assert count_statuses(ledger, other_id) == {"sms": {"waiting": 2}}


def test_counters_follow_statements_about_many_rows(ledger: Ledger) -> None:
    message_id = queue_message(ledger, 20)
    few = select(Delivery.delivery_id).order_by(Delivery.person_id).limit(7)
    with ledger.write() as connection:
        connection.execute(
            update(Delivery).where(Delivery.delivery_id.in_(few)).values(status="delivered")
        )
        connection.execute(update(Delivery).values(reason="said of all, and no status changes"))
    assert count_statuses(ledger, message_id) == {"sms": {"delivered": 7, "waiting": 13}}
    with ledger.write() as connection:
        connection.execute(delete(Delivery).where(Delivery.status == "delivered"))
    assert count_statuses(ledger, message_id) == {"sms": {"waiting": 13}}


def change_and_fail(ledger: Ledger) -> None:
    with ledger.write() as connection:
        connection.execute(update(Delivery).values(status="delivered"))
        raise RuntimeError


def test_what_is_rolled_back_is_not_counted(ledger: Ledger) -> None:
    message_id = queue_message(ledger, 3)
    with pytest.raises(RuntimeError):
        change_and_fail(ledger)
    assert count_statuses(ledger, message_id) == {"sms": {"waiting": 3}}


def test_many_who_write_at_once_lose_no_count(ledger: Ledger) -> None:
    message_id = queue_message(ledger, 40)
    at_once(4, lambda number: settle(ledger, message_id, f"run {number}", 10))
    assert count_statuses(ledger, message_id) == {"sms": {"accepted": 40}}
    assert count_slowly(ledger, message_id) == {"sms": {"accepted": 40}}
    with ledger.read() as connection:
        parts = connection.execute(select(func.count()).select_from(DeliveryCount)).scalar_one()
    assert parts <= 2 * (1 if ledger.backend == "sqlite" else 6)
