import os
import signal
import subprocess
import sys
import textwrap
from datetime import timedelta
from pathlib import Path
from typing import Literal

import polars as pl
import pytest

from rollcall.errors import ConfigError, SourceError
from rollcall.sources.kept import KeptSources, describe_age
from rollcall.sources.rejection import RejectedRow
from rollcall.sources.tables import TABLES
from rollcall.sources.validation import validate_source
from tests.unit.sources.conftest import SettableClock, WriteSource

PEOPLE = ["person_id,name,phone", "p1,Ann,+46701740605", "p2,Bob,12"]

LargeFiles = Literal["large files are fine", "large files fail", "large files kill"]
"""What becomes of a write beyond 16 KiB: it fails as on a full disk, or kills the process."""

OPEN_SCRIPT = textwrap.dedent("""
    import resource, signal, sys
    from pathlib import Path
    from rollcall.clock import SystemClock
    from rollcall.sources.kept import KeptSources
    if sys.argv[3] != "large files are fine":
        resource.setrlimit(resource.RLIMIT_FSIZE, (16_384, 16_384))
    if sys.argv[3] == "large files kill":
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    print(KeptSources(Path(sys.argv[1]), SystemClock()).open(Path(sys.argv[2])).version)
""")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "kept"


@pytest.fixture
def kept(root: Path, clock: SettableClock) -> KeptSources:
    return KeptSources(root, clock)


def start_open(
    root: Path, source: Path, large_files: LargeFiles = "large files are fine"
) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", OPEN_SCRIPT, str(root), str(source), large_files]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def names_below(root: Path) -> list[str]:
    return [path.name for home in root.iterdir() for path in home.iterdir()]


def test_version_holds_what_was_validated(kept: KeptSources, write_source: WriteSource) -> None:
    folder = write_source(people=PEOPLE)
    version = kept.open(folder)
    validated = validate_source(folder)
    for name in TABLES:
        stored = pl.read_parquet(version.path / f"{name}.parquet")
        assert stored.equals(validated.tables[name])
        assert version.row_counts[name] == stored.height
    assert version.rejected == validated.rejected
    assert version.rejected == [
        RejectedRow(
            "people",
            3,
            "phone is a national number, and home_country is empty; the person is kept",
        )
    ]


def test_unchanged_source_is_not_validated_again(
    kept: KeptSources, write_source: WriteSource, clock: SettableClock
) -> None:
    first = kept.open(write_source(people=PEOPLE))
    clock.advance(hours=1)
    again = kept.open(write_source(people=PEOPLE))  # other times on disk, the same bytes
    assert again == first
    assert again.age(clock.now()) == timedelta(hours=1)


def test_changed_source_is_a_new_version(
    kept: KeptSources, write_source: WriteSource, clock: SettableClock
) -> None:
    first = kept.open(write_source(people=PEOPLE))
    clock.advance(hours=1)
    second = kept.open(write_source(people=[*PEOPLE, "p3,Cid,"]))
    assert second.version != first.version
    assert second.validated_at == clock.now()
    assert second.row_counts["people"] == 3


def test_change_of_equal_length_and_time_is_seen(
    kept: KeptSources, write_source: WriteSource, source: Path
) -> None:
    first = kept.open(write_source(people=["person_id,name", "p1,Ann"]))
    seen = (source / "people.csv").stat()
    write_source(people=["person_id,name", "p1,Bob"])
    os.utime(source / "people.csv", ns=(seen.st_atime_ns, seen.st_mtime_ns))
    assert kept.open(source).version != first.version


def test_content_seen_before_is_the_version_of_then(
    kept: KeptSources, write_source: WriteSource, clock: SettableClock
) -> None:
    first = kept.open(write_source(people=PEOPLE))
    kept.open(write_source(people=PEOPLE[:2]))
    clock.advance(hours=1)
    back = kept.open(write_source(people=PEOPLE))
    assert back == first
    assert kept.last_good(write_source(people=PEOPLE)) == first


def test_failing_refresh_keeps_the_last_good_version_and_says_how_old_it_is(
    kept: KeptSources, write_source: WriteSource, clock: SettableClock
) -> None:
    folder = write_source(people=PEOPLE)
    good = kept.open(folder)
    clock.advance(hours=3, minutes=12)
    write_source(people=["person_id,email", "p1,a@x"])
    with pytest.raises(SourceError) as raised:
        kept.open(folder)
    assert str(raised.value) == (
        f"people.csv has no column name; the last good version {good.version[:8]} "
        "(3 h 12 min old) is still in place: use it with --last-good"
    )
    assert kept.last_good(folder) == good


def test_last_good_outlives_its_source(
    kept: KeptSources, write_source: WriteSource, source: Path
) -> None:
    good = kept.open(write_source(people=PEOPLE))
    (source / "people.csv").unlink()
    source.rmdir()
    assert kept.last_good(source) == good
    with pytest.raises(SourceError, match="is still in place"):
        kept.open(source)


@pytest.fixture
def lost(kept: KeptSources, write_source: WriteSource, source: Path, clock: SettableClock) -> Path:
    """A source that was good for 100 days without a change, and then was gone."""
    kept.open(write_source(people=PEOPLE))
    clock.advance(days=100)
    kept.open(source)
    source.rename(source.with_name("away"))
    return source


def old(kept: KeptSources, clock: SettableClock, configured: Path | None = None) -> int:
    return len(kept.old_versions(clock.now() - timedelta(days=90), configured))


def test_the_version_of_a_source_that_is_away_for_a_moment_is_not_old(
    kept: KeptSources, lost: Path, clock: SettableClock
) -> None:
    assert old(kept, clock) == 0
    clock.advance(days=89)
    kept.last_good(lost)
    clock.advance(days=89)
    assert old(kept, clock) == 0
    clock.advance(days=2)
    assert old(kept, clock) == 1


def test_looking_for_the_last_good_version_does_not_keep_it(
    kept: KeptSources, lost: Path, clock: SettableClock
) -> None:
    clock.advance(days=89)
    assert kept.find_last_good(lost) is not None
    clock.advance(days=2)
    assert old(kept, clock) == 1
    assert kept.find_last_good(lost.with_name("never")) is None


def test_the_version_in_use_of_the_configured_source_is_never_old(
    kept: KeptSources, lost: Path, clock: SettableClock
) -> None:
    clock.advance(days=1_000)
    assert old(kept, clock, lost) == 0
    assert old(kept, clock, lost.with_name("other")) == 1


def test_a_source_is_found_from_another_folder_than_it_was_named_in(
    kept: KeptSources,
    write_source: WriteSource,
    source: Path,
    clock: SettableClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_source(people=PEOPLE)
    monkeypatch.chdir(source.parent)
    kept.open(Path(source.name))
    monkeypatch.chdir("/")
    clock.advance(days=1_000)
    assert old(kept, clock) == 0


def test_without_any_good_version_only_the_mistake_is_told(
    kept: KeptSources, write_source: WriteSource
) -> None:
    folder = write_source(people=["person_id", "p1"])
    with pytest.raises(SourceError, match=r"^people\.csv has no column name$"):
        kept.open(folder)
    with pytest.raises(SourceError, match=r"no good version of .* has been kept yet"):
        kept.last_good(folder)


def test_damaged_version_is_validated_again(kept: KeptSources, write_source: WriteSource) -> None:
    folder = write_source(people=PEOPLE)
    path = kept.open(folder).path
    (path / "people.parquet").write_bytes(b"half")
    assert kept.open(folder).path == path
    assert pl.read_parquet(path / "people.parquet").height == 2


def test_damaged_pointer_falls_back_on_the_newest_version(
    kept: KeptSources, write_source: WriteSource, clock: SettableClock
) -> None:
    folder = write_source(people=PEOPLE)
    kept.open(folder)
    clock.advance(hours=1)
    newest = kept.open(write_source(people=PEOPLE[:2]))
    (newest.path.parent / "current.json").write_text("{")
    assert kept.last_good(folder) == newest


def test_five_newest_versions_are_kept(
    kept: KeptSources, write_source: WriteSource, clock: SettableClock
) -> None:
    opened = []
    for number in range(7):
        opened.append(kept.open(write_source(people=["person_id,name", f"p{number},Ann"])))
        clock.advance(hours=1)
    assert [version.path.exists() for version in opened] == [False] * 2 + [True] * 5


def test_folders_of_one_name_do_not_share_versions(kept: KeptSources, tmp_path: Path) -> None:
    versions = []
    for number in range(2):
        folder = tmp_path / str(number) / "data"
        folder.mkdir(parents=True)
        (folder / "people.csv").write_text("person_id,name\n")
        versions.append(kept.open(folder))
    assert versions[0].version == versions[1].version
    assert versions[0].path != versions[1].path


def test_nobody_else_can_read_what_is_kept(
    kept: KeptSources, write_source: WriteSource, root: Path
) -> None:
    kept.open(write_source(people=PEOPLE))
    modes = {path.stat().st_mode & 0o777 for path in root.rglob("*") if path.is_file()}
    assert modes == {0o600}
    folders = [root, *(path for path in root.rglob("*") if path.is_dir())]
    assert {path.stat().st_mode & 0o777 for path in folders} == {0o700}


def test_folder_that_cannot_be_written_is_named(
    tmp_path: Path, write_source: WriteSource, clock: SettableClock
) -> None:
    root = tmp_path / "a file"
    root.touch()
    with pytest.raises(ConfigError, match=r"^cannot write to the data folder .*a file: "):
        KeptSources(root, clock).open(write_source(people=PEOPLE))


def test_full_disk_leaves_nothing_half_and_the_last_good_version(
    kept: KeptSources, write_source: WriteSource, root: Path
) -> None:
    folder = write_source(people=PEOPLE)
    good = kept.open(folder)
    write_source(people=["person_id,name", *(f"p{n},Name {n * 7919}" for n in range(20_000))])
    process = start_open(root, folder, "large files fail")
    _, error = process.communicate()
    assert process.returncode == 1
    assert "cannot write to the data folder" in error
    assert f"the last good version {good.version[:8]}" in error
    assert sorted(names_below(root)) == sorted([good.version, "current.json"])


def test_process_killed_while_writing_leaves_nothing_half(
    kept: KeptSources, write_source: WriteSource, root: Path, source: Path
) -> None:
    good = kept.open(write_source(people=PEOPLE))
    write_source(people=["person_id,name", *(f"p{n},Name {n * 7919}" for n in range(20_000))])
    process = start_open(root, source, "large files kill")
    process.communicate()
    assert process.returncode == -signal.SIGXFSZ
    assert kept.last_good(source) == good
    versions = [name for name in names_below(root) if not name.startswith(".partial-")]
    assert sorted(versions) == sorted([good.version, "current.json"])
    assert kept.open(source).row_counts["people"] == 20_000


def test_two_processes_that_refresh_at_once_agree(root: Path, write_source: WriteSource) -> None:
    folder = write_source(people=PEOPLE)
    processes = [start_open(root, folder) for _ in range(3)]
    outcomes = [process.communicate() for process in processes]
    assert {process.returncode for process in processes} == {0}
    [version] = {output.strip() for output, _ in outcomes}
    assert sorted(names_below(root)) == sorted([version, "current.json"])


@pytest.mark.parametrize(
    ("age", "text"),
    [
        (timedelta(seconds=59), "0 min"),
        (timedelta(minutes=12), "12 min"),
        (timedelta(hours=3, minutes=12), "3 h 12 min"),
        (timedelta(days=3, hours=4, minutes=59), "3 d 4 h"),
        (timedelta(seconds=-5), "0 min"),
    ],
)
def test_age_is_told_by_its_two_largest_units(age: timedelta, text: str) -> None:
    assert describe_age(age) == text
