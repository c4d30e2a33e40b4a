"""The queue: who is claimed first, by whom, and what a crash leaves behind."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import chain

import pytest

from rollcall.domain.delivery import Status
from rollcall.domain.tries import Outcome
from rollcall.ledger.attempts import AttemptStart, begin_attempts, new_attempt_id
from rollcall.ledger.engine import Ledger
from rollcall.ledger.leases import LEASE_S
from rollcall.ledger.queue import (
    LOST_IN_A_CRASH,
    QueueState,
    claim_due,
    read_queue,
    release_leases,
    renew_leases,
)
from tests.integration.ledger.records import (
    NOW,
    at_once,
    begin,
    claim_one,
    due_in,
    finish,
    finished,
    queue_message,
    read_attempts,
    read_delivery,
)

LEASE = timedelta(seconds=LEASE_S)
JUST_AFTER = NOW + LEASE


def test_a_claim_tells_what_is_to_be_sent_and_how_it_went_so_far(ledger: Ledger) -> None:
    message_id = queue_message(ledger, 1, "email")
    first = claim_one(ledger, message_id, "one")
    attempt_id = begin(ledger, "one", first.delivery_id)
    assert attempt_id
    finish(ledger, "one", attempt_id, "temporary", due_in(first.delivery_id, 0))

    again = claim_one(ledger, message_id, "two")

    assert (again.channel, again.address) == ("email", "p0@example.org")
    assert again.content_digest == "text of email"
    assert [(one.route_id, one.outcome) for one in again.tries] == [("alpha", "temporary")]
    assert first.tries == ()


def test_the_least_tried_are_claimed_first(ledger: Ledger) -> None:
    message_id = queue_message(ledger, 4)
    tried = claim_due(ledger, message_id, "one", 2, NOW)
    for delivery in tried:
        attempt_id = begin(ledger, "one", delivery.delivery_id)
        assert attempt_id
        finish(ledger, "one", attempt_id, "temporary", due_in(delivery.delivery_id, -5))

    order = [claim_due(ledger, message_id, "two", 1, NOW)[0].delivery_id for _ in range(4)]

    assert {one.delivery_id for one in tried} == set(order[2:])


def test_of_those_tried_alike_the_longest_due_is_claimed_first(ledger: Ledger) -> None:
    message_id = queue_message(ledger, 3)
    claimed = claim_due(ledger, message_id, "one", 3, NOW)
    for wait_s, delivery in zip((2, 0, 1), claimed, strict=True):
        attempt_id = begin(ledger, "one", delivery.delivery_id)
        assert attempt_id
        finish(ledger, "one", attempt_id, "temporary", due_in(delivery.delivery_id, wait_s))

    order = [one.delivery_id for one in claim_due(ledger, message_id, "two", 3, JUST_AFTER)]

    assert order == [claimed[1].delivery_id, claimed[2].delivery_id, claimed[0].delivery_id]


def test_what_is_not_due_is_not_claimed(ledger: Ledger) -> None:
    message_id = queue_message(ledger)
    delivery = claim_one(ledger, message_id, "one")
    attempt_id = begin(ledger, "one", delivery.delivery_id)
    assert attempt_id
    finish(ledger, "one", attempt_id, "temporary", due_in(delivery.delivery_id, 30))

    almost = NOW + timedelta(seconds=29, microseconds=999_999)
    assert claim_due(ledger, message_id, "two", 10, almost) == []
    assert read_queue(ledger, message_id, almost) == QueueState(1, 0, NOW + timedelta(seconds=30))
    assert claim_due(ledger, message_id, "two", 10, NOW + timedelta(seconds=30)) != []


def test_only_the_message_that_is_asked_for_is_claimed(ledger: Ledger) -> None:
    drill = queue_message(ledger, 2, key="drill")
    quake = queue_message(ledger, 3, key="quake")

    assert len(claim_due(ledger, drill, "one", 10, NOW)) == 2
    assert read_queue(ledger, quake, NOW).due_count == 3


@pytest.mark.parametrize("status", ["accepted", "not_delivered", "unconfirmed"])
def test_what_is_finished_is_never_claimed_again(ledger: Ledger, status: Status) -> None:
    message_id = queue_message(ledger)
    delivery = claim_one(ledger, message_id, "one")
    attempt_id = begin(ledger, "one", delivery.delivery_id)
    assert attempt_id
    finish(ledger, "one", attempt_id, "accepted", finished(delivery.delivery_id, status))

    later = NOW + timedelta(days=365)
    assert claim_due(ledger, message_id, "two", 10, later) == []
    assert read_queue(ledger, message_id, later) == QueueState(0, 0, None)


def test_a_lease_keeps_everybody_else_away_until_it_runs_out(ledger: Ledger) -> None:
    message_id = queue_message(ledger)
    held = claim_one(ledger, message_id, "one")

    almost = JUST_AFTER - timedelta(microseconds=1)
    assert claim_due(ledger, message_id, "two", 10, almost) == []
    assert read_queue(ledger, message_id, almost) == QueueState(1, 0, JUST_AFTER)
    assert claim_one(ledger, message_id, "two", JUST_AFTER) == held


def test_whose_lease_was_taken_over_may_not_begin_another_try(ledger: Ledger) -> None:
    message_id = queue_message(ledger)
    delivery = claim_one(ledger, message_id, "one")
    claim_one(ledger, message_id, "two", JUST_AFTER)

    assert begin(ledger, "one", delivery.delivery_id) is None
    assert begin(ledger, "two", delivery.delivery_id) is not None
    assert [one.number for one in read_attempts(ledger, delivery.delivery_id)] == [1]
    assert read_delivery(ledger, delivery.delivery_id).attempt_count == 1


def test_a_try_that_is_begun_again_is_one_try(ledger: Ledger) -> None:
    """As after a commit whose answer was lost: nobody knows whether it was made."""
    claimed = claim_due(ledger, queue_message(ledger, 2), "one", 2, NOW)
    first, second = (AttemptStart(one.delivery_id, "alpha", new_attempt_id()) for one in claimed)

    with ledger.write() as connection:
        begin_attempts(connection, "one", [first], NOW)
    with ledger.write() as connection:
        allowed = begin_attempts(connection, "one", [first, second], NOW)

    assert allowed == {first.attempt_id, second.attempt_id}
    for start in (first, second):
        assert len(read_attempts(ledger, start.delivery_id)) == 1
        assert read_delivery(ledger, start.delivery_id).attempt_count == 1


def test_only_the_channel_that_is_asked_for_is_claimed(ledger: Ledger) -> None:
    message_id = queue_message(ledger, 3, "email", "sms")

    claimed = claim_due(ledger, message_id, "one", 10, NOW, "sms")

    assert [one.channel for one in claimed] == ["sms"] * 3
    assert len(claim_due(ledger, message_id, "two", 10, NOW)) == 3


def test_a_renewed_lease_holds_on(ledger: Ledger) -> None:
    message_id = queue_message(ledger)
    delivery = claim_one(ledger, message_id, "one")

    renew_leases(ledger, "one", [delivery.delivery_id], NOW + timedelta(seconds=50))

    assert claim_due(ledger, message_id, "two", 10, JUST_AFTER) == []
    assert len(claim_due(ledger, message_id, "two", 10, JUST_AFTER + timedelta(seconds=50))) == 1


def test_what_its_holder_does_not_know_of_becomes_free(ledger: Ledger) -> None:
    """As after a claim whose commit was made and whose answer was lost."""
    message_id = queue_message(ledger, 2)
    known, unknown = claim_due(ledger, message_id, "one", 2, NOW)

    renew_leases(ledger, "one", [known.delivery_id], NOW + timedelta(seconds=50))

    (freed,) = claim_due(ledger, message_id, "two", 10, JUST_AFTER)
    assert freed.delivery_id == unknown.delivery_id


def test_renewing_takes_nothing_back_from_who_took_over(ledger: Ledger) -> None:
    message_id = queue_message(ledger)
    delivery = claim_one(ledger, message_id, "one")
    claim_one(ledger, message_id, "two", JUST_AFTER)

    renew_leases(ledger, "one", [delivery.delivery_id], JUST_AFTER)

    assert read_delivery(ledger, delivery.delivery_id).lease_owner == "two"
    assert begin(ledger, "one", delivery.delivery_id) is None


def test_what_is_given_back_can_be_claimed_at_once(ledger: Ledger) -> None:
    message_id = queue_message(ledger, 3)
    claim_due(ledger, message_id, "one", 2, NOW)

    release_leases(ledger, message_id, "one")

    assert len(claim_due(ledger, message_id, "two", 10, NOW)) == 3


def test_giving_back_leaves_what_others_hold(ledger: Ledger) -> None:
    message_id = queue_message(ledger, 2)
    claim_due(ledger, message_id, "one", 1, NOW)
    (theirs,) = claim_due(ledger, message_id, "two", 1, NOW)

    release_leases(ledger, message_id, "one")

    assert read_delivery(ledger, theirs.delivery_id).lease_owner == "two"
    assert begin(ledger, "two", theirs.delivery_id)


def test_two_who_claim_at_once_never_hold_the_same(ledger: Ledger) -> None:
    message_id = queue_message(ledger, 120)

    def claim_all(number: int) -> list[str]:
        held: list[str] = []
        while batch := claim_due(ledger, message_id, f"owner {number}", 7, NOW):
            held += [one.delivery_id for one in batch]
        return held

    held = list(chain.from_iterable(at_once(6, claim_all)))

    assert len(held) == len(set(held))
    left = claim_due(ledger, message_id, "last", 200, NOW)
    assert len(held) + len(left) == 120
    assert not set(held) & {one.delivery_id for one in left}


def test_two_who_take_over_at_once_never_hold_the_same(ledger: Ledger) -> None:
    message_id = queue_message(ledger, 60)
    claim_due(ledger, message_id, "dead", 60, NOW)

    batches = at_once(6, lambda n: claim_due(ledger, message_id, f"owner {n}", 60, JUST_AFTER))

    held = [one.delivery_id for batch in batches for one in batch]
    assert len(held) == len(set(held)) == 60


def test_what_a_dead_process_left_in_flight_is_uncertain(ledger: Ledger) -> None:
    message_id = queue_message(ledger)
    delivery = claim_one(ledger, message_id, "dead")
    begin(ledger, "dead", delivery.delivery_id)

    again = claim_one(ledger, message_id, "heir", JUST_AFTER)

    assert [(one.outcome, one.reason) for one in again.tries] == [("uncertain", LOST_IN_A_CRASH)]
    (attempt,) = read_attempts(ledger, delivery.delivery_id)
    assert (attempt.outcome, attempt.finished_at) == ("uncertain", JUST_AFTER)


def test_tries_are_numbered_through_a_crash(ledger: Ledger) -> None:
    message_id = queue_message(ledger)
    delivery = claim_one(ledger, message_id, "dead")
    begin(ledger, "dead", delivery.delivery_id)
    claim_one(ledger, message_id, "heir", JUST_AFTER)
    begin(ledger, "heir", delivery.delivery_id, "bravo")

    attempts = read_attempts(ledger, delivery.delivery_id)

    assert [(one.number, one.route_id) for one in attempts] == [(1, "alpha"), (2, "bravo")]
    assert read_delivery(ledger, delivery.delivery_id).attempt_count == 2


def test_an_acceptance_counts_however_late_and_whoever_brings_it(ledger: Ledger) -> None:
    message_id = queue_message(ledger)
    delivery = claim_one(ledger, message_id, "slow")
    late = begin(ledger, "slow", delivery.delivery_id)
    assert late
    claim_one(ledger, message_id, "heir", JUST_AFTER)
    theirs = begin(ledger, "heir", delivery.delivery_id)
    assert theirs

    finish(ledger, "slow", late, "accepted", finished(delivery.delivery_id, "accepted"))
    finish(ledger, "heir", theirs, "refused", finished(delivery.delivery_id, "not_delivered"))

    assert read_delivery(ledger, delivery.delivery_id).status == "accepted"
    outcomes = [one.outcome for one in read_attempts(ledger, delivery.delivery_id)]
    assert outcomes == ["accepted", "refused"]
    assert begin(ledger, "heir", delivery.delivery_id) is None


@pytest.mark.parametrize("status", ["not_delivered", "unconfirmed"])
def test_a_late_acceptance_corrects_what_was_given_up(ledger: Ledger, status: Status) -> None:
    message_id = queue_message(ledger)
    delivery = claim_one(ledger, message_id, "slow")
    late = begin(ledger, "slow", delivery.delivery_id)
    assert late
    claim_one(ledger, message_id, "heir", JUST_AFTER)
    theirs = begin(ledger, "heir", delivery.delivery_id)
    assert theirs
    finish(ledger, "heir", theirs, "uncertain", finished(delivery.delivery_id, status))

    finish(ledger, "slow", late, "accepted", finished(delivery.delivery_id, "accepted"))

    stored = read_delivery(ledger, delivery.delivery_id)
    assert (stored.status, stored.reason, stored.lease_owner) == ("accepted", None, None)


@pytest.mark.parametrize("outcome", ["refused", "temporary", "throttled", "uncertain"])
def test_a_late_no_changes_nothing_that_others_build_on(ledger: Ledger, outcome: Outcome) -> None:
    message_id = queue_message(ledger)
    delivery = claim_one(ledger, message_id, "slow")
    late = begin(ledger, "slow", delivery.delivery_id)
    assert late
    claim_one(ledger, message_id, "heir", JUST_AFTER)

    finish(ledger, "slow", late, outcome, finished(delivery.delivery_id, "not_delivered"))

    stored = read_delivery(ledger, delivery.delivery_id)
    assert (stored.status, stored.lease_owner) == ("waiting", "heir")
    (attempt,) = read_attempts(ledger, delivery.delivery_id)
    assert attempt.outcome == "uncertain"
    assert begin(ledger, "heir", delivery.delivery_id)


@pytest.mark.parametrize("outcome", ["refused", "uncertain", "temporary"])
def test_nothing_undoes_an_acceptance(ledger: Ledger, outcome: Outcome) -> None:
    message_id = queue_message(ledger)
    delivery = claim_one(ledger, message_id, "one")
    attempt_id = begin(ledger, "one", delivery.delivery_id)
    assert attempt_id
    finish(ledger, "one", attempt_id, "accepted", finished(delivery.delivery_id, "accepted"))

    finish(ledger, "one", attempt_id, outcome, finished(delivery.delivery_id, "not_delivered"))
    finish(ledger, "one", attempt_id, outcome, due_in(delivery.delivery_id, 0))

    assert read_delivery(ledger, delivery.delivery_id).status == "accepted"
    assert read_attempts(ledger, delivery.delivery_id)[0].outcome == "accepted"
    assert claim_due(ledger, message_id, "two", 10, JUST_AFTER) == []


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_renewing_does_not_wait_for_a_commit_that_is_under_way(ledger: Ledger) -> None:
    """Two writers that wait for each other's rows are a deadlock, and a lost lease."""
    message_id = queue_message(ledger, 3)
    claimed = claim_due(ledger, message_id, "one", 3, NOW)
    started = AttemptStart(claimed[1].delivery_id, "alpha", new_attempt_id())

    with ThreadPoolExecutor(1) as pool, ledger.write() as connection:
        begin_attempts(connection, "one", [started], NOW)
        ids = [one.delivery_id for one in claimed]
        pool.submit(renew_leases, ledger, "one", ids, JUST_AFTER).result(timeout=10)

    others = [read_delivery(ledger, claimed[number].delivery_id) for number in (0, 2)]
    assert [one.lease_until for one in others] == [JUST_AFTER + LEASE] * 2
