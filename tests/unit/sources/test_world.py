"""What filters look at is what the snapshot holds."""

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from rollcall.domain.world import World
from rollcall.sources.kept import KeptSources
from rollcall.sources.snapshot import build_snapshot
from rollcall.sources.world import read_world
from tests.unit.domain.conftest import BOOKINGS, CONTACTS, EMERGENCIES, FACILITIES, PEOPLE
from tests.unit.sources.conftest import SettableClock, WriteSource

AS_OF = datetime(2026, 11, 23, 6, tzinfo=UTC)
BEFORE, AFTER = "2026-11-23T05:00:00Z", "2026-11-23T07:00:00Z"


@pytest.fixture
def kept(tmp_path: Path, clock: SettableClock) -> KeptSources:
    return KeptSources(tmp_path / "kept", clock)


@pytest.fixture
def world(kept: KeptSources, write_source: WriteSource) -> World:
    return read(
        kept,
        write_source(
            people=[
                "person_id,name,groups,has_app,last_app_contact_at,home_country",
                f"p1,Ana,a;b,yes,{BEFORE},JP",
                "p2,Bo,,,,",
            ],
            facilities=["facility_id,name,country,latitude,longitude", "f1,Desk,NO,59.5,10.5"],
            facility_contacts=["facility_id,person_id", "f1,p2"],
            locations=[
                "person_id,latitude,longitude,reported_at,accuracy_m,country",
                f"p1,35.5,139.5,{BEFORE},15,JP",
            ],
            bookings=[
                "booking_id,person_id,kind,iata,country,starts_at,ends_at,status",
                f"b1,p2,flight,HND,,{AFTER},{AFTER},",
                f"b2,p2,flight,HND,FR,{AFTER},{AFTER},",
                f"b3,p2,flight,QQQ,,{AFTER},{AFTER},",
                f"b4,p2,hotel,,FR,{AFTER},{AFTER},",
                f"b5,p2,flight,LHR,,{AFTER},{AFTER},cancelled",
                f"b6,p2,flight,SJU,,{AFTER},{AFTER},",
                f"b7,p2,flight,LON,,{AFTER},{AFTER},",
            ],
            emergencies=["emergency_id,person_id,started_at,ended_at", f"e1,p1,{BEFORE},"],
        ),
    )


def read(kept: KeptSources, folder: Path) -> World:
    with build_snapshot(kept.open(folder), AS_OF) as snapshot:
        return read_world(snapshot, AS_OF)


def frames(world: World) -> dict[str, pl.DataFrame]:
    names = ("people", "facilities", "contacts", "bookings", "emergencies")
    return {name: getattr(world, name) for name in names}


SCHEMAS = {
    "people": PEOPLE,
    "facilities": FACILITIES,
    "contacts": CONTACTS,
    "bookings": BOOKINGS,
    "emergencies": EMERGENCIES,
}


@pytest.mark.parametrize("table", SCHEMAS)
def test_columns_are_those_that_domain_tests_build(world: World, table: str) -> None:
    assert dict(frames(world)[table].schema) == SCHEMAS[table]


@pytest.mark.parametrize("table", SCHEMAS)
def test_columns_are_the_same_where_nothing_is_known(
    kept: KeptSources, write_source: WriteSource, table: str
) -> None:
    empty = read(kept, write_source(people=["person_id,name"]))
    assert frames(empty)[table].height == 0
    assert dict(frames(empty)[table].schema) == SCHEMAS[table]


def test_people_come_with_where_they_are(world: World) -> None:
    ana, bo = world.people.sort("person_id").to_dicts()
    assert (ana["country"], ana["latitude"], ana["longitude"]) == ("JP", 35.5, 139.5)
    assert (ana["accuracy_m"], ana["position_source"]) == (15.0, "report")
    assert (ana["groups"], ana["tags"], ana["has_app"]) == (["a", "b"], [], True)
    assert (bo["position_source"], bo["country"], bo["groups"]) == ("none", None, [])
    assert (bo["has_app"], bo["last_app_contact_at"]) == (False, None)


def test_country_of_a_booking_is_its_own_else_that_of_its_airport(world: World) -> None:
    countries = dict(world.bookings.select("booking_id", "country").iter_rows())
    assert countries == {"b1": "JP", "b2": "FR", "b3": None, "b4": "FR", "b6": "PR", "b7": "GB"}


def test_cancelled_booking_is_not_looked_at(world: World) -> None:
    assert "b5" not in world.bookings["booking_id"].to_list()


def test_codes_a_criterion_may_name_are_airports_and_cities(world: World) -> None:
    assert {"HND", "LHR"} <= world.airport_codes.airports
    assert world.airport_codes.metropolitan["TYO"] == {"HND", "NRT"}
