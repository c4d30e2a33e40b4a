"""One feed, from a file or from the web, with the alerts it links to."""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import accumulate
from pathlib import Path
from urllib.parse import urljoin

import httpx

from rollcall.errors import SourceError
from rollcall.sources.feeds.atom import AlertEntry, read_atom
from rollcall.sources.feeds.documents import parse_alert, read_document
from rollcall.sources.feeds.download import (
    DEFAULT_LIMITS,
    Limits,
    UnchangedError,
    download,
    may_lead,
    name_location,
)
from rollcall.sources.feeds.incident import FeedReading, Validators

LINKS_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class _Origin:
    """Where a document came from."""

    content: bytes
    base_url: str | None
    validators: Validators


async def read_feed(
    location: str,
    now: datetime,
    client: httpx.AsyncClient,
    before: FeedReading | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> FeedReading:
    """Read a feed; its kind is found by its content.

    Args:
        location: An http or https address, or the path of a file.
        now: Alerts that expired by then are left out; aware UTC.
        client: From `open_client`; fetches linked alerts too.
        before: The last good reading; a server is asked for a later version only.
        limits: How much it may cost.

    Returns:
        What it says; `before` itself where the server says that nothing has changed.

    Raises:
        SourceError: It cannot be fetched, or is malformed as a whole; one sentence.
    """
    try:
        origin = await _open(location, client, before.validators if before else None, limits)
    except UnchangedError:
        return before or FeedReading()
    name = name_location(location)
    found = await asyncio.to_thread(read_document, origin.content, name, now)
    if isinstance(found, FeedReading):
        return replace(found, validators=origin.validators)
    entries = await _resolve_links(found, origin.base_url, client, limits)
    reading = await asyncio.to_thread(read_atom, entries, name, now)
    unread = tuple(each.link for each in entries if each.link and each.alert is None)
    # with a link unread, the whole feed is to be asked for again
    return replace(
        reading, unread_links=unread, validators=Validators() if unread else origin.validators
    )


async def _open(
    location: str, client: httpx.AsyncClient, known: Validators | None, limits: Limits
) -> _Origin:
    scheme, separator, _ = location.partition("://")
    if not separator:
        content = await asyncio.to_thread(_read_file, Path(location), limits.max_bytes)
        return _Origin(content, None, Validators())
    if scheme.casefold() not in {"http", "https"}:
        raise SourceError(f"{scheme} is no way to fetch a feed: use http, https or a path")
    fetched = await download(client, location, known, limits)
    return _Origin(fetched.content, fetched.url, fetched.validators)


def _read_file(path: Path, max_bytes: int) -> bytes:
    try:
        if not path.is_file():  # a pipe or device would never end
            raise SourceError(f"the feed {path} is not a file")
        with path.open("rb") as file:
            content = file.read(max_bytes + 1)
    except OSError as exc:
        raise SourceError(f"the feed {path} cannot be read: {exc.strerror}") from exc
    if len(content) > max_bytes:
        raise SourceError(f"the feed {path} is larger than {max_bytes:,} bytes")
    return content


async def _resolve_links(
    entries: list[AlertEntry], base_url: str | None, client: httpx.AsyncClient, limits: Limits
) -> list[AlertEntry]:
    """Fetch what the entries link to, a few at a time; what fails says so in `problem`."""
    places = asyncio.Semaphore(LINKS_AT_ONCE)
    give_up_at = asyncio.get_running_loop().time() + limits.links_max_s

    async def resolve(entry: AlertEntry) -> AlertEntry:
        if not entry.link or entry.problem:
            return entry
        async with places:
            return await _fetch_alert(entry, entry.link, client, limits, give_up_at)

    absolute = [_make_absolute(entry, base_url) for entry in entries]
    bounded = _bound_links(absolute, limits.max_linked_alerts)
    return list(await asyncio.gather(*map(resolve, bounded)))


def _bound_links(entries: list[AlertEntry], max_count: int) -> list[AlertEntry]:
    problem = f"the feed links to more than {max_count} alerts"
    link_numbers = accumulate(bool(entry.link and not entry.problem) for entry in entries)
    return [
        replace(entry, problem=problem) if entry.link and number > max_count else entry
        for entry, number in zip(entries, link_numbers, strict=True)
    ]


def _make_absolute(entry: AlertEntry, base_url: str | None) -> AlertEntry:
    if entry.link is None:
        return entry
    try:
        target = urljoin(base_url or "", entry.link)
    except ValueError:
        return replace(entry, problem="its link is no address")
    if not target.startswith(("http://", "https://")):
        return replace(entry, problem="its link is not an http or https address")
    if base_url and not may_lead(base_url, target):
        return replace(entry, problem="its link leads elsewhere than by https")
    return replace(entry, link=target)


async def _fetch_alert(
    entry: AlertEntry, link: str, client: httpx.AsyncClient, limits: Limits, give_up_at: float
) -> AlertEntry:
    try:
        async with asyncio.timeout_at(give_up_at):
            fetched = await download(client, link, limits=limits)
        alert = await asyncio.to_thread(parse_alert, fetched.content, name_location(link))
    except TimeoutError:
        return replace(entry, problem="the feed's alerts took too long to fetch")
    except SourceError as exc:
        return replace(entry, problem=str(exc))
    return replace(entry, alert=alert)
