"""The incidents that feeds report, kept so that a feed which is down does not lose them."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Literal

import httpx

from rollcall.clock import Clock
from rollcall.errors import SourceError
from rollcall.sources.feeds.download import DEFAULT_LIMITS, Limits, name_location, open_client
from rollcall.sources.feeds.fetch import read_feed
from rollcall.sources.feeds.incident import FeedReading, Incident, RejectedEntry, merge_entries
from rollcall.sources.feeds.kept_feeds import (
    KeptFeed,
    load_kept_feeds,
    locked_feeds,
    store_kept_feeds,
)
from rollcall.sources.kept import describe_age

FEEDS_AT_ONCE = 4

FeedState = Literal["read", "unchanged", "failed"]


@dataclass(frozen=True, slots=True)
class FeedReport:
    """What became of one feed in a refresh.

    Attributes:
        feed: Its address or path, without what may be secret in it.
        state: It was read anew, is what it was, or could not be read.
        read_at: Of the reading that is in use; None where there is none.
        incident_count: Incidents of that reading.
        rejected: Entries of that reading that are no incidents for us, and why.
        problem: Why it could not be read, and how old what is in use instead is; one sentence.
    """

    feed: str
    state: FeedState
    read_at: datetime | None
    incident_count: int
    rejected: tuple[RejectedEntry, ...] = ()
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class RefreshReport:
    """What became of all feeds in a refresh.

    Attributes:
        feeds: In the order they were given.
        incident_count: Incidents of all feeds together, each once.
    """

    feeds: tuple[FeedReport, ...]
    incident_count: int

    @property
    def is_complete(self) -> bool:
        """Whether every feed could be read."""
        return all(feed.state != "failed" for feed in self.feeds)


_Outcome = tuple[KeptFeed | None, FeedReport]


class IncidentStore:
    """The last good reading of every feed, below one folder.

    Args:
        root: The folder; made where it does not exist, for its owner only.
        clock: Dates the readings, and tells which alerts have expired.
        limits: How much a feed may cost.
    """

    def __init__(self, root: Path, clock: Clock, limits: Limits = DEFAULT_LIMITS) -> None:
        self._root = root
        self._clock = clock
        self._limits = limits

    async def refresh(self, locations: Sequence[str]) -> RefreshReport:
        """Read these feeds and keep what they say; safe to call at any time, also at once.

        They are all the feeds there are: what is kept of others is forgotten. Of a feed that
        cannot be read the last good reading stays in use. Of an incident that several report, the
        feed named first counts.

        Args:
            locations: Addresses or paths.

        Raises:
            ConfigError: What was read cannot be kept.
        """
        named = tuple(dict.fromkeys(locations))
        outcomes = await self._read_feeds(named)
        return await asyncio.to_thread(self._keep, outcomes, named)

    async def _read_feeds(self, locations: Sequence[str]) -> list[_Outcome]:
        before = {kept.location: kept for kept in await asyncio.to_thread(self._load_readable)}
        places = asyncio.Semaphore(FEEDS_AT_ONCE)

        async def refresh_one(location: str) -> _Outcome:
            async with places:
                return await self._refresh_feed(location, before.get(location), client)

        async with open_client() as client:
            return await asyncio.gather(*map(refresh_one, locations))

    def _keep(self, outcomes: Sequence[_Outcome], named: Sequence[str] | None) -> RefreshReport:
        """Store what was read into what is kept by now; reading took long, and others store too.

        Args:
            outcomes: What was read.
            named: All the feeds there are; None: those that are kept by now.
        """
        read = {kept.location: kept for kept, _ in outcomes if kept}
        with locked_feeds(self._root):
            known = load_kept_feeds(self._root) if named is None else self._load_readable()
            current = {one.location: one for one in known}
            locations = current if named is None else named
            newest = (_choose_newer(current.get(one), read.get(one)) for one in locations)
            kept = tuple(one for one in newest if one)
            store_kept_feeds(self._root, kept)
        reports = tuple(report for _, report in outcomes)
        return RefreshReport(reports, len(self._select_holding(kept)))

    def incidents(self) -> list[Incident]:
        """Return the incidents that hold now, each once, newest first.

        Raises:
            SourceError: What is kept cannot be read.
        """
        holding = self._select_holding(load_kept_feeds(self._root))
        return sorted(holding, key=lambda each: (-each.occurred_at.timestamp(), each.incident_id))

    def feeds(self) -> list[FeedReport]:
        """Return what is kept of every feed; `read_at` tells how old it is.

        Raises:
            SourceError: What is kept cannot be read.
        """
        return [self._report(kept, "unchanged") for kept in load_kept_feeds(self._root)]

    async def refresh_known(self) -> RefreshReport:
        """Read those feeds again that the last `refresh` named and that could ever be read.

        Also if another one named others meanwhile: that one holds.

        Raises:
            SourceError: What is kept cannot be read.
            ConfigError: What was read cannot be kept.
        """
        kept = await asyncio.to_thread(load_kept_feeds, self._root)
        if not kept:
            return RefreshReport((), 0)
        outcomes = await self._read_feeds([one.location for one in kept])
        return await asyncio.to_thread(self._keep, outcomes, None)

    def old_feeds(self, before: datetime) -> list[datetime]:
        """Return when those feeds were read that could not be read since a moment.

        Raises:
            SourceError: What is kept cannot be read.
        """
        return [one.read_at for one in load_kept_feeds(self._root) if _is_old(one, before)]

    def forget_old(self, before: datetime) -> int:
        """Forget what such feeds said, not that there are such; return how many they were.

        Raises:
            SourceError: What is kept cannot be read.
            ConfigError: What is left cannot be written.
        """
        if not self.old_feeds(before):
            return 0
        with locked_feeds(self._root):
            kept = load_kept_feeds(self._root)
            store_kept_feeds(self._root, tuple(_empty_old(one, before) for one in kept))
            return sum(_is_old(one, before) for one in kept)

    async def _refresh_feed(
        self, location: str, before: KeptFeed | None, client: httpx.AsyncClient
    ) -> _Outcome:
        """Return what was read now, None where that failed, and what is told of it."""
        now = self._clock.now()
        known = before.reading if before else None
        try:
            reading = await read_feed(location, now, client, known, self._limits)
        except SourceError as exc:
            return None, self._report_failure(location, before, str(exc))
        kept = KeptFeed(location, now, _carry_over(known, reading) if known else reading)
        return kept, self._report(kept, "unchanged" if reading is known else "read")

    def _select_holding(self, kept: Sequence[KeptFeed]) -> list[Incident]:
        now = self._clock.now()
        entries = merge_entries(feed.reading for feed in kept)
        return [
            entry.incident
            for entry in entries
            if entry.expires_at is None or entry.expires_at > now
        ]

    def _report(self, kept: KeptFeed, state: FeedState) -> FeedReport:
        return FeedReport(
            feed=name_location(kept.location),
            state=state,
            read_at=kept.read_at,
            incident_count=len(self._select_holding([kept])),
            rejected=kept.reading.rejected,
        )

    def _report_failure(self, location: str, before: KeptFeed | None, why: str) -> FeedReport:
        if before is None:
            problem = f"{why}; nothing is known from it yet"
            return FeedReport(name_location(location), "failed", None, 0, problem=problem)
        age = describe_age(self._clock.now() - before.read_at)
        report = self._report(before, "failed")
        return replace(report, problem=f"{why}; what it said {age} ago is still in use")

    def _load_readable(self) -> tuple[KeptFeed, ...]:
        """Load what is kept; a damaged file is as good as none, for a refresh replaces it."""
        try:
            return load_kept_feeds(self._root)
        except SourceError:
            return ()


def _empty_old(kept: KeptFeed, before: datetime) -> KeptFeed:
    return replace(kept, reading=FeedReading()) if _is_old(kept, before) else kept


def _is_old(kept: KeptFeed, before: datetime) -> bool:
    return kept.read_at < before and kept.reading != FeedReading()


def _choose_newer(current: KeptFeed | None, read: KeptFeed | None) -> KeptFeed | None:
    if current is None or read is None:
        return read or current
    return read if read.read_at >= current.read_at else current


def _carry_over(before: FeedReading, reading: FeedReading) -> FeedReading:
    """Keep what is known from linked documents that could not be fetched this time."""
    if reading is before:
        return before
    carried = tuple(entry for entry in before.entries if entry.link in reading.unread_links)
    return replace(reading, entries=reading.entries + carried)
