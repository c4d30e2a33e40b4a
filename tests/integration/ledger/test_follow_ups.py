"""Follow-ups go to exactly those a message reached, or exactly those it did not."""

from typing import Any

import pytest
from sqlalchemy import update

from rollcall.domain.message import FollowUp
from rollcall.errors import SelectionError
from rollcall.ledger.engine import Ledger
from rollcall.ledger.follow_ups import count_followed, select_followed
from rollcall.ledger.messages import set_state
from rollcall.ledger.stopping import stop_message
from rollcall.ledger.tables import Delivery
from tests.integration.ledger.records import NOW, an_audience, queue_message

CASES = ("accepted", "at_carrier", "delivered", "unconfirmed", "not_delivered", "stopped")
"""What became of the SMS of `p0000` and so on; of everybody's email nothing did."""


def a_sent_message(ledger: Ledger) -> str:
    message_id = queue_message(ledger, len(CASES), "email", "sms")
    with ledger.write() as connection:
        is_ours = Delivery.message_id == message_id
        connection.execute(update(Delivery).where(is_ours).values(status="not_attempted"))
        for number, status in enumerate(CASES):
            is_sms = (Delivery.person_id == f"p{number:04}") & (Delivery.channel == "sms")
            connection.execute(update(Delivery).where(is_ours, is_sms).values(status=status))
    set_state(ledger, message_id, "sent", closed_at=NOW)
    return message_id


def followed(ledger: Ledger, message_id: str, who: Any) -> list[str]:
    audience = select_followed(ledger, FollowUp(message_id=message_id, who=who))
    return [CASES[int(one.person_id[1:])] for one in audience.recipients]


def test_those_reached_are_all_who_have_or_may_have_a_copy(ledger: Ledger) -> None:
    message_id = a_sent_message(ledger)
    assert followed(ledger, message_id, "reached") == [
        "accepted",
        "at_carrier",
        "delivered",
        "unconfirmed",
    ]


def test_those_not_reached_are_all_of_whom_no_route_took_it(ledger: Ledger) -> None:
    message_id = a_sent_message(ledger)
    assert followed(ledger, message_id, "not_reached") == [
        "unconfirmed",
        "not_delivered",
        "stopped",
    ]


@pytest.mark.parametrize(("who", "count"), [("reached", 4), ("not_reached", 3)])
def test_they_are_counted_before_anything_is_sent(ledger: Ledger, who: Any, count: int) -> None:
    follow_up = FollowUp(message_id=a_sent_message(ledger), who=who)
    assert count_followed(ledger, follow_up) == count


def test_they_are_as_they_were_frozen_with_a_reason_more(ledger: Ledger) -> None:
    message_id = a_sent_message(ledger)
    follow_up = FollowUp(message_id=message_id, who="reached")
    first = select_followed(ledger, follow_up).recipients[0]
    frozen = an_audience(1).recipients[0]
    assert first.via == (*frozen.via, {"by": "follow_up", "message_id": message_id})
    assert (first.name, first.email, first.phone, first.position) == (
        frozen.name,
        frozen.email,
        frozen.phone,
        frozen.position,
    )


def test_whom_it_did_not_reach_is_not_known_while_it_is_sent_but_once_it_is_stopped(
    ledger: Ledger,
) -> None:
    message_id = queue_message(ledger, 2)
    retry = FollowUp(message_id=message_id, who="not_reached")
    with pytest.raises(SelectionError, match=f"still being sent.*rollcall stop {message_id}"):
        select_followed(ledger, retry)

    stop_message(ledger, message_id, NOW)

    assert len(select_followed(ledger, retry).recipients) == 2


def test_nobody_to_correct_is_told(ledger: Ledger) -> None:
    message_id = queue_message(ledger, 2)
    with pytest.raises(SelectionError, match="nobody has or may have a copy of it"):
        select_followed(ledger, FollowUp(message_id=message_id, who="reached"))
