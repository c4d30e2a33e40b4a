from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from rollcall.errors import SourceError
from rollcall.sources.parquet_rows import read_parquet_rows
from rollcall.sources.raw_rows import RawRows
from rollcall.sources.tables import LOCATIONS, PEOPLE, Table

LOCATION = {"person_id": "p1", "latitude": 1.5, "longitude": 2.5}


def read_frame(tmp_path: Path, rows: pl.DataFrame, table: Table) -> RawRows:
    path = tmp_path / f"{table.name}.parquet"
    rows.write_parquet(path)
    return read_parquet_rows(path, table)


def test_naive_timestamp_is_utc(tmp_path: Path) -> None:
    rows = pl.DataFrame([{**LOCATION, "reported_at": datetime(2026, 11, 23, 6)}])  # noqa: DTZ001
    raw = read_frame(tmp_path, rows, LOCATIONS)
    assert raw.rows["reported_at"].to_list() == [datetime(2026, 11, 23, 6, tzinfo=UTC)]


def test_timestamp_of_any_zone_and_unit_becomes_utc(tmp_path: Path) -> None:
    tokyo = datetime(2026, 11, 23, 15, tzinfo=ZoneInfo("Asia/Tokyo"))
    rows = pl.DataFrame([{**LOCATION, "reported_at": tokyo}]).with_columns(
        pl.col("reported_at").dt.cast_time_unit("ns")
    )
    raw = read_frame(tmp_path, rows, LOCATIONS)
    assert raw.rows.schema["reported_at"] == pl.Datetime("us", "UTC")
    assert raw.rows["reported_at"].to_list() == [datetime(2026, 11, 23, 6, tzinfo=UTC)]


def test_types_are_taken_as_they_are_and_ids_become_text(tmp_path: Path) -> None:
    rows = pl.DataFrame(
        {
            "PERSON_ID": [17],
            "name": pl.Series([" Ann "], dtype=pl.Categorical),
            "has_app": [True],
            "groups": [["a", "b"]],
            "tags": ["c;d"],
            "phone": [None],
        }
    )
    row = read_frame(tmp_path, rows, PEOPLE).rows.row(0, named=True)
    assert (row["line"], row["person_id"], row["name"]) == (1, "17", "Ann")
    assert (row["has_app"], row["groups"], row["tags"]) == (True, ["a", "b"], "c;d")
    assert row["phone"] is None
    assert row["email"] is None


def test_every_number_becomes_a_float(tmp_path: Path) -> None:
    rows = pl.DataFrame(
        {
            "person_id": ["p1"],
            "latitude": [Decimal("59.5")],
            "longitude": pl.Series([18], dtype=pl.Int8),
            "reported_at": ["2026-11-23T06:00:00Z"],
        }
    )
    row = read_frame(tmp_path, rows, LOCATIONS).rows.row(0, named=True)
    assert (row["latitude"], row["longitude"]) == (59.5, 18.0)


@pytest.mark.parametrize(
    ("column", "value"),
    [("person_id", 17.0), ("reported_at", date(2026, 11, 23)), ("latitude", [1.0])],
)
def test_type_that_cannot_be_meant_stops_the_load(
    tmp_path: Path, column: str, value: object
) -> None:
    rows = pl.DataFrame([{**LOCATION, "reported_at": datetime.now(UTC), column: value}])
    with pytest.raises(SourceError, match=rf"^locations\.parquet: the column {column} cannot be"):
        read_frame(tmp_path, rows, LOCATIONS)


@pytest.mark.parametrize("groups", [[["north"]], [b"\xff"], [1.5]])
def test_list_whose_members_are_no_texts_stops_the_load(
    tmp_path: Path, groups: list[object]
) -> None:
    rows = pl.DataFrame({"person_id": ["p1"], "name": ["A"], "groups": [groups]})
    with pytest.raises(SourceError, match=r"^people\.parquet: the column groups cannot be of"):
        read_frame(tmp_path, rows, PEOPLE)


@pytest.mark.parametrize(("groups", "read"), [([7, 8], ["7", "8"]), (["a"], ["a"]), ([], None)])
def test_list_is_of_texts(tmp_path: Path, groups: list[object], read: list[str] | None) -> None:
    rows = pl.DataFrame({"person_id": ["p1"], "name": ["A"], "groups": [groups]})
    row = read_frame(tmp_path, rows, PEOPLE).rows.row(0, named=True)
    assert (row["groups"] or None) == read


def test_header_is_checked(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"^people\.parquet has no column name$"):
        read_frame(tmp_path, pl.DataFrame({"person_id": ["p1"]}), PEOPLE)
    twice = pl.DataFrame({"person_id": ["p1"], "name": ["A"], "Name": ["A"]})
    with pytest.raises(SourceError, match=r"^people\.parquet has the column name twice$"):
        read_frame(tmp_path, twice, PEOPLE)


def test_file_that_is_no_parquet_is_named(tmp_path: Path) -> None:
    path = tmp_path / "people.parquet"
    path.write_text("person_id,name\n")
    with pytest.raises(SourceError, match=r"^people\.parquet "):
        read_parquet_rows(path, PEOPLE)
