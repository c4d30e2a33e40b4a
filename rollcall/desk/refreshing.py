"""Refreshing what sends are made from, asked for at the desk."""

import asyncio
from dataclasses import dataclass

from rollcall.desk.acting import Acting
from rollcall.domain.acts import Actor
from rollcall.errors import ConfigError
from rollcall.settings import Settings
from rollcall.sources.feeds.store import IncidentStore, RefreshReport
from rollcall.sources.kept import KeptSources
from rollcall.sources.refreshing import Refreshed, refresh_source


@dataclass(frozen=True, slots=True)
class Refreshing:
    """Refreshes the source and the feeds of incidents, as `rollcall refresh` and `incidents` do.

    Attributes:
        acting: Asks whether the actor may, and records what they do.
        sources: Where versions are kept.
        incidents: Where it is kept what feeds say.
        settings: Where the source is, and what is wrong with one.
    """

    acting: Acting
    sources: KeptSources
    incidents: IncidentStore
    settings: Settings

    def refresh_source(self, actor: Actor) -> Refreshed:
        """Validate the source now, and keep the version; safe to call twice, also at once.

        Raises:
            NotAllowedError: The actor may not.
            SourceError: It cannot be used; what sends were made from stays in place.
            ConfigError: None is configured, or what was loaded cannot be kept.
        """
        with self.acting.act(actor, "admin", "refresh_source") as noted:
            if self.settings.source is None:
                raise ConfigError("no source is configured: set ROLLCALL_SOURCE")
            now = self.acting.clock.now()
            limits = self.settings.refresh
            refreshed = refresh_source(self.sources, self.settings.source, limits, now)
            noted.subject_id = refreshed.version.short_id
            return refreshed

    def refresh_feeds(self, actor: Actor) -> RefreshReport:
        """Read the feeds of incidents again; of one that fails, what it said last stays in use.

        Raises:
            NotAllowedError: The actor may not.
            SourceError: What is kept cannot be read.
            ConfigError: What was read cannot be kept.
        """
        with self.acting.act(actor, "admin", "refresh_feeds"):
            return asyncio.run(self.incidents.refresh_known())
