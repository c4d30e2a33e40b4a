"""What metrics and `rollcall status` ask is found by index: it costs a large ledger little."""

from datetime import timedelta

import pytest

from rollcall.ledger.engine import Ledger
from rollcall.ledger.gauges import (
    count_open_messages,
    count_reports,
    count_tries,
    count_troubled_messages,
    list_tried_routes,
    read_latest_tries,
    read_queue_depths,
)
from rollcall.ledger.queue import claim_due
from rollcall.ledger.runs import RunEnd, begin_run, end_run
from tests.integration.ledger.records import (
    NOW,
    begin,
    finish,
    finished,
    queue_message,
)
from tests.integration.sending.test_plans import find_scans, plans

HOUR = timedelta(hours=1)


def try_all(ledger: Ledger, count: int, *route_ids: str) -> None:
    """Try a message's deliveries once each, over routes in turn, a second apart."""
    claimed = claim_due(ledger, queue_message(ledger, count), "me", count, NOW)
    for number, one in enumerate(claimed):
        at = NOW + timedelta(seconds=number)
        route_id = route_ids[number % len(route_ids)]
        attempt_id = begin(ledger, "me", one.delivery_id, route_id, at) or ""
        outcome = finished(one.delivery_id, "accepted")
        finish(ledger, "me", attempt_id, "accepted", outcome, at)


def test_routes_and_their_latest_tries_are_found(ledger: Ledger) -> None:
    try_all(ledger, 6, "bravo", "alpha")
    assert list_tried_routes(ledger) == ["alpha", "bravo"]
    counted = count_tries(ledger, NOW, NOW + timedelta(seconds=4))
    assert counted == {("alpha", "accepted"): 2, ("bravo", "accepted"): 2}
    latest = read_latest_tries(ledger, "alpha", NOW - HOUR, 2)
    assert [(one.finished_at - NOW).total_seconds() for one in latest] == [3, 5]
    assert read_latest_tries(ledger, "alpha", NOW + HOUR, 2) == []


def test_messages_under_way_are_counted_by_state(ledger: Ledger) -> None:
    queue_message(ledger)
    queue_message(ledger, key="second")
    assert count_open_messages(ledger) == {"accepted": 2}


def test_message_of_which_a_run_has_failed_is_in_trouble_until_it_is_done(ledger: Ledger) -> None:
    message_id = queue_message(ledger)
    queue_message(ledger, key="second")
    ends: tuple[RunEnd, ...] = ("failed", "lost")
    for end in ends:
        end_run(ledger, begin_run(ledger, "me", NOW, message_id=message_id), end, NOW)
    assert count_troubled_messages(ledger) == 1
    end_run(ledger, begin_run(ledger, "me", NOW, message_id=message_id), "done", NOW)
    assert count_troubled_messages(ledger) == 0


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_no_question_reads_a_whole_table(ledger: Ledger) -> None:
    try_all(ledger, 6, "bravo", "alpha")
    queue_message(ledger, 3, key="second")
    with plans(ledger) as noted:
        read_queue_depths(ledger)
        count_open_messages(ledger)
        count_troubled_messages(ledger)
        count_tries(ledger, NOW, NOW + HOUR)
        count_reports(ledger, NOW, NOW + HOUR)
        read_latest_tries(ledger, "alpha", NOW - HOUR, 5)
    scans = set(find_scans(noted).values())
    # the queue is what there is to count: its index has nothing else
    assert {step.replace("deliveries ", "") for step in scans} <= {
        "SCAN USING COVERING INDEX ix_deliveries_queue",
        "SCAN messages USING INDEX ix_messages_open",
    }
    assert len(noted) >= 6
