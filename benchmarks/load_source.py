"""How long does it take to validate a large source, and to load it in a crisis?

    python benchmarks/load_source.py

Writes 100,000 people, 200,000 bookings and 500,000 locations as CSV (seeded; some quoted cells, and
one row in a thousand broken), validates them once, then loads the kept version into a snapshot five
times. `pl.read_csv` of the same files without any checks is the measure of what the disk and the
machine can do.
"""

import csv
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from rollcall.clock import SystemClock
from rollcall.sources.kept import KeptSources
from rollcall.sources.snapshot import build_snapshot, write_snapshot

PEOPLE_COUNT, BOOKING_COUNT, LOCATION_COUNT = 100_000, 200_000, 500_000
BROKEN_EVERY = 1_000
AS_OF = datetime(2026, 11, 23, 6, tzinfo=UTC)
NATIONAL_NUMBERS = {"SE": "070-2{:06}", "GB": "07400 {:06}", "JP": "090-12{:06}"}
"""Everybody has a number of their own, for equal ones are read once. They never leave this file."""

AIRPORTS = ("ARN", "LHR", "HND", "JFK", "GRU", "NBO")
REPEATS = 5


def main() -> None:
    """Generate, validate, load, compare, print."""
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch) / "source"
        source.mkdir()
        write_source(source)
        kept = KeptSources(Path(scratch) / "kept", SystemClock())
        validation_s = measure_s(lambda: kept.open(source))
        version = kept.open(source)
        plain_s = median_s(lambda: read_plainly(source))
        report("pl.read_csv of the same files, no checks", plain_s, plain_s)
        report("validate and keep (once; limit 30 s)", validation_s, plain_s)
        report("open the kept version", median_s(lambda: kept.open(source)), plain_s)
        memory_s = median_s(lambda: build_snapshot(version, AS_OF).close())
        report("load it in memory (limit 2 s)", memory_s, plain_s)
        file = Path(scratch) / "snapshots" / "benchmark.duckdb"
        file_s = median_s(lambda: write_snapshot(version, AS_OF, file))
        report("load it as a file (limit 2 s)", file_s, plain_s)
        print(f"rows: {version.row_counts}; rejected or amended: {len(version.rejected)}")


def read_plainly(source: Path) -> None:
    """Read the files as Polars does on its own; broken lines are passed over."""
    for path in source.glob("*.csv"):
        pl.read_csv(path, infer_schema=False, truncate_ragged_lines=True)


def measure_s(action: Callable[[], object]) -> float:
    """Return how long an action takes."""
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def median_s(action: Callable[[], object]) -> float:
    """Return the median time of several runs."""
    return statistics.median(measure_s(action) for _ in range(REPEATS))


def report(what: str, taken_s: float, plain_s: float) -> None:
    """Print one figure, and its ratio to the plain reading."""
    print(f"{what:<42} {taken_s:7.2f} s {taken_s / plain_s:7.1f} x")


def write_source(source: Path) -> None:
    """Write the three files."""
    chance = random.Random(20261123)  # noqa: S311 - data, not secrets
    write_table(
        source / "people.csv",
        "person_id,name,email,phone,home_country,language,has_app,last_app_contact_at,groups,tags",
        generate_people(chance),
    )
    write_table(
        source / "bookings.csv",
        "booking_id,person_id,kind,iata,country,starts_at,ends_at,status",
        generate_bookings(chance),
    )
    write_table(
        source / "locations.csv",
        "person_id,latitude,longitude,reported_at,accuracy_m,country",
        generate_locations(chance),
    )


def write_table(path: Path, header: str, rows: Iterator[list[object]]) -> None:
    """Write a CSV file whose every thousandth row lacks its last cells."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header.split(","))
        for number, row in enumerate(rows, start=1):
            writer.writerow(row[:2] if number % BROKEN_EVERY == 0 else row)


def generate_people(chance: random.Random) -> Iterator[list[object]]:
    """Yield people with national numbers; one name in ten is quoted, one number in 500 is none."""
    for number in range(PEOPLE_COUNT):
        country = chance.choice(tuple(NATIONAL_NUMBERS))
        phone = NATIONAL_NUMBERS[country].format(number)
        yield [
            f"p{number}",
            f"Person {number}" if number % 10 else f"Person, {number}",
            f"p{number}@example.org",
            "12" if number % 500 == 0 else phone,
            country,
            "en",
            "yes",
            make_moment(chance, 7),
            "crisis;staff",
            "vip" if number % 50 == 0 else "",
        ]


def generate_bookings(chance: random.Random) -> Iterator[list[object]]:
    """Yield bookings of a few days; one in 500 is of nobody."""
    for number in range(BOOKING_COUNT):
        starts_at = AS_OF + timedelta(minutes=chance.randrange(-43_200, 43_200))
        ends_at = starts_at + timedelta(hours=chance.randrange(1, 240))
        person = PEOPLE_COUNT + 1 if number % 500 == 0 else chance.randrange(PEOPLE_COUNT)
        iata = chance.choice(AIRPORTS)
        span = [starts_at.isoformat(), ends_at.isoformat()]
        yield [f"b{number}", f"p{person}", "flight", iata, "", *span, "confirmed"]


def generate_locations(chance: random.Random) -> Iterator[list[object]]:
    """Yield reports of a week; one in 500 is beyond the pole."""
    for number in range(LOCATION_COUNT):
        latitude = 95 if number % 500 == 0 else round(chance.uniform(-60, 70), 5)
        longitude = round(chance.uniform(-180, 180), 5)
        person = f"p{chance.randrange(PEOPLE_COUNT)}"
        yield [person, latitude, longitude, make_moment(chance, 7), chance.randrange(500), "SE"]


def make_moment(chance: random.Random, days: int) -> str:
    """Return a moment within so many days before `AS_OF`."""
    return (AS_OF - timedelta(seconds=chance.randrange(days * 86_400))).isoformat()


if __name__ == "__main__":
    main()
