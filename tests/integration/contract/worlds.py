"""Random small worlds full of ties, written as a folder of CSV files."""

import csv
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from random import Random
from typing import Any

from tests.integration.contract.oracle import Row, Tables
from tests.people import phone_of

AIRPORTS = {
    "HND": ("JP", 35.55, 139.78),
    "LHR": ("GB", 51.47, -0.46),
    "CDG": ("FR", 49.01, 2.55),
    "JFK": ("US", 40.64, -73.78),
    "SIN": ("SG", 1.35, 103.99),
}
"""As printed on any map, to a hundredth of a degree."""

COUNTRIES = ("JP", "GB", "FR", "US")
GROUPS = ("board", "field", "it", "ops")
TAGS = ("hub", "vip", "no-contact")
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
ZONES = (UTC, timezone(timedelta(hours=9)), timezone(-timedelta(hours=3, minutes=30)))
TRUE_WORDS, FALSE_WORDS = ("true", "1", "yes"), ("false", "0", "no", "")


@dataclass(frozen=True)
class World:
    """Tables as they are meant, and the moment to look at them."""

    tables: Tables
    as_of: datetime


def make_world(draw: Random) -> World:
    """Make up a world: moments lie on the hour, so that most of them coincide with others."""
    facilities = [_make_facility(draw, f"f{number}") for number in range(draw.randrange(5))]
    people = [_make_person(draw, number, facilities) for number in range(1, draw.randrange(3, 14))]
    tables = {
        "people": people,
        "facilities": facilities,
        "facility_contacts": _make_contacts(draw, facilities, people),
        "bookings": [_make_booking(draw, number, people) for number in range(draw.randrange(30))],
        "locations": _make_locations(draw, people),
    }
    return World(tables, NOON + timedelta(hours=draw.randint(-2, 2)))


def write_world(draw: Random, tables: Tables, folder: Path) -> None:
    """Write the tables as CSV, each value in one of the spellings that the contract allows."""
    folder.mkdir()
    for name, rows in tables.items():
        if not rows:
            continue  # a table that is absent is empty
        with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, delimiter=draw.choice(",;"))
            writer.writerow(rows[0])
            writer.writerows([_spell(draw, value) for value in row.values()] for row in rows)


def make_selection(draw: Random, tables: Tables) -> Row:
    """Make up a selection that names something; now and then what does not exist."""
    selection = _make_naming(draw, tables)
    while not any(selection.values()):
        selection = _make_naming(draw, tables)
    if draw.random() < 0.6:
        selection["exclude"] = _make_naming(draw, tables)
    return selection


def _make_facility(draw: Random, facility_id: str) -> Row:
    is_located = draw.random() < 0.7
    return {
        "facility_id": facility_id,
        "name": f"Office {facility_id}",
        "country": draw.choice(COUNTRIES),
        "latitude": _draw_degrees(draw, 90) if is_located else None,
        "longitude": _draw_degrees(draw, 180) if is_located else None,
        "tags": _draw_some(draw, TAGS),
    }


def _make_person(draw: Random, number: int, facilities: list[Row]) -> Row:
    workplaces = [None, *(facility["facility_id"] for facility in facilities)]
    return {
        # the contract sorts ids as text: p10 comes before p2
        "person_id": f"p{number}",
        "name": draw.choice(("Ana", "Björk", "渡辺", "O'Neil; jr", 'Quo"te, d')),
        "email": draw.choice((None, f"p{number}@example.org")),
        "phone": draw.choice((None, phone_of(number))),
        "home_country": draw.choice((None, *COUNTRIES)),
        "facility_id": draw.choice(workplaces),
        "groups": _draw_some(draw, GROUPS),
        "tags": _draw_some(draw, TAGS),
    }


def _make_contacts(draw: Random, facilities: list[Row], people: list[Row]) -> list[Row]:
    return [
        {
            "facility_id": facility["facility_id"],
            "person_id": person["person_id"],
            "is_manager": draw.random() < 0.4,
        }
        for facility in facilities
        for person in draw.sample(people, draw.randrange(min(len(people), 4)))
    ]


def _make_booking(draw: Random, number: int, people: list[Row]) -> Row:
    starts_at = NOON + timedelta(hours=draw.randint(-3, 3))
    return {
        "booking_id": f"b{number}",
        "person_id": draw.choice(people)["person_id"],
        "kind": draw.choice(("flight", "hotel", "car", "rail", "other")),
        "iata": draw.choice((None, *AIRPORTS)),
        "country": draw.choice((None, None, *COUNTRIES)),
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(hours=draw.randint(0, 4)),
        "status": draw.choice(("confirmed", "confirmed", "cancelled")),
    }


def _make_locations(draw: Random, people: list[Row]) -> list[Row]:
    """Never two reports of one person at one instant: the contract does not say which counts."""
    moments = {
        (draw.choice(people)["person_id"], draw.randint(-3, 3)) for _ in range(draw.randrange(16))
    }
    return [
        {
            "person_id": person_id,
            "latitude": _draw_degrees(draw, 90),
            "longitude": _draw_degrees(draw, 180),
            "reported_at": NOON + timedelta(hours=hours),
            "country": draw.choice((None, *COUNTRIES)),
        }
        for person_id, hours in sorted(moments)
    ]


def _make_naming(draw: Random, tables: Tables) -> Row:
    person_ids = [person["person_id"] for person in tables["people"]]
    facility_ids = [facility["facility_id"] for facility in tables["facilities"]]
    parts: Row = {
        "everyone": draw.random() < 0.15,
        "people": _draw_names(draw, person_ids, most=3),
        "facilities": _draw_names(draw, facility_ids, most=2),
        "groups": _draw_names(draw, _used(tables, "groups"), most=2),
        "filters": [_make_filter(draw, tables) for _ in range(draw.randrange(3))],
    }
    return {key: value for key, value in parts.items() if draw.random() < 0.6}


def _make_filter(draw: Random, tables: Tables) -> Row:
    criteria: Row = {}
    if draw.random() < 0.5:
        criteria["countries"] = draw.sample(COUNTRIES, draw.randint(1, 3))
    if draw.random() < 0.3:
        criteria["groups"] = _draw_names(draw, _used(tables, "groups"), most=2)
    if draw.random() < 0.4:
        criteria["tags"] = _draw_names(draw, _used(tables, "tags"), most=3)
    if draw.random() < 0.4:
        criteria["recipient_type"] = draw.choice(("people", "facilities"))
    criteria = {name: value for name, value in criteria.items() if value}
    if draw.random() < 0.5:
        criteria["tags_match"] = draw.choice(("any", "all"))
    return criteria if set(criteria) - {"tags_match"} else _make_filter(draw, tables)


def _used(tables: Tables, column: str) -> list[str]:
    rows = [*tables["people"], *tables["facilities"]]
    return sorted({name for row in rows for name in row.get(column, [])})


def _draw_names(draw: Random, names: list[str], most: int) -> list[str]:
    if draw.random() < 0.02:
        return [*names[:1], "nowhere-to-be-found"]
    return draw.choices(names, k=draw.randint(0, most)) if names else []


def _draw_some(draw: Random, names: tuple[str, ...]) -> list[str]:
    return draw.choices(names, k=draw.randrange(4))


def _draw_degrees(draw: Random, limit: int) -> float:
    return round(draw.uniform(-limit, limit), 5)


def _spell(draw: Random, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return draw.choice(TRUE_WORDS if value else FALSE_WORDS)
    if isinstance(value, list):
        return ";".join(value)
    if isinstance(value, datetime):
        return value.astimezone(draw.choice(ZONES)).isoformat()
    return str(value)
