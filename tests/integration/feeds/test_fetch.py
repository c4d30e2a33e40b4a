"""Feeds over HTTP and from files: every way in which a server may disappoint."""

import gzip
import os
import socket
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from rollcall.errors import SourceError
from rollcall.sources.feeds.download import DEFAULT_LIMITS, Limits
from rollcall.sources.feeds.fetch import read_feed
from rollcall.sources.feeds.incident import FeedReading, Validators
from tests.integration.feeds.feed_server import (
    Answer,
    FeedServer,
    answer,
    answer_gzip,
    answer_raw,
    answer_status,
    answer_version,
    grow_for_ever,
    hold_for_ever,
    redirect,
    trickle_for_ever,
)
from tests.unit.sources.feeds.documents import FEEDS, load_feed, write_alert, write_atom

NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)
SMALL = replace(DEFAULT_LIMITS, max_bytes=300_000)
HASTY = replace(DEFAULT_LIMITS, download_max_s=0.3)


async def read(
    client: httpx.AsyncClient, location: str, limits: Limits = DEFAULT_LIMITS
) -> FeedReading:
    return await read_feed(location, NOW, client, limits=limits)


async def fail(client: httpx.AsyncClient, location: str, limits: Limits = DEFAULT_LIMITS) -> str:
    with pytest.raises(SourceError) as caught:
        await read_feed(location, NOW, client, limits=limits)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def ids(reading: FeedReading) -> list[str]:
    return [incident.incident_id for incident in reading.incidents]


@pytest.mark.parametrize(
    ("name", "count"),
    [("cap_flood.xml", 1), ("atom_embedded.xml", 1), ("usgs_day.geojson", 3), ("gdacs.xml", 2)],
)
async def test_kind_is_found_by_content(
    client: httpx.AsyncClient, server: FeedServer, name: str, count: int
) -> None:
    server.pages["/feed.txt"] = answer(load_feed(name), "Content-Type: text/plain")
    assert len(ids(await read(client, server.url("/feed.txt")))) == count
    assert len(ids(await read(client, str(FEEDS / name)))) == count


async def test_gzip_is_asked_for_and_read(client: httpx.AsyncClient, server: FeedServer) -> None:
    server.pages["/"] = answer_gzip(load_feed("gdacs.xml"))
    assert len(ids(await read(client, server.url("/")))) == 2
    assert server.seen[0].headers["accept-encoding"] == "gzip"


async def test_version_that_is_known_is_not_read_again(
    client: httpx.AsyncClient, server: FeedServer
) -> None:
    server.pages["/"] = answer_version(load_feed("gdacs.xml"), '"v1"')
    reading = await read(client, server.url("/"))
    assert reading.validators == Validators(etag='"v1"')
    assert await read_feed(server.url("/"), NOW, client, reading) is reading
    server.pages["/"] = answer_version(load_feed("usgs_day.geojson"), '"v2"')
    later = await read_feed(server.url("/"), NOW, client, reading)
    assert (len(later.incidents), later.validators.etag) == (3, '"v2"')


async def test_date_of_the_known_version_is_sent_back(
    client: httpx.AsyncClient, server: FeedServer
) -> None:
    date = "Mon, 23 Nov 2026 05:00:00 GMT"
    server.pages["/"] = answer(load_feed("gdacs.xml"), f"Last-Modified: {date}")
    reading = await read(client, server.url("/"))
    await read_feed(server.url("/"), NOW, client, reading)
    assert server.seen[1].headers["if-modified-since"] == date


async def test_version_that_could_not_be_sent_back_is_forgotten(
    client: httpx.AsyncClient, server: FeedServer
) -> None:
    server.pages["/"] = answer(
        load_feed("gdacs.xml"), 'ETag: "größer"', f"Last-Modified: {'x' * 501}"
    )
    assert (await read(client, server.url("/"))).validators == Validators()


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        (answer_status(500), "it answered 500"),
        (answer_status(404), "it answered 404"),
        (answer_status(204), "it answered 204"),
        (answer_status(304), "it answered 304"),
        (answer_status(302), "it answered 302"),
        (answer_raw(b""), "broke off"),
        (answer_raw(b"SSH-2.0-OpenSSH\r\n"), "no HTTP"),
        (answer_raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n<rss"), "broke off"),
        (answer(b"", "Content-Encoding: br"), "was not asked for"),
        (answer(b"no gzip", "Content-Encoding: gzip"), "not the gzip"),
        (answer(gzip.compress(b"<rss/>")[:-5], "Content-Encoding: gzip"), "cut off"),
        (answer_gzip(b" " * 300_001), "larger than 300,000 bytes"),
        (answer_gzip(b" " * 20_000_000), "larger than 300,000 bytes"),
        (answer(b" " * 300_001), "larger than 300,000 bytes"),
        (grow_for_ever, "larger than 300,000 bytes"),
        (redirect("ftp://127.0.0.1/feed"), "it redirects to ftp://127.0.0.1/feed; use that"),
        (redirect("https://127.0.0.1/feed"), "it redirects to https://127.0.0.1/feed; use"),
        (redirect("http://169.254.169.254/latest?x=1"), "http://169.254.169.254/latest; use"),
        (redirect("/"), "more than 5 redirects"),
        (answer(b""), "is empty"),
        (answer(b"<!DOCTYPE html><p>Sign in"), "declares a document type"),
        (answer(b"\x00\x01garbage"), "not well-formed XML"),
        (answer(b"{garbage"), "not well-formed JSON"),
    ],
)
async def test_whatever_a_server_does_is_told_in_one_sentence(
    client: httpx.AsyncClient, server: FeedServer, page: Answer, reason: str
) -> None:
    server.pages["/"] = page
    told = await fail(client, server.url("/"), SMALL)
    assert reason in told
    assert told.startswith(server.url("/"))


@pytest.mark.parametrize("page", [hold_for_ever, trickle_for_ever])
async def test_server_that_never_finishes_is_given_up(
    client: httpx.AsyncClient, server: FeedServer, page: Answer
) -> None:
    server.pages["/"] = page
    assert "no answer in time" in await fail(client, server.url("/"), HASTY)


async def test_nobody_listening_is_told(client: httpx.AsyncClient) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        told = await fail(client, f"http://127.0.0.1:{taken.getsockname()[1]}/feed?key=secret")
    assert "no connection" in told
    assert "secret" not in told


@pytest.mark.parametrize(
    "location", ["http://", "http://[/", "https://x y/", "http://127.0.0.1:x/"]
)
async def test_address_that_is_none_is_told(client: httpx.AsyncClient, location: str) -> None:
    assert "cannot be fetched" in await fail(client, location)


async def test_redirect_on_the_same_host_is_followed(
    client: httpx.AsyncClient, server: FeedServer
) -> None:
    server.pages["/old"] = redirect("/new/feed")
    server.pages["/new/feed"] = answer(load_feed("atom_linked.xml"))
    server.pages["/new/alerts/flood.xml"] = answer(load_feed("cap_flood.xml"))
    server.pages["/new/alerts/storm.xml"] = answer(write_alert(identifier="storm"))
    reading = await read(client, server.url("/old"))
    assert ids(reading) == ["2.49.0.1.608.0.2026.11.23.0002", "storm"]


async def test_linked_alerts_are_fetched_once_each(
    client: httpx.AsyncClient, server: FeedServer
) -> None:
    server.pages["/feed"] = answer(load_feed("atom_linked.xml"), 'ETag: "1"')
    server.pages["/alerts/flood.xml"] = answer(load_feed("cap_flood.xml"))
    server.pages["/alerts/storm.xml"] = answer(write_alert(identifier="storm"))
    reading = await read(client, server.url("/feed"))
    assert len(ids(reading)) == 2
    assert server.paths_seen() == ["/alerts/flood.xml", "/alerts/storm.xml", "/feed"]
    assert reading.validators == Validators(etag='"1"')


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        (answer_status(500), "it answered 500"),
        (answer(b"<html/>"), "is no CAP 1.2 alert"),
        (hold_for_ever, "no answer in time"),
    ],
)
async def test_link_that_fails_costs_only_itself_and_the_feed_is_asked_again(
    client: httpx.AsyncClient, server: FeedServer, page: Answer, reason: str
) -> None:
    server.pages["/feed"] = answer(load_feed("atom_linked.xml"), 'ETag: "1"')
    server.pages["/alerts/flood.xml"] = answer(load_feed("cap_flood.xml"))
    server.pages["/alerts/storm.xml"] = page
    reading = await read(client, server.url("/feed"), HASTY)
    (rejected,) = reading.rejected
    assert reason in rejected.reason
    assert rejected.entry_id == "https://feeds.example.org/alerts/storm"
    assert reading.unread_links == (server.url("/alerts/storm.xml"),)
    assert reading.validators == Validators()


async def test_feed_whose_links_all_fail_is_an_error(
    client: httpx.AsyncClient, server: FeedServer
) -> None:
    server.pages["/feed"] = answer(load_feed("atom_linked.xml"))
    assert "none of its 2 entries can be read" in await fail(client, server.url("/feed"))


async def test_links_beyond_the_bound_are_reported_not_fetched(
    client: httpx.AsyncClient, server: FeedServer
) -> None:
    server.pages["/feed"] = answer(load_feed("atom_linked.xml"))
    server.pages["/alerts/flood.xml"] = answer(load_feed("cap_flood.xml"))
    reading = await read(client, server.url("/feed"), replace(DEFAULT_LIMITS, max_linked_alerts=1))
    (rejected,) = reading.rejected
    assert rejected.reason == "the feed links to more than 1 alerts"
    assert server.paths_seen() == ["/alerts/flood.xml", "/feed"]


async def test_links_take_a_bounded_time_together(
    client: httpx.AsyncClient, server: FeedServer
) -> None:
    server.pages["/feed"] = answer(load_feed("atom_linked.xml"))
    server.pages["/alerts/flood.xml"] = answer(load_feed("cap_flood.xml"))
    server.pages["/alerts/storm.xml"] = hold_for_ever
    reading = await read(client, server.url("/feed"), replace(DEFAULT_LIMITS, links_max_s=0.3))
    (rejected,) = reading.rejected
    assert rejected.reason == "the feed's alerts took too long to fetch"


@pytest.mark.parametrize(
    ("link", "reason"),
    [
        ("http://169.254.169.254/latest/meta-data", "leads elsewhere than by https"),
        ("file:///etc/passwd", "not an http or https address"),
        ("http://[", "no address"),
    ],
)
async def test_link_may_not_lead_into_our_own_network(
    client: httpx.AsyncClient, server: FeedServer, link: str, reason: str
) -> None:
    entry = f'<entry><link href="{link}"/></entry></feed>'
    server.pages["/feed"] = answer(write_atom(write_alert()).replace("</feed>", entry))
    reading = await read(client, server.url("/feed"))
    assert ids(reading) == ["a1"]
    (rejected,) = reading.rejected
    assert reason in rejected.reason


async def test_feed_in_a_file_may_link_to_the_web_only(
    client: httpx.AsyncClient, server: FeedServer, tmp_path: Path
) -> None:
    (tmp_path / "alert.xml").write_text(write_alert(), encoding="utf-8")
    links = (
        f'<entry><link href="{server.url("/a")}"/></entry><entry><link href="alert.xml"/></entry>'
    )
    feed = tmp_path / "feed"
    feed.write_text(write_atom().replace("</feed>", f"{links}</feed>"), encoding="utf-8")
    server.pages["/a"] = answer(write_alert(identifier="web"))
    reading = await read(client, str(feed))
    assert ids(reading) == ["web"]
    (rejected,) = reading.rejected
    assert rejected.reason == "its link is not an http or https address"


async def test_file_that_cannot_be_read_is_told(client: httpx.AsyncClient, tmp_path: Path) -> None:
    assert "is not a file" in await fail(client, str(tmp_path / "missing.xml"))
    assert "cannot be read: File name too long" in await fail(client, "x" * 5000)
    os.mkfifo(tmp_path / "pipe")
    assert "is not a file" in await fail(client, str(tmp_path / "pipe"))
    (tmp_path / "huge").write_bytes(b" " * 300_001)
    assert "larger than 300,000 bytes" in await fail(client, str(tmp_path / "huge"), SMALL)
    assert "ftp is no way" in await fail(client, "ftp://x.org/feed")
