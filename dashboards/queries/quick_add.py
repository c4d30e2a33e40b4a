"""Quick add: what a few letters find among people, facilities, groups and dynamic filters.

The index of a million people takes 5 s to make and 240 MB (`rollcall.domain.search.index`): it is
made in the background, once for everybody, and anew when the source has changed.
"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

import polars as pl

from dashboards.queries.counts import KeptAnswers
from rollcall.clock import Clock
from rollcall.domain.search.index import SearchIndex
from rollcall.domain.search.sections import Found, Kind
from rollcall.errors import ConfigError
from rollcall.ledger.engine import Ledger
from rollcall.ledger.saved_filters import list_filters
from rollcall.settings import Settings
from rollcall.sources.searching import load_search_index
from rollcall.wiring import build_sources

SHOWN_COUNT: Final = 12
"""Whom a page does not show is found by typing more."""

_NOW: Final = "now"
_KINDS: Final = (Kind.PERSON, Kind.FACILITY, Kind.GROUP)

_indexer: Final = ThreadPoolExecutor(1, thread_name_prefix="quick-add")


@dataclass(slots=True)
class QuickAdd:
    """The search of an installation, for all threads of a process.

    Attributes:
        settings: They name the source.
        ledger: Where dynamic filters are.
        clock: What tells the time.
        indexes: The one there is.
    """

    settings: Settings
    ledger: Ledger
    clock: Clock
    indexes: KeptAnswers[SearchIndex] = field(init=False)
    _made: tuple[str, SearchIndex] | None = None

    def __post_init__(self) -> None:
        """Keep what is known of this installation apart from any other one's."""
        self.indexes = KeptAnswers(self._make, finders=_indexer)

    def find(self, text: str) -> list[Found] | None:
        """Return what a text finds, best first; None while the index is being made.

        Raises:
            InputError: The text is empty.
            ConfigError: No source is set.
            SourceError: The source cannot be loaded.
            LedgerError: The ledger does not answer.
        """
        index = self.indexes.get(_NOW)
        if index is None:
            return None
        names = [one.name for one in list_filters(self.ledger)]
        saved = _index_names(names).find(text, SHOWN_COUNT, (Kind.SAVED_FILTER,))
        # filters and groups are few and mean many: they come before the people of the same letters
        others = index.find(text, SHOWN_COUNT, _KINDS)
        return [*saved, *others][:SHOWN_COUNT]

    def is_ready(self) -> bool:
        """Tell whether the index is made; else it is begun.

        Raises:
            RollcallError: As `find`.
        """
        return self.indexes.get(_NOW) is not None

    def name(self, kind: Kind, ids: Iterable[str]) -> dict[str, str]:
        """Return what some people or facilities are called; without those that are not known.

        Raises:
            RollcallError: As `find`.
        """
        index = self.indexes.get(_NOW)
        return index.name(kind, ids) if index else {}

    def _make(self, _its_id: str) -> SearchIndex:
        source = self.settings.source
        if source is None:
            raise ConfigError("set ROLLCALL_SOURCE to the folder of the travellers' data")
        version = build_sources(self.settings, self.clock).open(source)
        if self._made is None or self._made[0] != version.version:
            self._made = (version.version, load_search_index(version))
        return self._made[1]


def _index_names(names: Iterable[str]) -> SearchIndex:
    people = dict.fromkeys(("person_id", "name", "email", "phone"), pl.String)
    facilities = dict.fromkeys(("facility_id", "name"), pl.String)
    return SearchIndex(
        pl.DataFrame(schema=people), pl.DataFrame(schema=facilities), saved_filters=names
    )
