"""Look at the source and the feeds of incidents, and say in counts what they are like.

What is wrong is told without a word of what the source says: it goes to Prefect, whose database
must hold nothing of anybody. `rollcall refresh` and `rollcall incidents` tell the rest.
"""

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from rollcall.clock import Clock
from rollcall.errors import ConfigError, RollcallError, SourceError
from rollcall.settings import RefreshSettings
from rollcall.sources.feeds.store import FeedReport, IncidentStore
from rollcall.sources.kept import KeptSources, describe_age
from rollcall.sources.refreshing import Refreshed, refresh_source


@dataclass(frozen=True, slots=True)
class SourcesReport:
    """What a round of refreshing has come to; quotes nothing of the source.

    Attributes:
        refreshed: The source; None where it cannot be used.
        feeds: The feeds of incidents that are configured.
        problems: What an administrator must look at, one sentence each.
    """

    refreshed: Refreshed | None
    feeds: tuple[FeedReport, ...]
    problems: tuple[str, ...]

    def tell(self) -> str:
        """Say in one line what is wrong, or how much there is."""
        if self.problems or self.refreshed is None:
            return "; ".join(self.problems)
        people_count = self.refreshed.version.row_counts.get("people", 0)
        rejected_count = sum(self.refreshed.rejected_counts.values())
        return f"{people_count} people; {rejected_count} rows left out or amended"


@dataclass(frozen=True, slots=True)
class SourceKeeper:
    """Refreshes what sends are made from; built by `rollcall.wiring`."""

    sources: KeptSources
    incidents: IncidentStore
    limits: RefreshSettings
    clock: Clock

    async def refresh(self, source: Path | None) -> SourcesReport:
        """Refresh the source and all feeds; raises nothing that an administrator can mend."""
        told = await asyncio.to_thread(self._refresh_source, source)
        feeds, wrong = await self._refresh_feeds()
        return replace(told, feeds=feeds, problems=(*told.problems, *wrong))

    def _refresh_source(self, source: Path | None) -> SourcesReport:
        if source is None:
            told = "no source is configured: set ROLLCALL_SOURCE"
            return SourcesReport(None, (), (told,))
        try:
            refreshed = refresh_source(self.sources, source, self.limits, self.clock.now())
        except ConfigError:
            told = "the data folder cannot be written (`rollcall refresh` tells why)"
            return SourcesReport(None, (), (told,))
        except SourceError:
            return SourcesReport(None, (), (self._tell_unusable(source),))
        return SourcesReport(refreshed, (), refreshed.problems)

    def _tell_unusable(self, source: Path) -> str:
        told = "the source cannot be used (`rollcall refresh` tells why)"
        try:
            age = self.sources.last_good(source).age(self.clock.now())
        except SourceError:
            return f"{told}, and no good version has been kept: nothing can be sent"
        return f"{told}: sends fail unless they take the last good version, {describe_age(age)} old"

    async def _refresh_feeds(self) -> tuple[tuple[FeedReport, ...], list[str]]:
        """Read the feeds again that the last `rollcall incidents refresh` named."""
        try:
            feeds = (await self.incidents.refresh_known()).feeds
        except RollcallError:
            return (), ["what is kept of incidents cannot be used (`rollcall incidents list`)"]
        stale_count = sum(map(self._is_stale, feeds))
        if not stale_count:
            return feeds, []
        told = f"{stale_count} feeds of incidents could not be read for {self.limits.stale_h:g} h"
        return feeds, [told]

    def _is_stale(self, feed: FeedReport) -> bool:
        if feed.read_at is None or not self.limits.stale_h:
            return False
        return self.clock.now() - feed.read_at > timedelta(hours=self.limits.stale_h)
