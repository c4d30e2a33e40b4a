"""A synthetic world for benchmarks: so many people, twice the bookings, five times the reports.

Seeded; positions spread around the world's airports, some drawn far more often. Nobody is in it.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
from numpy.random import Generator
from numpy.typing import NDArray

from rollcall.sources.reference import load_settled_airports
from tests.people import phone_of

AS_OF = datetime(2026, 11, 23, 6, tzinfo=UTC)
SEED = 42
GROUP_COUNT, TAG_COUNT, PHONE_COUNT = 200, 50, 1_000
FACILITY_COUNT = 500


def write_big_world(folder: Path, people_count: int) -> Path:
    """Write `people`, `facilities`, `facility_contacts`, `bookings` and `locations` as Parquet."""
    folder.mkdir(parents=True)
    draw = np.random.default_rng(SEED)
    airports = load_settled_airports()
    weights = draw.pareto(1.1, len(airports)) + 0.02
    homes = draw.choice(len(airports), people_count, p=weights / weights.sum())
    tables = {
        "people": _make_people(draw, airports, homes),
        "facilities": _make_facilities(draw, airports),
        "facility_contacts": _make_contacts(draw, people_count),
        "bookings": _make_bookings(draw, airports, weights / weights.sum(), people_count),
        "locations": _make_locations(draw, airports, homes),
    }
    for name, rows in tables.items():
        rows.write_parquet(folder / f"{name}.parquet")
    return folder


def _person_ids(numbers: NDArray[np.int64]) -> pl.Series:
    return pl.select("p" + pl.lit(pl.Series(numbers)).cast(pl.String).str.zfill(7)).to_series()


def _make_people(draw: Generator, airports: pl.DataFrame, homes: NDArray[np.int64]) -> pl.DataFrame:
    count = len(homes)
    phones = pl.Series([phone_of(number) for number in range(PHONE_COUNT)])
    ids = _person_ids(np.arange(count))
    return pl.DataFrame(
        {
            "person_id": ids,
            "name": pl.select("Person " + pl.lit(ids)).to_series(),
            "email": pl.select(pl.lit(ids) + "@example.org").to_series(),
            "phone": phones[draw.integers(0, PHONE_COUNT, count)],
            "home_country": airports["country"][homes],
            "has_app": draw.random(count) < 0.7,
            "last_app_contact_at": _moments(-draw.exponential(20 * 86_400, count)),
            "facility_id": _names("f", draw.integers(0, FACILITY_COUNT, count)),
            "groups": _lists(draw, "group", GROUP_COUNT, count),
            "tags": _lists(draw, "tag", TAG_COUNT, count),
        }
    )


def _make_facilities(draw: Generator, airports: pl.DataFrame) -> pl.DataFrame:
    places = airports[draw.integers(0, len(airports), FACILITY_COUNT)]
    names = _names("f", np.arange(FACILITY_COUNT))
    return places.select("country", "latitude", "longitude").with_columns(
        facility_id=names, name=names
    )


def _make_contacts(draw: Generator, people_count: int) -> pl.DataFrame:
    facilities = np.arange(FACILITY_COUNT).repeat(3)
    contacts = pl.DataFrame(
        {
            "facility_id": _names("f", facilities),
            "person_id": _person_ids(draw.integers(0, people_count, len(facilities))),
            "is_manager": draw.random(len(facilities)) < 0.3,
        }
    )
    return contacts.unique(["facility_id", "person_id"], maintain_order=True)


def _make_bookings(
    draw: Generator, airports: pl.DataFrame, weights: NDArray[np.float64], people_count: int
) -> pl.DataFrame:
    count = 2 * people_count
    starts_s = draw.normal(0, 60 * 86_400, count)
    return pl.DataFrame(
        {
            "booking_id": _names("b", np.arange(count)),
            "person_id": _person_ids(draw.integers(0, people_count, count)),
            "kind": pl.Series(["flight", "hotel", "rail"])[draw.integers(0, 3, count)],
            "iata": airports["iata"][draw.choice(len(airports), count, p=weights)],
            "starts_at": _moments(starts_s),
            "ends_at": _moments(starts_s + draw.exponential(5 * 86_400, count) + 3_600),
        }
    )


def _make_locations(
    draw: Generator, airports: pl.DataFrame, homes: NDArray[np.int64]
) -> pl.DataFrame:
    """Make reports around people's home airports; a fifth of the people have most of them."""
    count = 5 * len(homes)
    people = (draw.beta(0.8, 2, count) * len(homes)).astype(np.int64)
    latitudes = airports["latitude"].to_numpy()[homes[people]] + draw.normal(0, 0.2, count)
    longitudes = airports["longitude"].to_numpy()[homes[people]] + draw.normal(0, 0.2, count)
    return pl.DataFrame(
        {
            "person_id": _person_ids(people),
            "latitude": latitudes.clip(-89.9, 89.9),
            "longitude": (longitudes + 180) % 360 - 180,
            "reported_at": _moments(-draw.exponential(15 * 86_400, count)),
            "accuracy_m": draw.integers(5, 2_000, count).astype(float),
        }
    )


def _moments(seconds: NDArray[np.float64]) -> pl.Series:
    """Return moments so many seconds from `AS_OF`."""
    start_us = int(AS_OF.timestamp() * 1_000_000)
    offsets_us = (seconds * 1_000_000).astype(np.int64)
    return pl.Series(start_us + offsets_us).cast(pl.Datetime("us", "UTC"))


def _names(prefix: str, numbers: NDArray[np.int64]) -> pl.Series:
    return pl.select(prefix + pl.lit(pl.Series(numbers)).cast(pl.String).str.zfill(8)).to_series()


def _lists(draw: Generator, prefix: str, kinds: int, count: int) -> pl.Series:
    """Return a list of up to two names for each of `count` rows."""
    first, second = (_names(prefix, draw.integers(0, kinds, count)) for _ in range(2))
    both = pl.DataFrame({"first": first, "second": second, "has": draw.random(count) < 0.7})
    none = pl.lit([], dtype=pl.List(pl.String))
    return both.select(
        pl.when("has").then(pl.concat_list("first", "second").list.unique()).otherwise(none)
    ).to_series()


def moment(days: float) -> datetime:
    """Return a moment so many days from `AS_OF`."""
    return AS_OF + timedelta(days=days)
