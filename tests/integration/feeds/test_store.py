"""The incidents kept: the last good reading of every feed, whatever becomes of the feed."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from rollcall.errors import ConfigError, SourceError
from rollcall.sources.feeds.kept_feeds import locked_feeds
from rollcall.sources.feeds.store import IncidentStore
from tests.integration.feeds.conftest import SettableClock
from tests.integration.feeds.feed_server import (
    Answer,
    FeedServer,
    Request,
    answer,
    answer_status,
    answer_version,
)
from tests.unit.sources.feeds.documents import (
    FEEDS,
    load_feed,
    write_alert,
    write_atom,
    write_info,
)

GDACS, USGS = str(FEEDS / "gdacs.xml"), str(FEEDS / "usgs_day.geojson")


@pytest.fixture
def store(tmp_path: Path, clock: SettableClock) -> IncidentStore:
    return IncidentStore(tmp_path / "kept", clock)


def ids(store: IncidentStore) -> list[str]:
    return [incident.incident_id for incident in store.incidents()]


def test_nothing_is_known_before_the_first_refresh(store: IncidentStore) -> None:
    assert (store.incidents(), store.feeds()) == ([], [])


async def test_incidents_are_kept_newest_first_and_whole(
    store: IncidentStore, tmp_path: Path, clock: SettableClock
) -> None:
    report = await store.refresh([GDACS, USGS])
    assert [(feed.state, feed.incident_count) for feed in report.feeds] == [
        ("read", 2),
        ("read", 3),
    ]
    assert report.incident_count == 5
    assert report.is_complete
    again = IncidentStore(tmp_path / "kept", clock)
    assert ids(again) == ["us7000tky1", "us7000tky2", "EQ1556861", "us7000tky3", "FL1104339"]
    (flood,) = [each for each in again.incidents() if each.incident_id == "FL1104339"]
    assert flood.occurred_at == datetime(2026, 11, 22, 5, tzinfo=UTC)
    assert flood.area is not None
    assert flood.area["type"] == "Polygon"


async def test_rejected_entries_are_reported_with_their_feed(store: IncidentStore) -> None:
    report = await store.refresh([GDACS])
    told = [(each.feed, each.entry_id) for each in report.feeds[0].rejected]
    assert told == [(GDACS, "DR1012345"), (GDACS, "WF1020304")]
    assert store.feeds()[0].rejected == report.feeds[0].rejected


@pytest.mark.parametrize(
    "page",
    [
        answer_status(500),
        answer(b"<rss><channel>"),
        answer(b"<html/>"),
        answer(b'<!DOCTYPE a [<!ENTITY b "c">]><rss/>'),
        answer(write_atom(write_alert(sent="x"))),
        answer(b'{"type": "FeatureCollection", "features": [{}]}'),
    ],
)
async def test_failing_feed_changes_nothing_and_its_age_is_told(
    store: IncidentStore, server: FeedServer, clock: SettableClock, page: Answer
) -> None:
    server.pages["/"] = answer(load_feed("gdacs.xml"))
    await store.refresh([server.url("/")])
    before, read_at = store.incidents(), clock.now()
    clock.advance(hours=3, minutes=12)
    server.pages["/"] = page
    (feed,) = (await store.refresh([server.url("/")])).feeds
    assert store.incidents() == before
    assert (feed.state, feed.read_at, feed.incident_count) == ("failed", read_at, 2)
    assert feed.problem is not None
    assert feed.problem.endswith("; what it said 3 h 12 min ago is still in use")


async def test_feed_that_never_worked_says_so_and_the_others_do(
    store: IncidentStore, server: FeedServer
) -> None:
    report = await store.refresh([server.url("/missing"), GDACS])
    failed, read = report.feeds
    assert not report.is_complete
    assert failed.problem is not None
    assert failed.problem.endswith("it answered 404; nothing is known from it yet")
    assert (read.state, len(store.incidents())) == ("read", 2)


async def test_unchanged_feed_is_not_sent_again_and_counts_as_fresh(
    store: IncidentStore, server: FeedServer, clock: SettableClock
) -> None:
    server.pages["/"] = answer_version(load_feed("gdacs.xml"), '"v1"')
    await store.refresh([server.url("/")])
    clock.advance(hours=1)
    (feed,) = (await store.refresh([server.url("/")])).feeds
    assert (feed.state, feed.read_at, feed.incident_count) == ("unchanged", clock.now(), 2)
    assert server.seen[1].headers["if-none-match"] == '"v1"'


async def test_what_a_feed_no_longer_says_is_gone(store: IncidentStore, server: FeedServer) -> None:
    server.pages["/"] = answer(write_atom(write_alert(), write_alert(identifier="a2")))
    await store.refresh([server.url("/")])
    assert ids(store) == ["a1", "a2"]
    server.pages["/"] = answer(write_atom())
    await store.refresh([server.url("/")])
    assert ids(store) == []


async def test_feed_that_is_no_longer_named_is_forgotten(store: IncidentStore) -> None:
    await store.refresh([GDACS, USGS, GDACS])
    await store.refresh([GDACS])
    assert [feed.feed for feed in store.feeds()] == [GDACS]
    assert len(ids(store)) == 2


async def test_cancel_in_one_feed_removes_the_alert_of_another(
    store: IncidentStore, tmp_path: Path
) -> None:
    alert, cancel = tmp_path / "alert.xml", tmp_path / "cancel.xml"
    alert.write_text(write_alert(), encoding="utf-8")
    reference = "s@example.org,a1,2026-11-23T05:00:00+00:00"
    cancel.write_text(
        write_alert(identifier="a2", kind="Cancel", references=reference), encoding="utf-8"
    )
    await store.refresh([str(alert)])
    assert ids(store) == ["a1"]
    await store.refresh([str(alert), str(cancel)])
    assert ids(store) == []


async def test_incident_in_two_feeds_is_that_of_the_feed_named_first(
    store: IncidentStore, tmp_path: Path
) -> None:
    for name, severity in (("first", "Minor"), ("second", "Extreme")):
        feed = write_alert(write_info(severity=severity))
        (tmp_path / name).write_text(feed, encoding="utf-8")
    report = await store.refresh([str(tmp_path / "first"), str(tmp_path / "second")])
    assert [incident.severity for incident in store.incidents()] == ["minor"]
    assert report.incident_count == 1


async def test_alert_expires_while_it_is_kept(
    store: IncidentStore, tmp_path: Path, clock: SettableClock
) -> None:
    feed = tmp_path / "feed"
    more = "<expires>2026-11-23T07:00:00+00:00</expires>"
    feed.write_text(write_alert(write_info(more=more)), encoding="utf-8")
    await store.refresh([str(feed)])
    clock.advance(minutes=59)
    assert ids(store) == ["a1"]
    clock.advance(minutes=1)
    assert ids(store) == []
    assert store.feeds()[0].incident_count == 0


async def test_alert_whose_link_fails_this_time_stays(
    store: IncidentStore, server: FeedServer
) -> None:
    server.pages["/feed"] = answer(load_feed("atom_linked.xml"))
    server.pages["/alerts/flood.xml"] = answer(load_feed("cap_flood.xml"))
    server.pages["/alerts/storm.xml"] = answer(write_alert(identifier="storm"))
    await store.refresh([server.url("/feed")])
    before = ids(store)
    assert "storm" in before
    server.pages["/alerts/storm.xml"] = answer_status(503)
    for _ in range(2):
        (feed,) = (await store.refresh([server.url("/feed")])).feeds
        assert [each.entry_id for each in feed.rejected] == [
            "https://feeds.example.org/alerts/storm"
        ]
        assert ids(store) == before


async def test_secrets_of_an_address_are_not_reported(
    store: IncidentStore, server: FeedServer
) -> None:
    report = await store.refresh([server.url("/?key=secret")])
    assert "secret" not in repr(report)


async def test_damaged_file_is_told_and_a_refresh_mends_it(
    store: IncidentStore, tmp_path: Path
) -> None:
    await store.refresh([GDACS])
    (tmp_path / "kept" / "incidents.json").write_bytes(b'[{"location"')
    with pytest.raises(SourceError, match="are damaged; refresh them"):
        store.incidents()
    await store.refresh([GDACS])
    assert len(ids(store)) == 2


async def test_kept_file_is_its_owners_only_and_nothing_is_left_beside_it(
    store: IncidentStore, tmp_path: Path
) -> None:
    await store.refresh([GDACS])
    kept = tmp_path / "kept"
    assert [path.name for path in kept.iterdir()] == ["incidents.json"]
    assert kept.stat().st_mode & 0o777 == 0o700
    assert (kept / "incidents.json").stat().st_mode & 0o777 == 0o600


async def test_kept_file_that_cannot_be_read_is_told(store: IncidentStore, tmp_path: Path) -> None:
    (tmp_path / "kept" / "incidents.json").mkdir(parents=True)
    with pytest.raises(SourceError, match="cannot be read"):
        store.incidents()


async def test_folder_that_cannot_be_written_is_told(tmp_path: Path, clock: SettableClock) -> None:
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    with pytest.raises(ConfigError, match="cannot write to the data folder"):
        await IncidentStore(tmp_path / "taken", clock).refresh([GDACS])


async def test_server_that_answers_unchanged_unasked_is_told(
    store: IncidentStore, server: FeedServer
) -> None:
    server.pages["/"] = answer_status(304)
    (feed,) = (await store.refresh([server.url("/")])).feeds
    assert feed.problem is not None
    assert "it answered 304" in feed.problem


def meanwhile(act: Callable[[], Awaitable[object]], then: Answer, server: FeedServer) -> Answer:
    """Do something while a feed is being read, and answer it then; others are answered at once."""

    async def write(request: Request, writer: asyncio.StreamWriter) -> None:
        server.pages["/"] = then
        await act()
        await then(request, writer)

    return write


async def test_feeds_that_are_named_while_those_before_are_read_stay_named(
    store: IncidentStore, server: FeedServer
) -> None:
    feed, url = answer(load_feed("gdacs.xml")), server.url("/")
    server.pages["/"] = feed
    await store.refresh([url])
    for named in ([USGS, url], [USGS]):
        server.pages["/"] = meanwhile(partial(store.refresh, named), feed, server)
        report = await store.refresh_known()
        assert url in [one.feed for one in report.feeds]
        assert [one.feed for one in store.feeds()] == named


async def test_what_is_forgotten_while_feeds_are_read_does_not_come_back(
    store: IncidentStore, server: FeedServer, clock: SettableClock, tmp_path: Path
) -> None:
    away = tmp_path / "away.xml"
    away.write_bytes(load_feed("gdacs.xml"))
    feed = answer(write_atom(write_alert()))
    server.pages["/"] = feed
    await store.refresh([str(away), server.url("/")])
    away.unlink()
    clock.advance(days=40)

    async def forget() -> None:
        assert store.forget_old(clock.now()) == 2

    server.pages["/"] = meanwhile(forget, feed, server)
    await store.refresh_known()
    assert [(one.state, one.incident_count) for one in store.feeds()] == [
        ("unchanged", 0),
        ("unchanged", 1),
    ]


async def test_who_stores_waits_for_who_does_already(store: IncidentStore, tmp_path: Path) -> None:
    with locked_feeds(tmp_path / "kept"):
        refreshing = asyncio.create_task(store.refresh([GDACS]))
        done, _ = await asyncio.wait([refreshing], timeout=0.3)
        assert (done, store.feeds()) == (set(), [])
    await asyncio.wait_for(refreshing, 10)
    assert len(store.feeds()) == 1
