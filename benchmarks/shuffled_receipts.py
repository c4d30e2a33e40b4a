"""Is every final state right after 100,000 receipts in any order?

    python -m benchmarks.shuffled_receipts [--people 50000] [--seed 1]

Everybody's SMS gets the receipts of one of four fates, two on average. All come three times each,
shuffled, 30 % of them before the answer to their submission is recorded, in transactions of up to
200 as the portal makes them, into the product's ledger (SQLite, in memory where there is /dev/shm).
Prints how many of the statuses are not what the fate says, and ends with 1 when any is. The same at
400 people, on both back ends: tests/integration/ledger/test_receipts.py.
"""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import select

from rollcall.domain.delivery import WaitFor
from rollcall.domain.receipts import Receipt
from rollcall.ledger.attempts import (
    AttemptEnd,
    AttemptStart,
    Settlement,
    apply_early_receipts,
    begin_attempts,
    finish_attempts,
    new_attempt_id,
    settle_deliveries,
)
from rollcall.ledger.engine import Ledger, open_ledger
from rollcall.ledger.migrate import migrate_ledger
from rollcall.ledger.queue import claim_due
from rollcall.ledger.receipts import record_receipts
from rollcall.ledger.tables import Delivery
from rollcall.sandbox.simulation import Scenario, record_message
from rollcall.sandbox.virtual_time import BEGIN

EARLY: Final = 0.3
TIMES: Final = 3
MOST_AT_ONCE: Final = 200
DEADLINE: Final = BEGIN + timedelta(minutes=1)

FATES: Final[Mapping[str, tuple[Receipt, ...]]] = {
    "delivered": (
        Receipt("accepted"),
        Receipt("delivered", level="carrier"),
        Receipt("delivered", level="handset"),
    ),
    "at_carrier": (Receipt("accepted"), Receipt("delivered", level="carrier")),
    "waiting": (Receipt("accepted"), Receipt("failed", is_permanent=True)),
    "accepted": (Receipt("accepted"),),
}
"""What comes of a delivery by its receipts: one whose only try has failed waits for the next."""


def main() -> None:
    """Tell, and judge."""
    options = argparse.ArgumentParser(prog="python -m benchmarks.shuffled_receipts")
    options.add_argument("--people", type=int, default=50_000, help="two receipts each on average")
    options.add_argument("--seed", type=int, default=1)
    asked = options.parse_args()
    memory = Path("/dev/shm")  # noqa: S108 - a folder of our own in it
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        ledger = open_ledger(f"sqlite:///{Path(folder) / 'ledger.db'}")
        migrate_ledger(ledger)
        wrong_count = tell(ledger, asked.people, random.Random(asked.seed))  # noqa: S311 - a simulation
        ledger.close()
    sys.exit(1 if wrong_count else 0)


def tell(ledger: Ledger, people: int, draw: random.Random) -> int:
    """Send to everybody, let the receipts come, print; return how many statuses are wrong."""
    starts = begin_all(ledger, people)
    fates = {one.attempt_id: draw.choice(list(FATES)) for one in starts}
    story = [
        Receipt(one.state, attempt_id, level=one.level, is_permanent=one.is_permanent)
        for attempt_id, fate in fates.items()
        for one in FATES[fate]
    ] * TIMES
    draw.shuffle(story)
    began_s, early_count = time.monotonic(), int(len(story) * EARLY)
    hear(ledger, story[:early_count], draw)
    answer_all(ledger, starts)
    hear(ledger, story[early_count:], draw)
    took_s = time.monotonic() - began_s
    expected = {one.delivery_id: fates[one.attempt_id] for one in starts}
    wrong_count = sum(expected[name] != status for name, status in read_statuses(ledger).items())
    print(f"{len(story) // TIMES:,} receipts, {TIMES} times each, shuffled, seen in {took_s:.0f} s")
    print(f"wrong final states {wrong_count:6,}   limit 0")
    return wrong_count


def begin_all(ledger: Ledger, people: int) -> list[AttemptStart]:
    """Record a message to so many people and begin a try of each SMS."""
    message_id = record_message(ledger, Scenario(behaviours={}, people_count=people), BEGIN)
    starts = []
    while claimed := claim_due(ledger, message_id, "me", 5_000, BEGIN):
        batch = [AttemptStart(one.delivery_id, "alpha", new_attempt_id()) for one in claimed]
        with ledger.write() as connection:
            assert len(begin_attempts(connection, "me", batch, BEGIN)) == len(batch)
        starts += batch
    assert len(starts) == people
    return starts


def hear(ledger: Ledger, story: Sequence[Receipt], draw: random.Random) -> None:
    """Record receipts in transactions of some."""
    start = 0
    while start < len(story):
        count = draw.randint(1, MOST_AT_ONCE)
        record_receipts(ledger, "alpha", "webhook", story[start : start + count], BEGIN)
        start += count


def answer_all(ledger: Ledger, starts: Sequence[AttemptStart]) -> None:
    """Record that every try was accepted, its receipt awaited."""
    for start in range(0, len(starts), 500):
        settlements = [
            Settlement(one.delivery_id, WaitFor(DEADLINE, "accepted"))
            for one in starts[start : start + 500]
        ]
        ends = [
            AttemptEnd(one.attempt_id, "accepted", settlement, route_id="alpha")
            for one, settlement in zip(starts[start : start + 500], settlements, strict=True)
        ]
        with ledger.write() as connection:
            finish_attempts(connection, ends, BEGIN)
            settle_deliveries(connection, "me", settlements)
            apply_early_receipts(connection, ends, BEGIN)


def read_statuses(ledger: Ledger) -> dict[str, str]:
    """Return the stored status of every delivery."""
    query = select(Delivery.delivery_id, Delivery.status)
    with ledger.read() as connection:
        return dict(connection.execute(query).tuples().all())


if __name__ == "__main__":
    main()
