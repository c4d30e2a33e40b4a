"""Whom a draft means now: found in the background, for everybody who looks at the same.

Nobody's typing waits for it. What is known of the people is loaded once and looked at for a while;
what a selection means is kept by its text (`dashboards.queries.counts`).
"""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from dashboards.queries.counts import KeptAnswers
from rollcall.clock import Clock
from rollcall.domain.preview.glance import Glance, GlanceOrder, glance_at
from rollcall.domain.saved_filters import selection_to_json
from rollcall.domain.selection import parse_selection
from rollcall.domain.world import World
from rollcall.errors import ConfigError
from rollcall.ledger.app_reports import read_app_reports
from rollcall.ledger.engine import Ledger
from rollcall.ledger.opt_outs import list_opt_outs
from rollcall.ledger.push_subscriptions import list_notified
from rollcall.ledger.saved_filters import load_saved_filters
from rollcall.settings import Settings
from rollcall.sources.reference import load_settled_airports
from rollcall.sources.snapshot import build_snapshot
from rollcall.sources.world import read_world
from rollcall.wiring import build_sources

LOOKED_AT_FOR: Final = timedelta(seconds=30)
"""What is known of people, and where they are, is loaded anew after that at the soonest."""

LOADED_TIMES: Final = 20
"""And after so many times as long as loading it took."""

MOST_CHOICES: Final = 2_000
"""Groups or tags in one list of a page; others are typed."""

_finder: Final = ThreadPoolExecutor(1, thread_name_prefix="glances")
"""One at a time, so that looking takes no more than one core from what sends."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What a filter may name, as far as a page can list it.

    Attributes:
        groups: By name.
        tags: By name.
    """

    groups: tuple[str, ...]
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Loaded:
    world: World
    notified_ids: frozenset[str]
    version: str
    until: datetime


@dataclass(slots=True)
class Glances:
    """Glances at selections, for all threads of a process.

    Attributes:
        settings: They name the source.
        ledger: Dynamic filters, what the app reported, who opted out.
        clock: What tells the time.
        answers: By what was asked.
        vocabularies: The one there is.
    """

    settings: Settings
    ledger: Ledger
    clock: Clock
    answers: KeptAnswers[Glance] = field(init=False)
    vocabularies: KeptAnswers[Vocabulary] = field(init=False)
    _loaded: _Loaded | None = None

    def __post_init__(self) -> None:
        """Keep what is known of this installation apart from any other one's."""
        self.answers = KeptAnswers(self._glance, finders=_finder)
        self.vocabularies = KeptAnswers(self._list_names, finders=_finder)

    def look(self, order: GlanceOrder) -> Glance | None:
        """Return whom a selection means; None while that is being found.

        Raises:
            ConfigError: No source is set.
            SourceError: The source cannot be loaded.
            SelectionError: The selection names what does not exist.
            LedgerError: The ledger does not answer.
        """
        return self.answers.get(_write(order))

    def list_names(self) -> Vocabulary | None:
        """Return what filters may name; None while the source is being loaded.

        Raises:
            RollcallError: As `look`.
        """
        return self.vocabularies.get("")

    def _glance(self, asked: str) -> Glance:
        opted_out = {one.address for one in list_opt_outs(self.ledger)}
        airports = load_settled_airports().select("iata", "country").drop_nulls()
        saved_filters = load_saved_filters(self.ledger)
        order, known = _read(asked), self._load()
        countries = dict(airports.iter_rows())
        return glance_at(
            order, known.world, saved_filters, opted_out, known.notified_ids, countries
        )

    def _list_names(self, _its_id: str) -> Vocabulary:
        world = self._load().world
        groups, tags = sorted(world.known_groups()), sorted(world.known_tags())
        return Vocabulary(tuple(groups[:MOST_CHOICES]), tuple(tags[:MOST_CHOICES]))

    def _load(self) -> _Loaded:
        """Return what is known; called by one thread at a time."""
        source = self.settings.source
        if source is None:
            raise ConfigError("set ROLLCALL_SOURCE to the folder of the travellers' data")
        began = self.clock.now()
        version = build_sources(self.settings, self.clock).open(source)
        loaded = self._loaded
        if loaded and loaded.version == version.version and began < loaded.until:
            return loaded
        now = self.clock.now()
        with build_snapshot(version, now, app=read_app_reports(self.ledger, now)) as snapshot:
            world = read_world(snapshot, now)
        notified_ids = frozenset(list_notified(self.ledger))
        ended = self.clock.now()
        until = ended + max(LOOKED_AT_FOR, LOADED_TIMES * (ended - began))
        self._loaded = _Loaded(world, notified_ids, version.version, until)
        return self._loaded


def _write(order: GlanceOrder) -> str:
    told: dict[str, Any] = asdict(replace(order, selection=None))  # type: ignore[arg-type]
    return json.dumps(told | {"selection": selection_to_json(order.selection)}, sort_keys=True)


def _read(asked: str) -> GlanceOrder:
    told = json.loads(asked)
    selection, channels = parse_selection(told.pop("selection")), tuple(told.pop("channels"))
    return GlanceOrder(selection=selection, channels=channels, **told)
