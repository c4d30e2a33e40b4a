"""A small world that domain tests select from."""

from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from rollcall.domain.world import World

PEOPLE: dict[str, Any] = {
    "person_id": pl.String,
    "name": pl.String,
    "email": pl.String,
    "phone": pl.String,
    "language": pl.String,
    "home_country": pl.String,
    "groups": pl.List(pl.String),
    "tags": pl.List(pl.String),
    "country": pl.String,
    "latitude": pl.Float64,
    "longitude": pl.Float64,
    "position_source": pl.String,
    "position_at": pl.Datetime("us", "UTC"),
}
FACILITIES: dict[str, Any] = {
    "facility_id": pl.String,
    "country": pl.String,
    "tags": pl.List(pl.String),
}
CONTACTS: dict[str, Any] = {
    "facility_id": pl.String,
    "person_id": pl.String,
    "is_manager": pl.Boolean,
}


def person(person_id: str, **known: Any) -> dict[str, Any]:
    """Return a row of `World.people`."""
    unknown: dict[str, Any] = dict.fromkeys(PEOPLE)
    named = {"person_id": person_id, "name": person_id.title(), "position_source": "none"}
    return unknown | named | {"groups": [], "tags": []} | known


def build_world(
    people: list[dict[str, Any]],
    facilities: list[dict[str, Any]] | None = None,
    contacts: list[dict[str, Any]] | None = None,
) -> World:
    """Build a world of rows."""
    return World(
        as_of=datetime(2026, 11, 23, 6, tzinfo=UTC),
        people=pl.DataFrame(people, schema=PEOPLE),
        facilities=pl.DataFrame(facilities or [], schema=FACILITIES),
        contacts=pl.DataFrame(contacts or [], schema=CONTACTS),
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
            {"facility_id": "tokyo", "country": "JP", "tags": ["hub"]},
            {"facility_id": "paris", "country": "FR", "tags": ["hub", "vip"]},
        ],
        [
            {"facility_id": "tokyo", "person_id": "bo", "is_manager": True},
            {"facility_id": "tokyo", "person_id": "cy", "is_manager": False},
            {"facility_id": "paris", "person_id": "cy", "is_manager": False},
        ],
    )
