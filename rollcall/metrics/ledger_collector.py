"""The ledger as Prometheus sees it: read when it is scraped, never counted along with a delivery.

rollcall_ledger_up                    1, or 0 while it does not answer (then nothing else is told)
rollcall_ledger_bytes                 what the database takes on its disk
rollcall_messages                     by state
rollcall_queue_deliveries             by channel, and whether they were tried before
rollcall_queue_oldest_seconds         by channel: since its message was accepted
rollcall_queue_oldest_untried_seconds the same of those that nobody has tried yet
rollcall_queue_overdue_seconds        by channel: since the first in the queue was due
rollcall_recent_deliveries            of messages of the last 24 hours, by channel and status
rollcall_attempts_total               by route and outcome, since the process started
rollcall_receipts_total               by route and state, since the process started
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from rollcall.clock import Clock
from rollcall.errors import LedgerError
from rollcall.ledger.engine import Ledger
from rollcall.ledger.gauges import (
    Counts,
    QueueDepth,
    count_deliveries_since,
    count_messages,
    count_reports,
    count_tries,
    read_queue_depths,
)
from rollcall.metrics.remembered import Remembered

RECENT: Final = timedelta(hours=24)
"""Of how old messages the deliveries are counted."""

SETTLED: Final = timedelta(seconds=10)
"""What was recorded less long ago is counted the next time: its transaction may still be open."""


class RunningCount:
    """Counts what is recorded from a start on, each row once, a stretch of time at a time.

    Args:
        count: Counts one stretch.
        start: From when on.
    """

    def __init__(self, count: Callable[[datetime, datetime], Counts], start: datetime) -> None:
        self._count = count
        self._until = start
        self.totals: Counts = {}

    def read_on(self, until: datetime) -> Counts:
        """Count what was recorded since the last time, and return the totals.

        Raises:
            LedgerError: The ledger does not answer; the next call counts this stretch too.
        """
        if until > self._until:
            for names, count in self._count(self._until, until).items():
                self.totals[names] = self.totals.get(names, 0) + count
            self._until = until
        return self.totals


class LedgerCollector(Collector):
    """Reads the ledger for one registry; safe for scrapes that overlap.

    Args:
        ledger: What is read.
        clock: What ages are measured by.
    """

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        started_at = clock.now()
        self._clock = clock
        self._lock = threading.Lock()
        self._queue = Remembered(lambda: read_queue_depths(ledger), clock)
        self._messages = Remembered(lambda: count_messages(ledger), clock)
        self._size = Remembered(ledger.read_size, clock)
        self._recent = Remembered(
            lambda: count_deliveries_since(ledger, clock.now() - RECENT), clock
        )
        self._tries = RunningCount(lambda *when: count_tries(ledger, *when), started_at)
        self._reports = RunningCount(lambda *when: count_reports(ledger, *when), started_at)

    def describe(self) -> Iterable[Metric]:
        """Return nothing: what there is to tell is found out when it is asked for."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Yield everything, or only that the ledger does not answer."""
        with self._lock:
            try:
                told = [*self._collect_queue(), *self._collect_counts()]
            except LedgerError:
                told = []
        yield _gauge("rollcall_ledger_up", "Whether the ledger answers.", (), {(): bool(told)})
        yield from told

    def _collect_queue(self) -> Iterator[Metric]:
        now, depths = self._clock.now(), self._queue.get()
        yield _gauge(
            "rollcall_queue_deliveries",
            "Deliveries that wait, those whose receipt is awaited included.",
            ("channel", "tried"),
            _sum_queue(depths),
        )
        yield _gauge(
            "rollcall_queue_oldest_seconds",
            "Since the message of the oldest delivery in the queue was accepted.",
            ("channel",),
            _oldest(depths, now, lambda one: one.accepted_at),
        )
        yield _gauge(
            "rollcall_queue_oldest_untried_seconds",
            "Since the message of the oldest delivery that nobody has tried yet was accepted.",
            ("channel",),
            _oldest(depths, now, lambda one: one.accepted_at if one.untried_count else None),
        )
        yield _gauge(
            "rollcall_queue_overdue_seconds",
            "Since the first delivery in the queue was due; 0 while none is.",
            ("channel",),
            _oldest(depths, now, lambda one: one.due_at),
        )

    def _collect_counts(self) -> Iterator[Metric]:
        until = self._clock.now() - SETTLED
        tries, reports = self._tries.read_on(until), self._reports.read_on(until)
        by_state = {(state,): count for state, count in self._messages.get().items()}
        yield _gauge("rollcall_ledger_bytes", "Size of the database.", (), {(): self._size.get()})
        yield _gauge("rollcall_messages", "Messages.", ("state",), by_state)
        yield _gauge(
            "rollcall_recent_deliveries",
            "Deliveries of messages that were accepted in the last 24 hours.",
            ("channel", "status"),
            self._recent.get(),
        )
        yield _counter("rollcall_attempts", "Finished tries.", ("route", "outcome"), tries)
        yield _counter("rollcall_receipts", "Receipts.", ("route", "state"), reports)


def _sum_queue(depths: Iterable[QueueDepth]) -> dict[tuple[str, ...], float]:
    sums: dict[tuple[str, ...], float] = {}
    for one in depths:
        parts = {"no": one.untried_count, "yes": one.waiting_count - one.untried_count}
        for tried, count in parts.items():
            sums[one.channel, tried] = sums.get((one.channel, tried), 0) + count
    return sums


def _oldest(
    depths: Iterable[QueueDepth], now: datetime, begin: Callable[[QueueDepth], datetime | None]
) -> dict[tuple[str, ...], float]:
    """Return how many seconds ago the first of something was, by channel; 0 for what is to come."""
    ages: dict[tuple[str, ...], float] = {}
    for one in depths:
        began_at = begin(one)
        age_s = (now - began_at).total_seconds() if began_at else 0.0
        ages[one.channel,] = max(ages.get((one.channel,), 0.0), age_s)
    return ages


def _gauge(name: str, told: str, labels: tuple[str, ...], values: Mapping[Any, float]) -> Metric:
    family = GaugeMetricFamily(name, told, labels=labels)
    for names, value in values.items():
        family.add_metric(names, value)
    return family


def _counter(name: str, told: str, labels: tuple[str, ...], values: Counts) -> Metric:
    family = CounterMetricFamily(name, told, labels=labels)
    for names, value in values.items():
        family.add_metric(names, value)
    return family
