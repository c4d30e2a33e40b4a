"""What a message has come to is counted from its own deliveries and tries."""

from sqlalchemy import update

from rollcall.ledger.engine import Ledger
from rollcall.ledger.log import count_outcomes, count_statuses
from rollcall.ledger.queue import claim_due
from rollcall.ledger.tables import Delivery
from tests.integration.ledger.records import NOW, begin, finish, finished, queue_message

US = "us/1/1/a"


def try_all(ledger: Ledger, message_id: str, route_id: str) -> list[str]:
    """Have all deliveries accepted but the last, which stays in flight; return their ids."""
    ids = sorted(one.delivery_id for one in claim_due(ledger, message_id, US, 10, NOW))
    for one in ids:
        attempt_id = begin(ledger, US, one, route_id)
        assert attempt_id
        if one != ids[-1]:
            finish(ledger, US, attempt_id, "accepted", finished(one, "accepted"))
    return ids


def test_tries_are_counted_by_route_and_outcome(ledger: Ledger) -> None:
    message_id = queue_message(ledger, 4)
    try_all(ledger, queue_message(ledger, 3, key="another one"), "bravo")
    try_all(ledger, message_id, "alpha")

    assert count_outcomes(ledger, message_id) == {"alpha": {"accepted": 3, "in_flight": 1}}
    assert count_statuses(ledger, message_id) == {"sms": {"accepted": 3, "waiting": 1}}


def test_a_message_whose_ids_lie_among_those_of_another_is_counted_by_itself(
    ledger: Ledger,
) -> None:
    """As those do that were recorded before the ids of a message began alike."""
    message_id, other_id = queue_message(ledger, 4), queue_message(ledger, 1, key="between")
    (between,) = claim_due(ledger, other_id, "nobody", 10, NOW)
    ids = sorted(one.delivery_id for one in claim_due(ledger, message_id, "nobody", 10, NOW))
    with ledger.write() as connection:
        moved = update(Delivery).values(lease_owner=None, lease_until=None)
        connection.execute(moved)
        named = moved.where(Delivery.delivery_id == between.delivery_id)
        connection.execute(named.values(delivery_id=f"{ids[1]}0"))

    try_all(ledger, message_id, "alpha")
    try_all(ledger, other_id, "bravo")

    assert count_outcomes(ledger, message_id) == {"alpha": {"accepted": 3, "in_flight": 1}}
    assert count_outcomes(ledger, other_id) == {"bravo": {"in_flight": 1}}
    assert count_statuses(ledger, message_id) == {"sms": {"accepted": 3, "waiting": 1}}
    assert count_statuses(ledger, other_id) == {"sms": {"waiting": 1}}


def test_of_a_message_to_nobody_there_are_no_tries(ledger: Ledger) -> None:
    try_all(ledger, queue_message(ledger, 2), "alpha")

    to_nobody = queue_message(ledger, 0, key="to nobody")

    assert count_outcomes(ledger, to_nobody) == {}
    assert count_statuses(ledger, to_nobody) == {}
