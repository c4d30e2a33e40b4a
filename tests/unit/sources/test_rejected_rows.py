"""Rows that were left out or amended, a page at a time."""

from pathlib import Path

import pytest

from rollcall.errors import SourceError
from rollcall.sources.kept import KeptSources, KeptVersion
from rollcall.sources.rejected_rows import count_rejected, iterate_rejected, read_rejected
from tests.unit.sources.conftest import SettableClock, WriteSource


@pytest.fixture
def sources(tmp_path: Path, clock: SettableClock) -> KeptSources:
    return KeptSources(tmp_path / "kept", clock)


@pytest.fixture
def version(sources: KeptSources, write_source: WriteSource) -> KeptVersion:
    folder = write_source(
        people=["person_id,name", "p1,Ann", ",Nobody", ",No one"],
        facilities=["facility_id,name,country", ",Nowhere,JP"],
    )
    return sources.open(folder)


def test_rows_are_counted_by_table(version: KeptVersion) -> None:
    told = [one.table for one in version.rejected]
    assert count_rejected(version) == {table: told.count(table) for table in dict.fromkeys(told)}
    assert count_rejected(version)["people"] == 2


def test_pages_of_rows_are_all_rows_each_once(version: KeptVersion) -> None:
    read = [row for offset in range(9) for row in read_rejected(version, None, 1, offset)]
    assert read == version.rejected == list(iterate_rejected(version))


def test_rows_of_one_table_are_found(version: KeptVersion) -> None:
    assert [one.line for one in read_rejected(version, "people", 9)] == [3, 4]
    assert [one.line for one in read_rejected(version, "people", 9, 1)] == [4]
    assert list(iterate_rejected(version, "locations")) == []


def test_a_version_that_another_process_removed_is_one_sentence(
    sources: KeptSources, version: KeptVersion
) -> None:
    sources.remove(version)
    with pytest.raises(SourceError, match=f"version {version.short_id} is not kept any more"):
        count_rejected(version)
