"""What the ledger tells Prometheus, on both back ends."""

from datetime import datetime, timedelta

from prometheus_client import CollectorRegistry, generate_latest

from rollcall.domain.receipts import Receipt
from rollcall.ledger.engine import Ledger
from rollcall.ledger.messages import accept_message
from rollcall.ledger.queue import claim_due
from rollcall.ledger.receipts import record_receipts
from rollcall.metrics.ledger_collector import LedgerCollector
from tests.integration.ledger.outages import outage_of
from tests.integration.ledger.records import (
    NOW,
    a_message,
    begin,
    claim_one,
    due_in,
    finish,
    finished,
    queue_message,
)
from tests.people import phone_of


class HandClock:
    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> datetime:
        return self.at

    def pass_s(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


def scrape(registry: CollectorRegistry) -> dict[str, float]:
    """Return every sample, by name and labels as they are written."""
    lines = generate_latest(registry).decode().splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    return {name: float(value) for name, value in pairs}


def test_queue_is_told_by_channel_with_the_age_of_who_waits_longest(ledger: Ledger) -> None:
    clock, registry = HandClock(), CollectorRegistry()
    registry.register(LedgerCollector(ledger, clock))
    queue_message(ledger, 3, "sms", "email", now=NOW)
    later = NOW + timedelta(seconds=60)
    queue_message(ledger, 2, "sms", key="second", now=later)
    clock.pass_s(100)

    told = scrape(registry)

    assert told['rollcall_queue_deliveries{channel="sms",tried="no"}'] == 5
    assert told['rollcall_queue_deliveries{channel="email",tried="no"}'] == 3
    assert told['rollcall_queue_oldest_untried_seconds{channel="sms"}'] == 100
    assert told['rollcall_queue_overdue_seconds{channel="sms"}'] == 100
    assert told['rollcall_messages{state="accepted"}'] == 2
    assert told['rollcall_recent_deliveries{channel="sms",status="waiting"}'] == 5
    assert told["rollcall_ledger_up"] == 1
    assert told["rollcall_ledger_bytes"] > 10_000


def test_who_waits_for_another_try_is_no_longer_untried(ledger: Ledger) -> None:
    clock, registry = HandClock(), CollectorRegistry()
    registry.register(LedgerCollector(ledger, clock))
    one = claim_one(ledger, queue_message(ledger), "me")
    attempt_id = begin(ledger, "me", one.delivery_id) or ""
    finish(ledger, "me", attempt_id, "temporary", due_in(one.delivery_id, 600))
    clock.pass_s(30)

    told = scrape(registry)

    assert told['rollcall_queue_deliveries{channel="sms",tried="no"}'] == 0
    assert told['rollcall_queue_deliveries{channel="sms",tried="yes"}'] == 1
    assert told['rollcall_queue_oldest_untried_seconds{channel="sms"}'] == 0
    assert told['rollcall_queue_oldest_seconds{channel="sms"}'] == 30
    assert told['rollcall_queue_overdue_seconds{channel="sms"}'] == 0


def test_every_try_and_receipt_is_counted_once_however_often_it_is_scraped(ledger: Ledger) -> None:
    clock, registry = HandClock(), CollectorRegistry()
    registry.register(LedgerCollector(ledger, clock))
    message_id = queue_message(ledger, 3)
    for number, one in enumerate(claim_due(ledger, message_id, "me", 3, NOW)):
        at = NOW + timedelta(seconds=5 * number)
        attempt_id = begin(ledger, "me", one.delivery_id, now=at) or ""
        finish(ledger, "me", attempt_id, "accepted", finished(one.delivery_id, "accepted"), at)
        receipt = Receipt("delivered", provider_id=f"x{number}")
        record_receipts(ledger, "alpha", "webhook", [receipt], at)
    name = 'rollcall_attempts_total{outcome="accepted",route="alpha"}'
    counted = []
    for _ in range(5):  # 5, 10, 15, 20 and 25 s: what is younger than 10 s is left for later
        clock.pass_s(5)
        told = scrape(registry)
        counted.append(told.get(name, 0))

    assert counted == [0, 0, 1, 2, 3]
    assert told['rollcall_receipts_total{route="alpha",state="delivered"}'] == 3


def test_ledger_that_does_not_answer_is_told_as_down_and_nothing_old_is(ledger: Ledger) -> None:
    clock, registry = HandClock(), CollectorRegistry()
    registry.register(LedgerCollector(ledger, clock))
    queue_message(ledger)
    assert scrape(registry)["rollcall_ledger_up"] == 1
    clock.pass_s(60)
    with outage_of(ledger, "attempts"):
        assert scrape(registry) == {"rollcall_ledger_up": 0}
    assert scrape(registry)["rollcall_ledger_up"] == 1


def test_nothing_of_a_person_is_told(ledger: Ledger) -> None:
    registry = CollectorRegistry()
    registry.register(LedgerCollector(ledger, HandClock()))
    queue_message(ledger, 3, "sms", "email")
    accept_message(ledger, a_message("secret-key"), NOW)
    told = generate_latest(registry).decode()
    for personal in (phone_of(0), "p0000", "Person", "@example.org", "secret-key", "Drill"):
        assert personal not in told
