import os
from datetime import timedelta
from pathlib import Path

import pytest

from rollcall.sources.manifest import Pointer, read_manifest
from rollcall.sources.validation import ValidatedSource, validate_source
from rollcall.sources.version_store import (
    list_versions,
    prune_versions,
    store_version,
    write_pointer,
)
from tests.unit.sources.conftest import SettableClock, WriteSource


@pytest.fixture
def validated(write_source: WriteSource) -> ValidatedSource:
    return validate_source(write_source(people=["person_id,name", "p1,Ann"]))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def test_version_in_use_is_kept_however_old_it_is(
    home: Path, source: Path, validated: ValidatedSource, clock: SettableClock
) -> None:
    for number in range(7):
        store_version(home / str(number), validated, source, clock.now())
        clock.advance(hours=1)
    write_pointer(home, Pointer(version="0", fingerprint=""))
    prune_versions(home, in_use="0")
    assert [path.name for path in list_versions(home)] == ["6", "5", "4", "3", "2", "0"]


def test_version_that_another_process_wrote_first_stays(
    home: Path, source: Path, validated: ValidatedSource, clock: SettableClock
) -> None:
    first_at = clock.now()
    store_version(home / "v", validated, source, first_at)
    clock.advance(hours=1)
    store_version(home / "v", validated, source, clock.now())
    manifest = read_manifest(home / "v")
    assert manifest is not None
    assert manifest.validated_at == first_at
    assert [path.name for path in home.iterdir()] == ["v"]


def test_what_a_dead_process_left_is_removed_and_what_a_live_one_writes_is_not(
    home: Path, source: Path, validated: ValidatedSource, clock: SettableClock
) -> None:
    store_version(home / "v", validated, source, clock.now())
    (home / ".partial-dead").mkdir()
    (home / ".partial-live").mkdir()
    write_pointer(home, Pointer(version="v", fingerprint=""))
    written_s = (home / "current.json").stat().st_mtime
    dead_s = written_s - timedelta(hours=2).total_seconds()
    os.utime(home / ".partial-dead", (dead_s, dead_s))
    prune_versions(home, in_use="v")
    names = sorted(path.name for path in home.iterdir())
    assert names == [".partial-live", "current.json", "v"]
