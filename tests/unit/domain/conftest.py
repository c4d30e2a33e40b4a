"""A small world that domain tests select from."""

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from rollcall.domain.geography.airports import AirportCodes
from rollcall.domain.world import World

AS_OF = datetime(2026, 11, 23, 6, tzinfo=UTC)
MOMENT = pl.Datetime("us", "UTC")
AIRPORT_CODES = AirportCodes(
    airports=frozenset({"BKK", "CDG", "DMK", "HND", "NRT"}),
    metropolitan={"TYO": frozenset({"HND", "NRT"}), "BKK": frozenset({"BKK", "DMK"})},
)

PEOPLE: dict[str, Any] = {
    "person_id": pl.String,
    "name": pl.String,
    "email": pl.String,
    "phone": pl.String,
    "language": pl.String,
    "home_country": pl.String,
    "groups": pl.List(pl.String),
    "tags": pl.List(pl.String),
    "has_app": pl.Boolean,
    "last_app_contact_at": MOMENT,
    "country": pl.String,
    "latitude": pl.Float64,
    "longitude": pl.Float64,
    "accuracy_m": pl.Float64,
    "position_source": pl.String,
    "position_at": MOMENT,
}
FACILITIES: dict[str, Any] = {
    "facility_id": pl.String,
    "country": pl.String,
    "tags": pl.List(pl.String),
    "latitude": pl.Float64,
    "longitude": pl.Float64,
}
CONTACTS: dict[str, Any] = {
    "facility_id": pl.String,
    "person_id": pl.String,
    "is_manager": pl.Boolean,
}
BOOKINGS: dict[str, Any] = {
    "booking_id": pl.String,
    "person_id": pl.String,
    "iata": pl.String,
    "country": pl.String,
    "starts_at": MOMENT,
    "ends_at": MOMENT,
}
EMERGENCIES: dict[str, Any] = {
    "emergency_id": pl.String,
    "person_id": pl.String,
    "started_at": MOMENT,
    "ended_at": MOMENT,
}


def person(person_id: str, **known: Any) -> dict[str, Any]:
    """Return a row of `World.people`."""
    unknown: dict[str, Any] = dict.fromkeys(PEOPLE)
    named = {"person_id": person_id, "name": person_id.title(), "position_source": "none"}
    return unknown | named | {"groups": [], "tags": [], "has_app": False} | known


def facility(facility_id: str, country: str, **known: Any) -> dict[str, Any]:
    """Return a row of `World.facilities`."""
    unknown: dict[str, Any] = dict.fromkeys(FACILITIES)
    return unknown | {"facility_id": facility_id, "country": country, "tags": []} | known


def hour(offset: float) -> datetime:
    """Return the moment so many hours after `AS_OF`."""
    return AS_OF + timedelta(hours=offset)


def booking(person_id: str, starts: float, ends: float, **known: Any) -> dict[str, Any]:
    """Return a row of `World.bookings`, from and to so many hours after `AS_OF`."""
    period = {"starts_at": hour(starts), "ends_at": hour(ends)}
    return dict.fromkeys(BOOKINGS) | {"person_id": person_id} | period | known


def emergency(person_id: str, started: float, ended: float | None = None) -> dict[str, Any]:
    """Return a row of `World.emergencies`, from and to so many hours after `AS_OF`."""
    ended_at = None if ended is None else hour(ended)
    known = {"emergency_id": f"of-{person_id}", "person_id": person_id}
    return known | {"started_at": hour(started), "ended_at": ended_at}


def build_world(
    people: list[dict[str, Any]],
    facilities: list[dict[str, Any]] | None = None,
    contacts: list[dict[str, Any]] | None = None,
    bookings: list[dict[str, Any]] | None = None,
    emergencies: list[dict[str, Any]] | None = None,
) -> World:
    """Build a world of rows."""
    return World(
        as_of=AS_OF,
        people=pl.DataFrame(people, schema=PEOPLE),
        facilities=pl.DataFrame(facilities or [], schema=FACILITIES),
        contacts=pl.DataFrame(contacts or [], schema=CONTACTS),
        bookings=pl.DataFrame(bookings or [], schema=BOOKINGS),
        emergencies=pl.DataFrame(emergencies or [], schema=EMERGENCIES),
        airport_codes=AIRPORT_CODES,
    )


@pytest.fixture
def world() -> World:
    """Three people and two facilities; Bo manages Tokyo, Cy is a contact of Tokyo and of Paris."""
    return build_world(
        [
            person("ana", country="JP", groups=["board"], tags=["vip", "vip"]),
            person("bo", country="FR", groups=["board", "it"], tags=["vip", "pilot"]),
            person("cy", tags=["no-contact"]),
        ],
        [
            facility("tokyo", "JP", tags=["hub"]),
            facility("paris", "FR", tags=["hub", "vip"]),
        ],
        [
            {"facility_id": "tokyo", "person_id": "bo", "is_manager": True},
            {"facility_id": "tokyo", "person_id": "cy", "is_manager": False},
            {"facility_id": "paris", "person_id": "cy", "is_manager": False},
        ],
    )
