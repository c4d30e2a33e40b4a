"""What a round of refreshing tells: enough to act on, and nothing of anybody."""

import os
from pathlib import Path

from rollcall.sending.refreshing import SourceKeeper
from rollcall.settings import RefreshSettings
from rollcall.sources.feeds.store import IncidentStore
from rollcall.sources.kept import KeptSources
from tests.integration.sending.apps import MovedClock
from tests.people import write_people

FEED = Path(__file__).parents[2] / "data" / "feeds" / "usgs_day.geojson"


def keep(folder: Path, clock: MovedClock) -> SourceKeeper:
    sources, incidents = KeptSources(folder / "kept", clock), IncidentStore(folder / "i", clock)
    return SourceKeeper(sources, incidents, RefreshSettings(), clock)


async def test_without_a_source_it_fails_and_names_the_setting(tmp_path: Path) -> None:
    report = await keep(tmp_path, MovedClock()).refresh(None)
    assert report.tell() == "no source is configured: set ROLLCALL_SOURCE"


async def test_a_good_source_is_told_in_counts(tmp_path: Path) -> None:
    source = write_people(tmp_path / "source", 30)
    with (source / "people.csv").open("a") as file:
        file.write(",Zanzibarina,,,\n")
    report = await keep(tmp_path, MovedClock()).refresh(source)
    assert report.problems == ()
    assert report.tell() == "30 people; 1 rows left out or amended"


async def test_a_source_that_cannot_be_read_is_quoted_nowhere(tmp_path: Path) -> None:
    source, clock = tmp_path / "source", MovedClock()
    keeper = keep(tmp_path, clock)
    never = await keeper.refresh(source)
    told = "the source cannot be used (`rollcall refresh` tells why)"
    assert never.tell() == f"{told}, and no good version has been kept: nothing can be sent"

    write_people(source, 30)
    await keeper.refresh(source)
    (source / "people.csv").write_text("Zanzibarina,canary.mailbox@example.org\n")
    clock.move_by(hours=3)
    broken = await keeper.refresh(source)

    assert (
        broken.tell() == f"{told}: sends fail unless they take the last good version, 3 h 0 min old"
    )


async def test_feeds_are_read_again_and_told_once_they_are_stale(tmp_path: Path) -> None:
    source, clock = write_people(tmp_path / "source", 30), MovedClock()
    keeper = keep(tmp_path, clock)
    feed = tmp_path / "feed.geojson"
    feed.write_bytes(FEED.read_bytes())
    await keeper.incidents.refresh([str(feed)])
    assert [one.state for one in (await keeper.refresh(source)).feeds] == ["read"]

    feed.unlink()
    clock.move_by(hours=71)
    os.utime(source / "people.csv", (clock.now().timestamp(), clock.now().timestamp()))
    assert (await keeper.refresh(source)).problems == ()  # what it said is still in use
    clock.move_by(hours=2)
    assert (await keeper.refresh(source)).problems == (
        "1 feeds of incidents could not be read for 72 h",
    )

    assert keeper.incidents.forget_old(clock.now()) == 1
    assert keeper.incidents.old_feeds(clock.now()) == []
    assert len((await keeper.refresh(source)).feeds) == 1  # it is asked for again all the same
