"""What the tries of days came to: counted from their rows, kept when they are over, on both."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, select, update

from rollcall.domain.deliverability import DaySums, FailureReason, TryGroup
from rollcall.domain.receipts import Receipt
from rollcall.domain.tries import Outcome
from rollcall.ledger.attempts import AttemptEnd, finish_attempts
from rollcall.ledger.count_tables import CountedDay
from rollcall.ledger.counted_days import (
    COUNTED_EVERY,
    SETTLED_AFTER,
    Counting,
    count_days,
    is_settled,
    load_days,
)
from rollcall.ledger.day_counts import DaySpan, count_tries_of
from rollcall.ledger.engine import Ledger
from rollcall.ledger.queue import claim_due
from rollcall.ledger.receipts import record_receipts
from rollcall.ledger.tables import Content, Delivery
from tests.integration.ledger.records import NOW, at_once, begin, queue_message

TODAY = NOW.date()
SMS = TryGroup("sms", "alpha", "US")
HOUR = timedelta(hours=1)


class Told:
    """Tries over one route, each of a delivery of its own."""

    def __init__(self, ledger: Ledger, count: int = 8, now: datetime = NOW) -> None:
        self.ledger, self.now = ledger, now
        message_id = queue_message(ledger, count, key=f"told {now}", now=now)
        with ledger.write() as connection:
            connection.execute(update(Delivery).values(country="US"))
            connection.execute(update(Content).values(segment_count=2))
        self.waiting = claim_due(ledger, message_id, "run", count, now)

    def make(self, outcome: Outcome, reason: str | None = None, code: str | None = None) -> str:
        """Make a try that ends a second after it began; return its id."""
        claimed = self.waiting.pop()
        attempt_id = begin(self.ledger, "run", claimed.delivery_id, now=self.now) or ""
        end = AttemptEnd(attempt_id, outcome, None, reason, provider_code=code)
        with self.ledger.write() as connection:
            finish_attempts(connection, [end], self.now + timedelta(seconds=1))
        return attempt_id

    def hear(self, attempt_id: str, *receipts: Receipt, after_s: float = 4) -> None:
        """Let receipts come so long after the start of a try."""
        named = [Receipt(one.state, attempt_id, None, one.level, one.is_permanent, one.code)
                 for one in receipts]  # fmt: skip
        at = self.now + timedelta(seconds=after_s)
        record_receipts(self.ledger, "alpha", "webhook", named, at)


def count(ledger: Ledger, day: date = TODAY, **awaited_since: datetime) -> DaySums:
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    span = DaySpan(start, start + timedelta(days=1), ("alpha", "beta"), awaited_since)
    with ledger.read() as connection:
        return count_tries_of(connection, span)


def test_a_try_is_counted_as_what_its_evidence_says_and_once(ledger: Ledger) -> None:
    told = Told(ledger)
    told.hear(told.make("accepted"), Receipt("delivered", level="handset"))
    told.hear(told.make("uncertain"), Receipt("delivered", level="carrier"))
    told.hear(told.make("accepted"), Receipt("failed", code="30005"))
    told.hear(told.make("accepted"), Receipt("accepted"))
    told.make("accepted")
    told.make("uncertain")
    told.make("rejected", "the carrier refuses", "21610")
    sums = count(ledger)
    assert set(sums) == {SMS}
    one = sums[SMS]
    assert one.try_count == 7
    assert (one.handset_count, one.carrier_count) == (1, 1)
    assert (one.failed_count, one.unknown_count, one.open_count) == (2, 1, 2)
    assert one.taken_count == 5
    assert one.segment_count == 10
    assert one.reasons == Counter(
        {
            FailureReason("receipt_failed", "30005"): 1,
            FailureReason("rejected", "21610"): 1,
        }
    )


def test_a_try_in_flight_is_not_counted_yet(ledger: Ledger) -> None:
    told = Told(ledger)
    begin(ledger, "run", told.waiting.pop().delivery_id)
    assert count(ledger) == {}


def test_times_are_from_the_start_of_a_try_to_the_first_proof(ledger: Ledger) -> None:
    told = Told(ledger)
    attempt_id = told.make("accepted")
    told.hear(attempt_id, Receipt("accepted"), after_s=1)
    told.hear(attempt_id, Receipt("delivered", level="carrier"), after_s=12.34)
    told.hear(attempt_id, Receipt("delivered", level="handset"), after_s=99)
    told.hear(told.make("accepted"), Receipt("failed"), after_s=3)
    assert count(ledger)[SMS].times == Counter({120: 1})


@pytest.mark.parametrize(
    ("after_s", "rounded_s"), [(0.14, 0.1), (9.94, 9.9), (10.4, 10), (95.6, 96), (987, 990)]
)
def test_times_are_kept_to_two_digits(ledger: Ledger, after_s: float, rounded_s: float) -> None:
    told = Told(ledger)
    told.hear(told.make("accepted"), Receipt("delivered"), after_s=after_s)
    assert count(ledger)[SMS].find_time_s(50) == rounded_s


def test_receipts_are_awaited_until_the_routes_deadline(ledger: Ledger) -> None:
    told = Told(ledger)
    told.make("accepted")
    ended_at = NOW + timedelta(seconds=1)
    assert count(ledger, alpha=ended_at)[SMS].awaited_count == 1
    assert count(ledger, alpha=ended_at + timedelta(seconds=1))[SMS].awaited_count == 0
    assert count(ledger, beta=ended_at)[SMS].awaited_count == 0


def test_a_refusal_for_good_by_a_receipt_is_told_as_one(ledger: Ledger) -> None:
    told = Told(ledger)
    told.hear(told.make("accepted"), Receipt("failed", is_permanent=True, code="1"))
    told.hear(told.make("uncertain"), Receipt("missing"))
    assert {one.what for one in count(ledger)[SMS].reasons} == {
        "receipt_permanent",
        "receipt_missing",
    }


def look(ledger: Ledger, now: datetime, budget_s: float = 60) -> Counting:
    return count_days(ledger, now, {"alpha": 60}, budget_s)


def kept_days(ledger: Ledger) -> dict[str, datetime]:
    with ledger.read() as connection:
        rows = connection.execute(select(CountedDay.day, CountedDay.counted_at))
        return dict(rows.tuples().all())


def test_nothing_is_counted_where_nothing_was_tried(ledger: Ledger) -> None:
    assert look(ledger, NOW) == Counting(NOW, None, {}, ())
    assert kept_days(ledger) == {}


def test_today_is_counted_each_time_and_not_kept(ledger: Ledger) -> None:
    told = Told(ledger)
    told.make("accepted")
    first = look(ledger, NOW + HOUR)
    assert first.today[SMS].try_count == 1
    told.make("accepted")
    assert look(ledger, NOW + HOUR).today[SMS].try_count == 2
    assert kept_days(ledger) == {}


def test_days_that_are_over_are_kept_those_without_tries_too(ledger: Ledger) -> None:
    Told(ledger).make("accepted")
    now = NOW + timedelta(days=2)
    counted = look(ledger, now)
    assert (counted.first, counted.today, counted.left) == (TODAY, {}, ())
    assert set(kept_days(ledger)) == {"2026-11-23", "2026-11-24"}
    found = load_days(ledger, TODAY, now.date())
    assert found[TODAY].sums == count(ledger)
    assert found[TODAY + timedelta(days=1)].sums == {}


def test_a_late_receipt_counts_within_an_hour(ledger: Ledger) -> None:
    told = Told(ledger)
    attempt_id = told.make("accepted")
    now = NOW + timedelta(days=1)
    look(ledger, now)
    told.hear(attempt_id, Receipt("delivered"), after_s=86_400)
    look(ledger, now + COUNTED_EVERY / 2)
    assert load_days(ledger, TODAY, TODAY)[TODAY].sums[SMS].arrived_count == 0
    look(ledger, now + COUNTED_EVERY)
    assert load_days(ledger, TODAY, TODAY)[TODAY].sums[SMS].arrived_count == 1


def test_a_day_of_which_no_receipt_may_come_any_more_is_left_alone(ledger: Ledger) -> None:
    Told(ledger).make("accepted")
    settled_at = datetime(2026, 11, 24, tzinfo=UTC) + SETTLED_AFTER
    assert not is_settled(TODAY, settled_at - HOUR)
    look(ledger, settled_at)
    assert kept_days(ledger)["2026-11-23"] == settled_at
    look(ledger, settled_at + timedelta(days=30))
    assert kept_days(ledger)["2026-11-23"] == settled_at


def test_old_days_are_counted_some_at_a_time_the_latest_first(ledger: Ledger) -> None:
    Told(ledger).make("accepted")
    now = NOW + timedelta(days=3)
    counted = look(ledger, now, budget_s=0)
    assert set(kept_days(ledger)) == {"2026-11-25"}
    assert counted.left == (TODAY + timedelta(days=1), TODAY)
    assert look(ledger, now, budget_s=0).left == (TODAY,)
    assert look(ledger, now, budget_s=0).left == ()


def test_of_two_counts_the_later_one_stays_whoever_writes_last(ledger: Ledger) -> None:
    Told(ledger).make("accepted")
    now = NOW + timedelta(days=1)
    moments = [now + n * COUNTED_EVERY for n in range(4)]
    at_once(4, lambda number: look(ledger, moments[number]))
    look(ledger, now)
    assert kept_days(ledger)["2026-11-23"] >= now
    before = kept_days(ledger)["2026-11-23"]
    look(ledger, before - timedelta(minutes=30))
    assert kept_days(ledger)["2026-11-23"] == before


def test_what_is_kept_may_be_deleted_and_is_counted_again(ledger: Ledger) -> None:
    Told(ledger).make("accepted")
    now = NOW + timedelta(days=1)
    look(ledger, now)
    before = load_days(ledger, TODAY, TODAY)
    with ledger.write() as connection:
        connection.exec_driver_sql("delete from counted_days")
    look(ledger, now)
    assert load_days(ledger, TODAY, TODAY) == before


@pytest.mark.parametrize("backend", ["sqlite"])
def test_the_tries_of_other_days_are_not_read(ledger: Ledger) -> None:
    """By the index of their ends; PostgreSQL reads as small a table as this one as a whole."""
    Told(ledger).make("accepted")
    executed: list[tuple[str, Any]] = []
    event.listen(
        ledger.engine, "before_cursor_execute", lambda *told: executed.append((told[2], told[3]))
    )
    count(ledger)
    counting = [told for told in executed if "attempts" in told[0]]
    assert len(counting) == 1
    with ledger.read() as connection:
        for statement, told in counting:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", told)
            reads = [row[3] for row in plan if row[3].split()[1:2] == ["attempts"]]
            assert len(reads) == 1
            assert "ix_attempts_finished_at" in reads[0], reads
