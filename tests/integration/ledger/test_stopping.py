"""A stop holds back what waits, leaves what is in flight, and says truthfully what is out."""

from datetime import timedelta
from typing import Any

import pytest

from rollcall.domain.delivery import Finish, WaitFor
from rollcall.errors import InputError
from rollcall.ledger.attempts import Settlement
from rollcall.ledger.engine import Ledger
from rollcall.ledger.log import count_statuses
from rollcall.ledger.messages import accept_message, load_message, set_state
from rollcall.ledger.queue import claim_due, read_queue, release_leases
from rollcall.ledger.recording import STOPPED_EARLY, refuse_message
from rollcall.ledger.stopping import StopCounts, count_stopped, stop_message, sweep_stopped
from tests.integration.ledger.records import (
    NOW,
    a_message,
    an_audience,
    at_once,
    begin,
    claim_one,
    contents_of,
    deliveries_to,
    due_in,
    finish,
    finished,
    freeze_audience,
    queue_message,
    read_delivery,
    record_deliveries,
)

US = "us/1/1/a"
LATER = NOW + timedelta(seconds=5)


def test_what_waits_is_held_back_and_no_longer_in_the_queue(ledger: Ledger) -> None:
    message_id = queue_message(ledger, 5)

    assert stop_message(ledger, message_id, NOW)

    assert count_stopped(ledger, message_id) == StopCounts(0, 5, 0)
    assert read_queue(ledger, message_id, NOW).waiting_count == 0
    message = load_message(ledger, message_id)
    assert (message.state, message.stopped_at, message.closed_at) == ("stopped", NOW, NOW)
    assert claim_due(ledger, message_id, US, 10, NOW) == []


def test_stopping_again_changes_nothing(ledger: Ledger) -> None:
    message_id = queue_message(ledger, 2)
    stop_message(ledger, message_id, NOW)
    before = load_message(ledger, message_id)

    assert stop_message(ledger, message_id, LATER)

    assert load_message(ledger, message_id) == before
    assert count_stopped(ledger, message_id) == StopCounts(0, 2, 0)


def test_a_claimed_delivery_that_is_not_tried_yet_never_is(ledger: Ledger) -> None:
    message_id = queue_message(ledger)
    claimed = claim_one(ledger, message_id, US)

    stop_message(ledger, message_id, NOW)

    assert begin(ledger, US, claimed.delivery_id) is None
    assert read_delivery(ledger, claimed.delivery_id).reason == STOPPED_EARLY


@pytest.mark.parametrize("settled", ["accepted", "not_delivered", "waiting"])
def test_what_is_in_flight_is_left_to_whoever_makes_the_try(ledger: Ledger, settled: Any) -> None:
    message_id = queue_message(ledger)
    claimed = claim_one(ledger, message_id, US)
    attempt_id = begin(ledger, US, claimed.delivery_id) or ""

    stop_message(ledger, message_id, NOW)
    assert count_stopped(ledger, message_id) == StopCounts(0, 0, 1)

    then = due_in(claimed.delivery_id, 9)
    if settled != "waiting":
        then = finished(claimed.delivery_id, settled)
    outcome = {"accepted": "accepted", "not_delivered": "refused"}.get(settled, "temporary")
    finish(ledger, US, attempt_id, outcome, then)  # type: ignore[arg-type] # of the table above
    sweep_stopped(ledger, message_id, LATER)

    delivery = read_delivery(ledger, claimed.delivery_id)
    held = settled == "waiting"
    assert delivery.status == ("stopped" if held else settled)
    assert delivery.next_attempt_at is None
    if held:
        assert delivery.reason == "stopped after 1 tries"


def test_who_may_have_a_copy_is_unconfirmed_and_not_held_back(ledger: Ledger) -> None:
    message_id = queue_message(ledger)
    claimed = claim_one(ledger, message_id, US)
    attempt_id = begin(ledger, US, claimed.delivery_id) or ""
    finish(ledger, US, attempt_id, "uncertain", due_in(claimed.delivery_id, 60))

    stop_message(ledger, message_id, NOW)

    assert count_stopped(ledger, message_id) == StopCounts(1, 0, 0)
    delivery = read_delivery(ledger, claimed.delivery_id)
    assert (delivery.status, delivery.reason) == (
        "unconfirmed",
        "stopped after 1 tries; it may have arrived",
    )


def test_a_try_of_a_process_that_lost_its_lease_may_have_arrived(ledger: Ledger) -> None:
    message_id = queue_message(ledger)
    claimed = claim_one(ledger, message_id, US)
    begin(ledger, US, claimed.delivery_id)
    release_leases(ledger, message_id, US)

    stop_message(ledger, message_id, NOW)

    assert count_stopped(ledger, message_id) == StopCounts(1, 0, 0)


def test_an_acceptance_that_awaits_its_receipt_stands_and_is_not_sent_again(
    ledger: Ledger,
) -> None:
    message_id = queue_message(ledger)
    claimed = claim_one(ledger, message_id, US)
    attempt_id = begin(ledger, US, claimed.delivery_id) or ""
    awaiting = Settlement(
        claimed.delivery_id, WaitFor(NOW + timedelta(seconds=90), status="accepted")
    )
    finish(ledger, US, attempt_id, "accepted", awaiting)

    stop_message(ledger, message_id, NOW)

    delivery = read_delivery(ledger, claimed.delivery_id)
    assert (delivery.status, delivery.next_attempt_at) == ("accepted", None)
    assert count_stopped(ledger, message_id) == StopCounts(1, 0, 0)


def test_a_message_stopped_before_it_is_recorded_sends_nothing(ledger: Ledger) -> None:
    message, _ = accept_message(ledger, a_message("drill"), NOW)
    audience = an_audience(3)
    freeze_audience(ledger, message.message_id, audience)

    stop_message(ledger, message.message_id, NOW)
    record_deliveries(
        ledger, message.message_id, contents_of("sms"), deliveries_to(audience, "sms"), NOW
    )

    assert count_statuses(ledger, message.message_id) == {"sms": {"stopped": 3}}
    assert claim_due(ledger, message.message_id, US, 10, NOW) == []
    assert not refuse_message(ledger, message.message_id, "too late", NOW)


def test_a_message_of_which_nothing_is_left_stays_sent(ledger: Ledger) -> None:
    message_id = queue_message(ledger)
    claimed = claim_one(ledger, message_id, US)
    attempt_id = begin(ledger, US, claimed.delivery_id) or ""
    done = Settlement(claimed.delivery_id, Finish("accepted"))
    finish(ledger, US, attempt_id, "accepted", done)
    set_state(ledger, message_id, "sent", closed_at=NOW)

    assert not stop_message(ledger, message_id, LATER)

    assert load_message(ledger, message_id).state == "sent"
    assert count_stopped(ledger, message_id) == StopCounts(1, 0, 0)


def test_a_stopped_message_moves_nowhere_else(ledger: Ledger) -> None:
    message_id = queue_message(ledger)
    stop_message(ledger, message_id, NOW)

    assert not set_state(ledger, message_id, "sending")
    assert not set_state(ledger, message_id, "sent")

    assert load_message(ledger, message_id).state == "stopped"


def test_a_refused_or_unknown_message_cannot_be_stopped(ledger: Ledger) -> None:
    message, _ = accept_message(ledger, a_message("drill"), NOW)
    refuse_message(ledger, message.message_id, "nobody is meant", NOW)

    with pytest.raises(InputError, match="was refused: nothing of it was sent"):
        stop_message(ledger, message.message_id, NOW)
    with pytest.raises(InputError, match="no message 'm1'"):
        stop_message(ledger, "m1", NOW)


def test_of_tries_begun_while_a_message_is_stopped_none_is_held_back(ledger: Ledger) -> None:
    message_id = queue_message(ledger, 60)
    owners = [f"us/{number}/1/a" for number in range(6)]
    claims = {owner: claim_due(ledger, message_id, owner, 10, NOW) for owner in owners}

    def begin_or_stop(number: int) -> list[str]:
        if number == len(owners):
            stop_message(ledger, message_id, NOW)
            return []
        owner = owners[number]
        return [one.delivery_id for one in claims[owner] if begin(ledger, owner, one.delivery_id)]

    begun = {one for each in at_once(len(owners) + 1, begin_or_stop) for one in each}
    sweep_stopped(ledger, message_id, NOW)

    assert count_stopped(ledger, message_id) == StopCounts(0, 60 - len(begun), len(begun))
    assert {read_delivery(ledger, one).status for one in begun} <= {"waiting"}
