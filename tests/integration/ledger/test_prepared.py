"""A statement that is compiled once says each time what it is asked."""

from datetime import timedelta

import pytest
from sqlalchemy import bindparam, func, literal, select, update
from sqlalchemy.exc import ProgrammingError

from rollcall.ledger.engine import Ledger
from rollcall.ledger.lists import gather_rows, in_list, moment_param, write_list, write_moment
from rollcall.ledger.prepared import Prepared
from rollcall.ledger.queue import claim_due
from rollcall.ledger.tables import Delivery
from tests.integration.ledger.records import NOW, queue_message, read_delivery

LATER = NOW + timedelta(hours=1)
ODD = "100 % 'of' \"it\" :name ? %s é \\"
PUT_OFF = Prepared(
    update(Delivery)
    .where(in_list(Delivery.delivery_id, "ids"), Delivery.status == "waiting")
    .values(reason=bindparam("b_reason"), next_attempt_at=moment_param("b_until"))
)
DUE = Prepared(
    gather_rows(
        select(Delivery.delivery_id, literal(ODD), Delivery.attempt_count + 3)
        .where(Delivery.next_attempt_at <= moment_param("b_now"))
        .order_by(Delivery.delivery_id)
        .limit(bindparam("b_limit"))
    )
)
COUNTED = Prepared(select(func.count()).where(Delivery.reason == bindparam("b_reason")))


def put_off(ledger: Ledger, delivery_ids: list[str], reason: str | None) -> int:
    told = {"ids": write_list(delivery_ids), "b_reason": reason, "b_until": write_moment(LATER)}
    with ledger.write() as connection:
        return PUT_OFF.execute(connection, **told).rowcount


def test_each_execution_has_parameters_of_its_own(ledger: Ledger) -> None:
    claimed = claim_due(ledger, queue_message(ledger, 3), "one", 3, NOW)
    first, second, third = (one.delivery_id for one in claimed)

    assert put_off(ledger, [first, second, "nobody's"], ODD) == 2
    assert put_off(ledger, [second], None) == 1

    rows = [read_delivery(ledger, one) for one in (first, second, third)]
    assert [row.reason for row in rows] == [ODD, None, None]
    assert [row.next_attempt_at for row in rows] == [LATER, LATER, NOW]
    with ledger.read() as connection:
        assert COUNTED.execute(connection, b_reason=ODD).scalar_one() == 1
        assert COUNTED.execute(connection, b_reason="nothing").scalar_one() == 0


def test_a_parameter_that_is_forgotten_is_not_taken_for_none(ledger: Ledger) -> None:
    with ledger.read() as connection, pytest.raises((KeyError, ProgrammingError), match="b_reason"):
        COUNTED.execute(connection)


def test_gathered_rows_come_as_lists_in_their_order(ledger: Ledger) -> None:
    claimed = claim_due(ledger, queue_message(ledger, 3), "one", 3, NOW)
    ids = sorted(one.delivery_id for one in claimed)
    put_off(ledger, ids[:1], None)

    with ledger.read() as connection:
        due = DUE.gather(connection, b_now=write_moment(NOW), b_limit=2)
        none_due = DUE.gather(connection, b_now=write_moment(NOW - timedelta(1)), b_limit=2)

    assert due == [[one, ODD, 3] for one in ids[1:]]
    assert none_due == []
