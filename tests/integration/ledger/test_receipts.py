"""Receipts come late, early, twice, in any order, for nobody: the status is right all the same."""

import random
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from rollcall.domain.delivery import Finish, WaitFor
from rollcall.domain.receipts import EvidenceLevel, Receipt, ReceiptState
from rollcall.ledger.attempts import (
    AttemptEnd,
    AttemptStart,
    Settlement,
    apply_early_receipts,
    apply_late_receipts,
    begin_attempts,
    finish_attempts,
    new_attempt_id,
    settle_deliveries,
)
from rollcall.ledger.engine import Ledger
from rollcall.ledger.log import count_given_up
from rollcall.ledger.queue import claim_due, read_queue
from rollcall.ledger.receipts import (
    DueCount,
    count_due_receipts,
    count_receipts,
    record_receipts,
    record_receipts_in,
)
from rollcall.ledger.tables import Receipt as ReceiptRow
from tests.integration.ledger.records import (
    NOW,
    at_once,
    queue_message,
    read_attempts,
    read_delivery,
)

DEADLINE = NOW + timedelta(seconds=60)


class Sent:
    """One delivery with one try that may be answered, now or later."""

    def __init__(self, ledger: Ledger, key: str = "drill", route_id: str = "alpha") -> None:
        self.ledger = ledger
        self.route_id = route_id
        self.message_id = queue_message(ledger, key=key)
        (claimed,) = claim_due(ledger, self.message_id, "me", 1, NOW)
        self.delivery_id = claimed.delivery_id
        self.attempt_id = new_attempt_id()
        self.begin()

    def begin(self) -> None:
        start = AttemptStart(self.delivery_id, self.route_id, self.attempt_id)
        with self.ledger.write() as connection:
            assert begin_attempts(connection, "me", [start], NOW)

    def answer(self, provider_id: str = "provider-1") -> "Sent":
        """Record that the route took it and that its receipt is awaited."""
        settlement = Settlement(self.delivery_id, WaitFor(DEADLINE, "accepted"))
        end = AttemptEnd(
            self.attempt_id,
            "accepted",
            settlement,
            provider_id=provider_id,
            route_id=self.route_id,
        )
        with self.ledger.write() as connection:
            finish_attempts(connection, [end], NOW)
            settle_deliveries(connection, "me", [settlement])
            apply_early_receipts(connection, [end], NOW)
        return self

    def hear(self, state: ReceiptState, **told: object) -> int:
        named = {"reference": self.attempt_id} | told
        receipt = Receipt(state, **named)  # type: ignore[arg-type]
        return record_receipts(self.ledger, self.route_id, "webhook", [receipt], NOW)

    @property
    def status(self) -> str:
        return str(read_delivery(self.ledger, self.delivery_id).status)


@pytest.mark.parametrize(("level", "status"), [("handset", "delivered"), ("carrier", "at_carrier")])
def test_a_receipt_proves_no_more_than_its_level(
    ledger: Ledger, level: EvidenceLevel, status: str
) -> None:
    sent = Sent(ledger).answer()

    sent.hear("delivered", level=level)

    assert sent.status == status
    assert read_queue(ledger, sent.message_id, NOW).waiting_count == 0


def test_where_handsets_send_no_receipts_delivered_is_never_shown(ledger: Ledger) -> None:
    sent = Sent(ledger).answer()
    with ledger.write() as connection:
        connection.exec_driver_sql("update deliveries set country = 'US'")

    receipt = Receipt("delivered", sent.attempt_id, level="handset")
    record_receipts(ledger, "alpha", "webhook", [receipt], NOW, frozenset({"US"}))

    assert sent.status == "at_carrier"


def test_a_handset_receipt_after_the_carriers_says_more_and_not_the_other_way(
    ledger: Ledger,
) -> None:
    sent = Sent(ledger).answer()

    sent.hear("delivered", level="carrier")
    sent.hear("delivered", level="handset")
    sent.hear("delivered", level="carrier", code="again")
    sent.hear("failed", is_permanent=True)

    assert sent.status == "delivered"


def test_a_replay_changes_nothing(ledger: Ledger) -> None:
    sent = Sent(ledger).answer()

    assert [sent.hear("delivered", level="handset") for _ in range(3)] == [1, 0, 0]

    with ledger.read() as connection:
        assert connection.execute(select(func.count()).select_from(ReceiptRow)).scalar() == 1


def test_a_receipt_before_the_answer_counts(ledger: Ledger) -> None:
    sent = Sent(ledger)

    sent.hear("delivered", level="handset")
    assert sent.status == "delivered"
    sent.answer()

    assert sent.status == "delivered"
    assert read_attempts(ledger, sent.delivery_id)[0].outcome == "accepted"


def test_a_failure_before_the_answer_makes_it_due_at_once(ledger: Ledger) -> None:
    sent = Sent(ledger)

    sent.hear("failed")
    sent.answer()

    row = read_delivery(ledger, sent.delivery_id)
    assert (row.status, row.next_attempt_at) == ("waiting", NOW)


def test_a_receipt_that_only_knows_the_providers_id_waits_for_the_answer(ledger: Ledger) -> None:
    sent = Sent(ledger)

    sent.hear("delivered", reference=None, provider_id="provider-1", level="handset")
    assert sent.status == "waiting"
    sent.answer("provider-1")

    assert sent.status == "delivered"


def test_a_receipt_before_the_answer_that_names_a_whole_bulk_proves_nobody_reached(
    ledger: Ledger,
) -> None:
    message_id = queue_message(ledger, 2)
    claimed = claim_due(ledger, message_id, "me", 2, NOW)
    starts = [AttemptStart(one.delivery_id, "alpha", new_attempt_id()) for one in claimed]
    with ledger.write() as connection:
        begin_attempts(connection, "me", starts, NOW)
    early = Receipt("delivered", None, "bulk-1", level="handset")
    record_receipts(ledger, "alpha", "webhook", [early], NOW)

    _answer_all(ledger, starts, "bulk-1")

    assert [read_delivery(ledger, one.delivery_id).status for one in starts] == ["accepted"] * 2


# SQLite has one writer at a time: there is no such moment
@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_a_receipt_committed_in_the_moment_of_the_answer_is_found_at_its_deadline(
    ledger: Ledger,
) -> None:
    sent = Sent(ledger)
    receipt = Receipt("delivered", None, "provider-1", level="handset")
    with ledger.write() as portal:  # neither transaction sees what the other one writes
        record_receipts_in(portal, "alpha", "webhook", [receipt], NOW, frozenset())
        sent.answer("provider-1")
    assert sent.status == "accepted"

    (claimed,) = claim_due(ledger, sent.message_id, "me", 1, DEADLINE)

    assert claimed.tries[0].is_delivered
    assert sent.status == "delivered"
    assert read_queue(ledger, sent.message_id, DEADLINE).waiting_count == 0


def test_a_failure_that_is_told_while_a_delivery_is_given_up_counts(ledger: Ledger) -> None:
    sent = Sent(ledger).answer()
    (claimed,) = claim_due(ledger, sent.message_id, "me", 1, DEADLINE)
    assert claimed.tries[0].is_out
    sent.hear("failed")

    unconfirmed = Settlement(sent.delivery_id, Finish("unconfirmed", "no receipt came"))
    with ledger.write() as connection:
        settle_deliveries(connection, "me", [unconfirmed])
        apply_late_receipts(connection, [unconfirmed], DEADLINE)

    assert sent.status == "not_delivered"


def test_a_receipt_may_name_the_delivery(ledger: Ledger) -> None:
    sent = Sent(ledger).answer()

    sent.hear("delivered", reference=sent.delivery_id, level="handset")

    assert sent.status == "delivered"


def test_a_receipt_for_nobody_is_kept_and_changes_nobody(ledger: Ledger) -> None:
    sent = Sent(ledger).answer()

    assert sent.hear("delivered", reference="0" * 32, level="handset") == 1

    assert sent.status == "accepted"


def test_a_route_cannot_speak_for_another_routes_attempts(ledger: Ledger) -> None:
    sent = Sent(ledger).answer()

    receipt = Receipt("delivered", sent.attempt_id, "provider-1", level="handset")
    record_receipts(ledger, "bravo", "webhook", [receipt], NOW)

    assert sent.status == "accepted"


def test_a_failure_is_due_at_once_and_not_when_the_deadline_ends(ledger: Ledger) -> None:
    sent = Sent(ledger).answer()
    assert claim_due(ledger, sent.message_id, "me", 1, NOW) == []

    sent.hear("failed", code="absent")

    (claimed,) = claim_due(ledger, sent.message_id, "me", 1, NOW)
    assert claimed.tries[0].receipt
    assert not claimed.tries[0].is_out


def test_what_was_only_queued_by_a_network_stays_open(ledger: Ledger) -> None:
    sent = Sent(ledger).answer()

    sent.hear("accepted")

    assert sent.status == "accepted"
    assert read_queue(ledger, sent.message_id, NOW).next_due_at == DEADLINE


def test_a_late_receipt_of_a_closed_delivery_counts(ledger: Ledger) -> None:
    sent = Sent(ledger).answer()
    with ledger.write() as connection:
        connection.exec_driver_sql(
            "update deliveries set status = 'unconfirmed', next_attempt_at = null"
        )

    sent.hear("delivered", level="handset")

    assert sent.status == "delivered"


def test_a_closed_delivery_of_which_nothing_is_out_any_more_was_not_delivered(
    ledger: Ledger,
) -> None:
    sent = Sent(ledger).answer()
    with ledger.write() as connection:
        connection.exec_driver_sql(
            "update deliveries set status = 'unconfirmed', next_attempt_at = null"
        )

    sent.hear("failed")

    assert sent.status == "not_delivered"


@pytest.mark.parametrize(("is_permanent", "given_up"), [(True, 0), (False, 1)])
def test_whom_a_receipt_calls_unreachable_for_good_was_not_given_up(
    ledger: Ledger, is_permanent: bool, given_up: int
) -> None:
    sent = Sent(ledger).answer()
    with ledger.write() as connection:
        connection.exec_driver_sql(
            "update deliveries set status = 'unconfirmed', next_attempt_at = null"
        )

    sent.hear("failed", is_permanent=is_permanent)

    assert sent.status == "not_delivered"
    assert count_given_up(ledger, sent.message_id) == given_up


def test_many_at_once_of_the_same_receipt_are_one(ledger: Ledger) -> None:
    sent = Sent(ledger).answer()

    new = at_once(8, lambda _: sent.hear("delivered", level="handset"))

    assert sum(new) == 1
    assert sent.status == "delivered"


def test_health_learns_of_receipts_by_route_and_country(ledger: Ledger) -> None:
    sent = Sent(ledger).answer()
    sent.hear("delivered", level="handset")

    second = timedelta(seconds=1)
    country = read_delivery(ledger, sent.delivery_id).country
    assert count_receipts(ledger, NOW, NOW + second) == {("alpha", country): {"delivered": 1}}
    assert count_receipts(ledger, NOW + second, NOW + 2 * second) == {}


def test_health_learns_what_became_of_messages_whose_receipts_are_due(ledger: Ledger) -> None:
    told, silent = Sent(ledger).answer(), Sent(ledger, "another").answer()
    told.hear("delivered", level="handset")

    second = timedelta(seconds=1)
    country = read_delivery(ledger, silent.delivery_id).country
    assert count_due_receipts(ledger, "alpha", NOW, NOW + second) == [
        DueCount("alpha", country, returned_count=1, missing_count=1)
    ]
    assert count_due_receipts(ledger, "alpha", NOW + second, NOW + 2 * second) == []
    assert count_due_receipts(ledger, "bravo", NOW, NOW + second) == []


@pytest.mark.parametrize("seed", range(3))
def test_shuffled_doubled_and_early_receipts_give_every_status_right(
    ledger: Ledger, seed: int
) -> None:
    """400 people, every receipt three times, 30 % of them before the answer."""
    draw = random.Random(seed)  # noqa: S311 - a simulation
    message_id = queue_message(ledger, 400)
    claimed = claim_due(ledger, message_id, "me", 400, NOW)
    starts = [AttemptStart(one.delivery_id, "alpha", new_attempt_id()) for one in claimed]
    with ledger.write() as connection:
        begin_attempts(connection, "me", starts, NOW)
    fates = {
        one.attempt_id: draw.choice(["handset", "carrier", "hopeless", None]) for one in starts
    }
    story = [receipt for attempt, fate in fates.items() for receipt in _receipts(attempt, fate)] * 3
    draw.shuffle(story)
    early = int(len(story) * 0.3)

    _hear_in_parts(ledger, story[:early], draw)
    _answer_all(ledger, starts)
    _hear_in_parts(ledger, story[early:], draw)

    expected = {
        "handset": "delivered",
        "carrier": "at_carrier",
        "hopeless": "waiting",
        None: "accepted",
    }
    for start in starts:
        stored = read_delivery(ledger, start.delivery_id)
        assert stored.status == expected[fates[start.attempt_id]]
        assert (stored.next_attempt_at == NOW) == (stored.status == "waiting")


def _receipts(attempt_id: str, fate: str | None) -> list[Receipt]:
    queued = Receipt("accepted", attempt_id)
    match fate:
        case "handset":
            carrier = Receipt("delivered", attempt_id, level="carrier")
            return [queued, carrier, Receipt("delivered", attempt_id, level="handset")]
        case "carrier":
            return [queued, Receipt("delivered", attempt_id, level="carrier")]
        case "hopeless":
            return [queued, Receipt("failed", attempt_id, is_permanent=True)]
        case _:
            return [queued]


def _hear_in_parts(ledger: Ledger, story: list[Receipt], draw: random.Random) -> None:
    while story:
        count = draw.randint(1, 200)
        record_receipts(ledger, "alpha", "webhook", story[:count], NOW)
        del story[:count]


def _answer_all(ledger: Ledger, starts: list[AttemptStart], provider_id: str | None = None) -> None:
    settlements = [Settlement(one.delivery_id, WaitFor(DEADLINE, "accepted")) for one in starts]
    ends = [
        AttemptEnd(one.attempt_id, "accepted", settled, route_id="alpha", provider_id=provider_id)
        for one, settled in zip(starts, settlements, strict=True)
    ]
    with ledger.write() as connection:
        finish_attempts(connection, ends, NOW)
        settle_deliveries(connection, "me", settlements)
        apply_early_receipts(connection, ends, NOW)
