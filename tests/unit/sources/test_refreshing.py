"""A source that can be read may still be old, or have lost most of its people."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rollcall.clock import SystemClock
from rollcall.settings import RefreshSettings
from rollcall.sources.kept import KeptSources
from rollcall.sources.refreshing import Refreshed, SourceLook, look_at_source, refresh_source

NOW = datetime.now(UTC)


def write(source: Path, count: int, *, bad_count: int = 0, written_at: datetime = NOW) -> None:
    source.mkdir(exist_ok=True)
    rows = [f"p{number},Person {number}" for number in range(count)]
    path = source / "people.csv"
    path.write_text("\n".join(("person_id,name", *rows, *[",Nobody"] * bad_count)), "utf-8")
    os.utime(path, (written_at.timestamp(), written_at.timestamp()))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return tmp_path / "source"


def refresh(source: Path, limits: RefreshSettings | None = None) -> Refreshed:
    kept = KeptSources(source.parent / "kept", SystemClock())
    return refresh_source(kept, source, limits or RefreshSettings(), NOW)


def test_a_source_that_is_new_and_whole_has_no_problem(source: Path) -> None:
    write(source, 100, bad_count=2)
    found = refresh(source)
    assert found.problems == ()
    assert found.rejected_counts == {"people": 2}
    assert found.largest_counts["people"] == found.version.row_counts["people"] == 100


def test_a_loss_is_told_as_long_as_a_larger_version_is_kept(source: Path) -> None:
    write(source, 100)
    refresh(source)
    write(source, 79)
    told = ("people shrank from 100 to 79 rows",)
    assert refresh(source).problems == told
    assert refresh(source).problems == told  # not only to whoever looked first
    write(source, 80)
    assert refresh(source).problems == ()


def test_of_few_rows_one_less_says_nothing(source: Path) -> None:
    write(source, 19)
    refresh(source)
    write(source, 1)
    assert refresh(source).problems == ()


def test_a_source_without_a_new_file_is_stale(source: Path) -> None:
    write(source, 30, written_at=NOW - timedelta(hours=73))
    told = ("the source is stale: no file of it was written for 3 d 1 h",)
    assert refresh(source).problems == told
    write(source, 30, written_at=NOW - timedelta(hours=71))
    assert refresh(source).problems == ()


def test_limits_of_zero_tell_nothing(source: Path) -> None:
    write(source, 100)
    refresh(source)
    write(source, 20, written_at=NOW - timedelta(days=999))
    assert refresh(source, RefreshSettings(stale_h=0, shrunk_pct=0)).problems == ()


def look(source: Path, limits: RefreshSettings | None = None) -> SourceLook:
    kept = KeptSources(source.parent / "kept", SystemClock())
    return look_at_source(kept, source, limits or RefreshSettings(), NOW)


def test_to_look_at_a_source_keeps_nothing(source: Path) -> None:
    write(source, 3)
    found = look(source)
    assert (found.version, found.is_current, found.problems) == (None, False, ())
    assert not (source.parent / "kept").exists()


def test_a_look_tells_whether_the_files_are_those_that_sends_are_made_from(source: Path) -> None:
    write(source, 3)
    kept = refresh(source).version
    assert look(source).is_current
    write(source, 4)
    found = look(source)
    assert found.version is not None
    assert (found.version.version, found.is_current) == (kept.version, False)


def test_a_look_tells_the_same_problems_as_a_refresh(source: Path) -> None:
    write(source, 100)
    refresh(source)
    write(source, 50, written_at=NOW - timedelta(hours=100))
    assert refresh(source).problems == look(source).problems
    assert len(look(source).problems) == 2


def test_a_look_at_a_source_that_is_away_tells_what_is_left(source: Path) -> None:
    write(source, 3)
    kept = refresh(source).version
    (source / "people.csv").unlink()
    found = look(source)
    assert found.version is not None
    assert found.version.version == kept.version
    assert found.newest_at is None
    [problem] = found.problems
    assert problem.startswith("there is no people.csv or people.jsonl or people.parquet in ")
