from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from rollcall.domain.app_reports import (
    CONTACT_SCHEMA,
    EMERGENCY_SCHEMA,
    LOCATION_SCHEMA,
    AppReports,
)
from rollcall.sources.kept import KeptSources, KeptVersion
from rollcall.sources.snapshot import build_snapshot, open_snapshot, write_snapshot
from tests.unit.sources.conftest import SettableClock, WriteSource
from tests.unit.sources.test_snapshot import AS_OF, hour

HOUR = timedelta(hours=1)
TOKYO, PARIS = (35.68, 139.69), (48.86, 2.35)
POSITION = ["person_id", "country", "accuracy_m", "source", "at"]


@pytest.fixture
def version(tmp_path: Path, clock: SettableClock, write_source: WriteSource) -> KeptVersion:
    people = [
        "person_id,name,has_app,last_app_contact_at",
        "p1,Ann,,",
        f"p2,Bob,true,{hour(-1)}",
        "p3,Cy,,",
    ]
    folder = write_source(
        people=people,
        locations=[
            "person_id,latitude,longitude,reported_at,country",
            f"p1,1,2,{hour(-2)},FR",
            f"p2,1,2,{hour(-2)},FR",
        ],
        emergencies=["emergency_id,person_id,started_at", f"e1,p3,{hour(-5)}"],
    )
    return KeptSources(tmp_path / "kept", clock).open(folder)


def reports(
    contacts: list[tuple[object, ...]] | None = None,
    locations: list[tuple[object, ...]] | None = None,
    emergencies: list[tuple[object, ...]] | None = None,
) -> AppReports:
    return AppReports(
        pl.DataFrame(contacts or [], schema=CONTACT_SCHEMA, orient="row"),
        pl.DataFrame(locations or [], schema=LOCATION_SCHEMA, orient="row"),
        pl.DataFrame(emergencies or [], schema=EMERGENCY_SCHEMA, orient="row"),
    )


def test_newest_evidence_wins_whether_the_app_or_the_source_has_it(version: KeptVersion) -> None:
    app = reports(
        locations=[("p1", *TOKYO, 15.0, AS_OF - HOUR), ("p2", *TOKYO, None, AS_OF - 3 * HOUR)]
    )
    with build_snapshot(version, AS_OF, app=app) as snapshot:
        assert snapshot.frame("positions", POSITION).rows() == [
            ("p1", "JP", 15.0, "report", AS_OF - HOUR),
            ("p2", "FR", None, "report", AS_OF - 2 * HOUR),
            ("p3", None, None, "none", None),
        ]


def test_who_has_a_device_has_the_app_and_the_later_contact_counts(version: KeptVersion) -> None:
    app = reports(contacts=[("p1", AS_OF - HOUR / 2), ("p2", AS_OF - 9 * HOUR)])
    with build_snapshot(version, AS_OF, app=app) as snapshot:
        people = snapshot.frame("people", ["person_id", "has_app", "last_app_contact_at"]).rows()
        assert snapshot.frame("people").columns[:3] == ["line", "person_id", "name"]
    assert people == [
        ("p1", True, AS_OF - HOUR / 2),
        ("p2", True, AS_OF - HOUR),
        ("p3", False, None),
    ]


def test_nothing_is_taken_of_strangers(version: KeptVersion) -> None:
    app = reports(
        contacts=[("stranger", AS_OF)],
        locations=[("stranger", *TOKYO, None, AS_OF)],
        emergencies=[("app-1", "stranger", AS_OF, None)],
    )
    with (
        build_snapshot(version, AS_OF, app=app) as snapshot,
        build_snapshot(version, AS_OF) as bare,
    ):
        for name in ("people", "locations", "emergencies", "positions"):
            assert snapshot.frame(name).equals(bare.frame(name))
        assert snapshot.frame("app_contacts").is_empty()


def test_file_tells_what_came_from_the_app(version: KeptVersion, tmp_path: Path) -> None:
    path = tmp_path / "snapshots" / "m1.duckdb"
    app = reports(
        contacts=[("p1", AS_OF)],
        locations=[("p1", *TOKYO, 15.0, AS_OF), ("p3", *PARIS, None, AS_OF)],
        emergencies=[("app-1", "p1", AS_OF - HOUR, None)],
    )
    write_snapshot(version, AS_OF, path, app)
    with open_snapshot(path) as snapshot:
        told = snapshot.frame("locations", ["line", "person_id"]).rows()
        assert told == [(2, "p1"), (3, "p2"), (-1, "p1"), (-2, "p3")]
        emergencies = snapshot.frame("emergencies", ["line", "emergency_id", "person_id"]).rows()
        assert emergencies == [(2, "e1", "p3"), (-1, "app-1", "p1")]
        assert snapshot.frame("app_contacts").rows() == [("p1", AS_OF)]
