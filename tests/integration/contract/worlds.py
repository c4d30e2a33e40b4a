"""Random small worlds full of ties: what is known of people, and the moment to look at it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from tests.integration.contract.oracle_criteria import Row, Tables
from tests.integration.contract.places import AIRPORT_COUNTRIES, CITY_CODES, GROUNDS
from tests.integration.contract.shapes import make_point
from tests.people import phone_of

COUNTRIES = ("JP", "GB", "FR", "US", "TH", "FJ")
GROUPS = ("board", "field", "it", "ops")
TAGS = ("hub", "vip", "no-contact")
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


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
        "locations": [_make_report(draw, people) for _ in range(draw.randrange(20))],
        "emergencies": [
            _make_emergency(draw, number, people) for number in range(draw.randrange(8))
        ],
    }
    return World(tables, NOON + timedelta(hours=draw.randint(-2, 2)))


def _make_facility(draw: Random, facility_id: str) -> Row:
    latitude, longitude = make_point(draw) if draw.random() < 0.8 else (None, None)
    return {
        "facility_id": facility_id,
        "name": f"Office {facility_id}",
        "country": draw.choice(COUNTRIES),
        "latitude": latitude,
        "longitude": longitude,
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
        "has_app": draw.random() < 0.7,
        "last_app_contact_at": draw.choice((None, *[_draw_moment(draw, 6)] * 4)),
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
    starts_at = _draw_moment(draw, 4)
    return {
        "booking_id": f"b{number}",
        "person_id": draw.choice(people)["person_id"],
        "kind": draw.choice(("flight", "hotel", "car", "rail", "other")),
        "iata": draw.choice((None, *AIRPORT_COUNTRIES, *CITY_CODES, "QQQ")),
        "country": draw.choice((None, None, None, *COUNTRIES)),
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(hours=draw.choice((0, 0, 1, 2, 3, 4))),
        "status": draw.choice(("confirmed", "confirmed", "confirmed", "cancelled")),
    }


def _make_report(draw: Random, people: list[Row]) -> Row:
    is_silent = draw.random() < 0.4
    latitude, longitude = draw.choice(list(GROUNDS)) if is_silent else make_point(draw)
    return {
        "person_id": draw.choice(people)["person_id"],
        "latitude": latitude,
        "longitude": longitude,
        "reported_at": _draw_moment(draw, 3),
        "accuracy_m": draw.choice((None, 15.0, 14_142.0)),
        "country": None if is_silent else draw.choice(COUNTRIES),
    }


def _make_emergency(draw: Random, number: int, people: list[Row]) -> Row:
    started_at = _draw_moment(draw, 3)
    lasted = draw.choice((None, 0, 1, 2, 3, 4))
    return {
        "emergency_id": f"e{number}",
        "person_id": draw.choice(people)["person_id"],
        "started_at": started_at,
        "ended_at": None if lasted is None else started_at + timedelta(hours=lasted),
    }


def _draw_moment(draw: Random, hours: int) -> datetime:
    return NOON + timedelta(hours=draw.randint(-hours, hours))


def _draw_some(draw: Random, names: tuple[str, ...]) -> list[str]:
    return draw.choices(names, k=draw.randrange(4))
