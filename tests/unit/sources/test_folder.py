from pathlib import Path

import pytest

from rollcall.errors import SourceError
from rollcall.sources.folder import find_files, read_table
from rollcall.sources.tables import BOOKINGS


def test_tables_are_found_by_name_whatever_the_case(tmp_path: Path) -> None:
    for name in ("Bookings.CSV", "people.jsonl", "notes.txt", "people.txt", "salaries.csv"):
        (tmp_path / name).touch()
    files = find_files(tmp_path)
    assert list(files) == ["people", "bookings"]
    assert files["bookings"].name == "Bookings.CSV"


def test_folder_named_like_a_table_is_none(tmp_path: Path) -> None:
    (tmp_path / "people.csv").touch()
    (tmp_path / "people.parquet").mkdir()
    assert find_files(tmp_path)["people"].name == "people.csv"


def test_two_files_for_one_table_stop_the_load(tmp_path: Path) -> None:
    for name in ("people.csv", "people.parquet"):
        (tmp_path / name).touch()
    with pytest.raises(SourceError, match=r"people is there twice .*people.csv and people.parquet"):
        find_files(tmp_path)


def test_source_without_people_stops_the_load(tmp_path: Path) -> None:
    (tmp_path / "bookings.csv").touch()
    with pytest.raises(SourceError, match=r"^there is no people\.csv or people\.jsonl or"):
        find_files(tmp_path)


def test_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"^the source .*/gone cannot be read: No such file"):
        find_files(tmp_path / "gone")


def test_absent_table_is_empty() -> None:
    raw = read_table({}, BOOKINGS)
    assert raw.rows.columns == ["line", *BOOKINGS.column_names()]
    assert raw.rows.height == 0
