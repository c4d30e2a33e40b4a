"""How quickly a message went out is told from its tries, and never better than it was."""

from datetime import timedelta

from rollcall.ledger.engine import Ledger
from rollcall.ledger.pace import Pace, read_pace
from rollcall.ledger.queue import claim_due
from tests.integration.ledger.records import NOW, begin, finish, finished, queue_message

US = "us/1/1/a"


def take(ledger: Ledger, delivery_ids: list[str], after_s: float) -> None:
    """Have deliveries accepted so many seconds after the message was, begun a second before."""
    moment = NOW + timedelta(seconds=after_s)
    for one in delivery_ids:
        attempt_id = begin(ledger, US, one, now=moment - timedelta(seconds=1))
        assert attempt_id
        finish(ledger, US, attempt_id, "accepted", finished(one, "accepted"), now=moment)


def test_parts_are_timed_from_the_moment_the_message_was_accepted(ledger: Ledger) -> None:
    message_id = queue_message(ledger, 10)
    queue_message(ledger, 3, key="another message counts for nothing")
    ids = [one.delivery_id for one in claim_due(ledger, message_id, US, 10, NOW)]
    take(ledger, ids[:5], 2)
    take(ledger, ids[5:9], 10)
    assert read_pace(ledger, message_id) == Pace(1.0, {50: 2.0, 90: 10.0, 99: None})
    take(ledger, ids[9:], 60)
    assert read_pace(ledger, message_id) == Pace(1.0, {50: 2.0, 90: 10.0, 99: 60.0})


def test_a_copy_counts_once_and_at_its_first_acceptance(ledger: Ledger) -> None:
    message_id = queue_message(ledger, 2)
    first, second = (one.delivery_id for one in claim_due(ledger, message_id, US, 10, NOW))
    attempts = [begin(ledger, US, first), begin(ledger, US, first)]
    for after_s, attempt_id in zip((3, 4), attempts, strict=True):
        assert attempt_id
        finish(ledger, US, attempt_id, "accepted", now=NOW + timedelta(seconds=after_s))
    assert read_pace(ledger, message_id).taken_s == {50: 3.0, 90: None, 99: None}
    take(ledger, [second], 9)
    assert read_pace(ledger, message_id).taken_s == {50: 3.0, 90: 9.0, 99: 9.0}


def test_of_a_message_that_was_never_tried_nothing_is_told(ledger: Ledger) -> None:
    nothing = Pace(None, {50: None, 90: None, 99: None})
    assert read_pace(ledger, queue_message(ledger, 2)) == nothing
    assert read_pace(ledger, queue_message(ledger, 0, key="to nobody")) == nothing
