"""The picture that everybody who looks shares, made anew when something is reported."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from dashboards.overview.picture import Picture, build_picture
from dashboards.queries.counts import KeptAnswers
from rollcall.clock import Clock
from rollcall.errors import ConfigError, SourceError
from rollcall.ledger.app_reports import mark_app_reports, read_app_reports
from rollcall.ledger.engine import Ledger
from rollcall.settings import Settings
from rollcall.sources.feeds.incident import Incident
from rollcall.sources.incidents import list_fed_incidents
from rollcall.sources.kept import KeptVersion
from rollcall.wiring import build_incident_store, build_sources

LONGEST_KEPT: Final = timedelta(minutes=5)
"""A picture that nothing was reported since: bookings begin and end all the same."""

_NOW: Final = "now"

_painter: Final = ThreadPoolExecutor(1, thread_name_prefix="picture")
"""Its own: a source that is new is validated first, and whoever follows a send does not wait for
that."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What there is to look at.

    Attributes:
        picture: None where no version of the source can be had.
        faults: What is wrong with the source or the feeds, in sentences.
    """

    picture: Picture | None
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Ingredients:
    """What a picture is made of, but for the time."""

    version: str
    app_mark: tuple[object, ...]
    fed: Sequence[Incident]


class Pictures:
    """The picture of an installation, for all threads of a process.

    It is looked for in the background, and for no more than a twentieth of the time
    (`dashboards.queries.counts`): nobody's page waits for DuckDB.
    """

    def __init__(self, settings: Settings, ledger: Ledger, clock: Clock) -> None:
        self._settings = settings
        self._ledger = ledger
        self._clock = clock
        self._made: tuple[_Ingredients, Picture] | None = None
        self.answers: KeptAnswers[Outlook] = KeptAnswers(self._look, finders=_painter)

    def get(self) -> Outlook | None:
        """Return the latest; None while the first is being made.

        Raises:
            LedgerError: The ledger does not answer.
            ConfigError: The data folder cannot be written.
        """
        return self.answers.get(_NOW)

    def _look(self, _its_id: str) -> Outlook:
        """Find out what is known now; called by one thread at a time."""
        source = self._settings.source
        if source is None:
            told = "set ROLLCALL_SOURCE to the folder of the travellers' data"
            return Outlook(None, (told,))
        version, faults = self._open(source)
        if version is None:
            return Outlook(None, faults)
        fed, feed_faults = self._read_feeds()
        ingredients = _Ingredients(version.version, mark_app_reports(self._ledger), fed)
        return Outlook(self._make(ingredients, version), (*faults, *feed_faults))

    def _make(self, ingredients: _Ingredients, version: KeptVersion) -> Picture:
        now = self._clock.now()
        if self._made is not None:
            known, picture = self._made
            if known == ingredients and now - picture.as_of < LONGEST_KEPT:
                return picture
        app = read_app_reports(self._ledger, now)
        picture = build_picture(version, app, ingredients.fed, now)
        self._made = (ingredients, picture)
        return picture

    def _open(self, source: Path) -> tuple[KeptVersion | None, tuple[str, ...]]:
        """Return the version that a message would be sent from, else the last good one."""
        sources = build_sources(self._settings, self._clock)
        try:
            return sources.open(source), ()
        except (SourceError, ConfigError) as error:
            return sources.find_last_good(source), (str(error),)

    def _read_feeds(self) -> tuple[list[Incident], tuple[str, ...]]:
        try:
            return list_fed_incidents(build_incident_store(self._settings, self._clock)), ()
        except SourceError as error:
            return [], (str(error),)
