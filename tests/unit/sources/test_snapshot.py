import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import airportsdata
import duckdb
import polars as pl
import pytest

from rollcall.clock import format_instant
from rollcall.errors import ConfigError, SourceError
from rollcall.sources.kept import KeptSources, KeptVersion
from rollcall.sources.loaded import LOADED_NAME
from rollcall.sources.snapshot import build_snapshot, open_snapshot, write_snapshot
from rollcall.sources.tables import TABLES
from tests.unit.sources.conftest import SettableClock, WriteSource

AS_OF = datetime(2026, 11, 23, 6, tzinfo=UTC)
OFFICE = ["facility_id,name,country,latitude,longitude", "f1,Office,SE,59,18", "f2,Desk,NO,,"]

# A write beyond 16 KiB fails, as on a full disk, or kills the process.
BUILD_SCRIPT = textwrap.dedent("""
    import resource, signal, sys
    from datetime import UTC, datetime
    from pathlib import Path
    from rollcall.clock import SystemClock
    from rollcall.sources.kept import KeptSources
    from rollcall.sources.snapshot import write_snapshot
    version = KeptSources(Path(sys.argv[1]), SystemClock()).last_good(Path(sys.argv[2]))
    resource.setrlimit(resource.RLIMIT_FSIZE, (16_384, 16_384))
    if sys.argv[4] == "kill":
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    write_snapshot(version, datetime.now(UTC), Path(sys.argv[3]))
""")


def hour(offset: float) -> str:
    """Return the moment so many hours after `AS_OF`, as sources write it."""
    return format_instant(AS_OF + timedelta(hours=offset))


def report(at: str, country: str = "", latitude: float = 1, longitude: float = 2) -> str:
    return f"p1,{latitude},{longitude},{at},{country}"


def booking(number: str, starts_at: str, ends_at: str, iata: str = "", country: str = "") -> str:
    return f"{number},p1,flight,{starts_at},{ends_at},{iata},{country}"


@pytest.fixture
def kept(tmp_path: Path, clock: SettableClock) -> KeptSources:
    return KeptSources(tmp_path / "kept", clock)


@pytest.fixture
def version(kept: KeptSources, write_source: WriteSource) -> KeptVersion:
    people = ["person_id,name,tags,last_app_contact_at", f"p1,Ann,a;b,{hour(-1)}", "p2,Bob,,"]
    return kept.open(write_source(people=people))


POSITION = ["person_id", "country", "latitude", "longitude", "source", "at"]
AIRPORTS = airportsdata.load("IATA")
ARLANDA, HEATHROW = ((AIRPORTS[iata]["lat"], AIRPORTS[iata]["lon"]) for iata in ("ARN", "LHR"))
HERE = (1.0, 2.0)
"""In the Gulf of Guinea, more than 25 km from land."""

TOKYO, PARIS = (35.68, 139.69), (48.86, 2.35)
OFFICE_AT, NOWHERE = (59.0, 18.0), (None, None)

CASES: dict[str, tuple[list[str], list[str], str, tuple[object, ...]]] = {
    # reports, bookings, place of work → country, coordinates, source, at
    "nothing is known": ([], [], "", (None, *NOWHERE, "none", None)),
    "place of work where nothing else is known": (
        [],
        [],
        "f1",
        ("SE", *OFFICE_AT, "workplace", None),
    ),
    "place of work without coordinates": ([], [], "f2", ("NO", *NOWHERE, "workplace", None)),
    "old report beats the place of work": (
        [report(hour(-9999), "JP")],
        [],
        "f1",
        ("JP", *HERE, "report", hour(-9999)),
    ),
    "report without a country is in the one that its point lies in": (
        [report(hour(-1), "", *TOKYO)],
        [],
        "",
        ("JP", *TOKYO, "report", hour(-1)),
    ),
    "country that a report names counts, wherever its point lies": (
        [report(hour(-1), "FR", *TOKYO)],
        [],
        "",
        ("FR", *TOKYO, "report", hour(-1)),
    ),
    "report without a country does not borrow that of an older one": (
        [report(hour(-2), "", *TOKYO), report(hour(-1), "", *PARIS)],
        [],
        "",
        ("FR", *PARIS, "report", hour(-1)),
    ),
    "report from the high seas does not borrow a country": (
        [report(hour(-1))],
        [],
        "f1",
        (None, *HERE, "report", hour(-1)),
    ),
    "report of this very moment counts": (
        [report(hour(0), "JP")],
        [],
        "",
        ("JP", *HERE, "report", hour(0)),
    ),
    "report of the future does not": (
        [report(hour(0.01), "JP")],
        [],
        "",
        (None, *NOWHERE, "none", None),
    ),
    "newest report counts, whole": (
        [report(hour(-2), "JP", 5, 6), report(hour(-1))],
        [],
        "",
        (None, *HERE, "report", hour(-1)),
    ),
    "newest report counts, wherever it stands": (
        [report(hour(-1), "JP"), report(hour(-2), "FR", 5, 6)],
        [],
        "",
        ("JP", *HERE, "report", hour(-1)),
    ),
    "of two reports of one instant the later line counts": (
        [report(hour(-1), "JP", 5, 6), report(hour(-1), "FR")],
        [],
        "",
        ("FR", *HERE, "report", hour(-1)),
    ),
    "booking begins at its first instant": (
        [],
        [booking("b1", hour(0), hour(1), "ARN")],
        "",
        ("SE", *ARLANDA, "booking", hour(0)),
    ),
    "booking is over at its last instant": (
        [],
        [booking("b1", hour(-1), hour(0), "ARN")],
        "f2",
        ("NO", *NOWHERE, "workplace", None),
    ),
    "booking of an instant is never in progress": (
        [],
        [booking("b1", hour(0), hour(0), "ARN")],
        "",
        (None, *NOWHERE, "none", None),
    ),
    "booking's own country beats that of its airport, not its place": (
        [],
        [booking("b1", hour(-1), hour(1), "ARN", "FI")],
        "",
        ("FI", *ARLANDA, "booking", hour(-1)),
    ),
    "booking without an airport has no coordinates": (
        [],
        [booking("b1", hour(-1), hour(1), "", "FI")],
        "f1",
        ("FI", *NOWHERE, "booking", hour(-1)),
    ),
    "booking at an unknown airport still counts": (
        [],
        [booking("b1", hour(-1), hour(1), "QQQ")],
        "f1",
        (None, *NOWHERE, "booking", hour(-1)),
    ),
    "booking that started last counts": (
        [],
        [booking("b1", hour(-1), hour(1), "LHR"), booking("b2", hour(-2), hour(1), "ARN")],
        "",
        ("GB", *HEATHROW, "booking", hour(-1)),
    ),
    "of two bookings of one instant the greater id counts": (
        [],
        [booking("b2", hour(-1), hour(1), "LHR"), booking("b1", hour(-1), hour(9), "ARN")],
        "",
        ("GB", *HEATHROW, "booking", hour(-1)),
    ),
    "ids of bookings compare as text": (
        [],
        [booking("9", hour(-1), hour(1), "LHR"), booking("10", hour(-1), hour(1), "ARN")],
        "",
        ("GB", *HEATHROW, "booking", hour(-1)),
    ),
    "newer booking beats an older report": (
        [report(hour(-2), "JP")],
        [booking("b1", hour(-1), hour(1), "ARN")],
        "",
        ("SE", *ARLANDA, "booking", hour(-1)),
    ),
    "newer report beats an older booking": (
        [report(hour(-1), "JP")],
        [booking("b1", hour(-2), hour(1), "ARN")],
        "",
        ("JP", *HERE, "report", hour(-1)),
    ),
    "at the same instant the report counts": (
        [report(hour(-1), "JP")],
        [booking("b1", hour(-1), hour(1), "ARN")],
        "",
        ("JP", *HERE, "report", hour(-1)),
    ),
    "newer booking that is over leaves the older report": (
        [report(hour(-3), "JP")],
        [booking("b1", hour(-2), hour(-1), "ARN")],
        "",
        ("JP", *HERE, "report", hour(-3)),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_latest_evidence_says_where_a_person_is(
    kept: KeptSources, write_source: WriteSource, case: str
) -> None:
    reports, bookings, facility_id, expected = CASES[case]
    folder = write_source(
        people=["person_id,name,facility_id", f"p1,Ann,{facility_id}", "p2,Bob,"],
        facilities=OFFICE,
        locations=["person_id,latitude,longitude,reported_at,country", *reports],
        bookings=["booking_id,person_id,kind,starts_at,ends_at,iata,country", *bookings],
    )
    with build_snapshot(kept.open(folder), AS_OF) as snapshot:
        found, other = snapshot.frame("positions", POSITION).rows()
    *place, at = found
    assert ("p1", *expected) == (*place, format_instant(at) if at else None)
    assert other == ("p2", None, None, None, "none", None)


def test_accuracy_is_that_of_the_report_that_counts(
    kept: KeptSources, write_source: WriteSource
) -> None:
    reports = [f"p1,1,2,{hour(-2)},50", f"p1,1,2,{hour(-1)},15.5"]
    reports += [f"p2,1,2,{hour(-2)},50", f"p2,1,2,{hour(-1)},", f"p3,1,2,{hour(-1)},50"]
    folder = write_source(
        people=["person_id,name", "p1,Ann", "p2,Bob", "p3,Cy"],
        locations=["person_id,latitude,longitude,reported_at,accuracy_m", *reports],
        bookings=[
            "booking_id,person_id,kind,starts_at,ends_at,iata",
            f"b1,p3,flight,{hour(0)},{hour(1)},ARN",
        ],
    )
    with build_snapshot(kept.open(folder), AS_OF) as snapshot:
        rows = snapshot.frame("positions", ["accuracy_m", "source"]).rows()
    assert rows == [(15.5, "report"), (None, "report"), (None, "booking")]


def test_snapshot_has_the_kept_tables_and_says_what_it_is(version: KeptVersion) -> None:
    with build_snapshot(version, AS_OF) as snapshot:
        for name in TABLES:
            assert snapshot.frame(name).equals(pl.read_parquet(version.path / f"{name}.parquet"))
        info = snapshot.frame("snapshot_info").rows()
        airports = snapshot.frame("airports")
    assert info == [(version.version, AS_OF, version.validated_at)]
    assert airports.columns == ["iata", "country", "latitude", "longitude"]
    assert airports.height > 7000


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(b"not DuckDB")])
def test_snapshot_is_the_same_without_the_file_that_it_begins_as_a_copy_of(
    version: KeptVersion, tmp_path: Path, damage: Callable[[Path], object]
) -> None:
    def read(name: str) -> dict[str, pl.DataFrame]:
        write_snapshot(version, AS_OF, tmp_path / name)
        with open_snapshot(tmp_path / name) as snapshot:
            return {one: snapshot.frame(one) for one in (*TABLES, "airports", "positions")}

    copied = read("copied.duckdb")
    damage(version.path / LOADED_NAME)
    anew = read("anew.duckdb")

    assert all(copied[name].equals(anew[name]) for name in copied)
    assert copied["people"].height == 2


def test_frame_gives_the_columns_asked_for_in_utc(version: KeptVersion) -> None:
    with build_snapshot(version, AS_OF) as snapshot:
        people = snapshot.frame("people", ["tags", "person_id", "last_app_contact_at"])
    assert people.schema == {
        "tags": pl.List(pl.String),
        "person_id": pl.String,
        "last_app_contact_at": pl.Datetime("us", "UTC"),
    }
    assert people["tags"].to_list() == [["a", "b"], []]


def test_file_is_private_and_can_be_opened_by_several(version: KeptVersion, tmp_path: Path) -> None:
    path = tmp_path / "snapshots" / "m1.duckdb"
    write_snapshot(version, AS_OF, path)
    with (
        build_snapshot(version, AS_OF) as built,
        open_snapshot(path) as first,
        open_snapshot(path) as second,
    ):
        assert built.frame("people").equals(first.frame("people"))
        assert first.frame("positions").equals(second.frame("positions"))
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert list(path.parent.iterdir()) == [path]


def test_rebuilt_file_replaces_the_one_that_is_being_read(
    version: KeptVersion, tmp_path: Path
) -> None:
    path = tmp_path / "m1.duckdb"
    later = AS_OF + timedelta(hours=1)
    write_snapshot(version, AS_OF, path)
    write_snapshot(version, later, path)
    with open_snapshot(path) as snapshot:
        assert snapshot.frame("snapshot_info")["as_of"].to_list() == [later]


@pytest.mark.parametrize(
    ("large_files", "exit_code", "sentence"),
    [("kill", -signal.SIGXFSZ, ""), ("fail", 1, "ConfigError: cannot write the snapshot")],
)
def test_build_that_dies_or_fills_the_disk_leaves_no_snapshot(
    version: KeptVersion,
    tmp_path: Path,
    source: Path,
    large_files: str,
    exit_code: int,
    sentence: str,
) -> None:
    path = tmp_path / "snapshots" / "m1.duckdb"
    arguments = [str(tmp_path / "kept"), str(source), str(path), large_files]
    ended = subprocess.run(
        [sys.executable, "-c", BUILD_SCRIPT, *arguments],
        check=False,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == exit_code
    assert sentence in ended.stderr
    assert path.parent.exists()
    assert not path.exists()
    write_snapshot(version, AS_OF, path)
    with open_snapshot(path) as snapshot:
        assert snapshot.frame("people").height == 2


def test_snapshot_reaches_no_file_and_no_variable(version: KeptVersion) -> None:
    with build_snapshot(version, AS_OF) as snapshot:
        outside = pl.DataFrame({"x": [1]})
        for name in ("outside", "/etc/passwd", str(version.path / "people.parquet")):
            with pytest.raises(duckdb.Error):
                snapshot.frame(name)
    assert outside.height == 1


def test_snapshot_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"^the snapshot .*m1\.duckdb cannot be opened"):
        open_snapshot(tmp_path / "m1.duckdb")


def test_snapshot_that_cannot_be_written_is_named(version: KeptVersion, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"^cannot write the snapshot .*m1\.duckdb"):
        write_snapshot(version, AS_OF, tmp_path / "file" / "m1.duckdb")


def test_kept_version_that_lost_a_table_is_named(version: KeptVersion) -> None:
    (version.path / "people.parquet").unlink()
    with pytest.raises(SourceError, match=f"kept version {version.short_id} cannot be read"):
        build_snapshot(version, AS_OF)


def test_moment_without_a_time_zone_is_refused(version: KeptVersion) -> None:
    with pytest.raises(ValueError, match="time zone"):
        build_snapshot(version, AS_OF.replace(tzinfo=None))
