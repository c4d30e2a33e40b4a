"""Where everybody is at one moment, what happened, and what that amounts to."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import Lock
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dashboards.overview.tiles import Tile, make_tiles
from rollcall.clock import format_instant
from rollcall.domain.app_reports import AppReports
from rollcall.domain.geography.geodesy import Floats, wrap_longitudes
from rollcall.domain.geography.hexagons import project
from rollcall.domain.saved_filters import selection_to_json
from rollcall.domain.selecting import select_audience
from rollcall.domain.selection import Selection
from rollcall.domain.world import World
from rollcall.sources.feeds.incident import Incident
from rollcall.sources.incidents import read_incidents
from rollcall.sources.kept import KeptVersion
from rollcall.sources.snapshot import build_snapshot
from rollcall.sources.world import read_world

MOST_INCIDENTS: Final = 300
"""The latest that are shown."""

_MOST_COUNTED: Final = 100


@dataclass(frozen=True, slots=True)
class Placed:
    """The people whose position is known.

    Attributes:
        x: Where they are on the map; see `rollcall.domain.geography.hexagons.project`.
        y: The same.
        rows: Their rows in `World.people`.
    """

    x: Floats
    y: Floats
    rows: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Count:
    """How many a selection means.

    Attributes:
        people_count: Everybody who would be contacted.
        facility_count: The facilities that stand for some of them.
    """

    people_count: int
    facility_count: int


@dataclass(frozen=True, slots=True)
class Picture:
    """What is known at one moment.

    Attributes:
        version: Of the source, as people are shown it.
        world: What filters look at, without anybody's addresses.
        placed: The people on the map.
        facilities: Those with a position, by name: `facility_id, name` (String), `latitude,
            longitude` (Float64).
        incidents: The latest, newest first.
        tiles: The figures.
        by_country: How many people are in each country where somebody is, most first.
    """

    version: str
    world: World
    placed: Placed
    facilities: pl.DataFrame
    incidents: tuple[Incident, ...]
    tiles: tuple[Tile, ...]
    by_country: dict[str, int] = field(default_factory=dict)
    _counted: dict[str, Count] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    @property
    def as_of(self) -> datetime:
        """The moment."""
        return self.world.as_of

    @property
    def mark(self) -> str:
        """What a map that was drawn of it is known by."""
        return f"{self.version} {format_instant(self.as_of)}"

    def count(self, selection: Selection) -> Count:
        """Return how many a selection means, as sending would find them; found once for all.

        Raises:
            SelectionError: It names what does not exist.
        """
        key = json.dumps(selection_to_json(selection), sort_keys=True)
        with self._lock:
            if known := self._counted.get(key):
                return known
        counted = _count(selection, self.world)
        with self._lock:
            if len(self._counted) >= _MOST_COUNTED:
                self._counted.clear()
            self._counted[key] = counted
        return counted


def build_picture(
    version: KeptVersion, app: AppReports, fed: Iterable[Incident], as_of: datetime
) -> Picture:
    """Find out where everybody is, as a message that is sent now would.

    Args:
        version: Of the source.
        app: What was reported with the app by then.
        fed: Incidents that feeds reported.
        as_of: The moment; aware.

    Raises:
        SourceError: The version cannot be read.
    """
    with build_snapshot(version, as_of, app=app) as snapshot:
        world = _without_addresses(read_world(snapshot, as_of))
        facilities = snapshot.frame("facilities", ("facility_id", "name", "latitude", "longitude"))
        country_risk = snapshot.frame("country_risk", ("country", "level"))
        incidents = choose_latest(read_incidents(snapshot), fed)
    return Picture(
        version=version.short_id,
        world=world,
        placed=place_people(world.people),
        facilities=facilities.drop_nulls().sort("name", "facility_id"),
        incidents=incidents,
        tiles=tuple(
            make_tiles(country_risk, incidents, lambda one: _count(one, world).people_count)
        ),
        by_country=count_by_country(world.people),
    )


def choose_latest(own: Iterable[Incident], fed: Iterable[Incident]) -> tuple[Incident, ...]:
    """Return the latest incidents, newest first; the source's table goes before feeds."""
    known = {one.incident_id: one for one in fed} | {one.incident_id: one for one in own}
    latest = sorted(
        known.values(), key=lambda each: (-each.occurred_at.timestamp(), each.incident_id)
    )
    return tuple(latest[:MOST_INCIDENTS])


def place_people(people: pl.DataFrame) -> Placed:
    """Return where people are on the map; those without a position are left out."""
    latitudes, longitudes = (
        people[name].cast(pl.Float64).fill_null(np.nan).to_numpy()
        for name in ("latitude", "longitude")
    )
    rows = np.flatnonzero(np.isfinite(latitudes) & np.isfinite(longitudes))
    x, y = project(latitudes[rows], wrap_longitudes(longitudes[rows]))
    return Placed(x, y, rows)


def count_by_country(people: pl.DataFrame) -> dict[str, int]:
    """Return how many people are in each country, most first; who is nowhere known is left out.

    Args:
        people: Those of a world, with their `country`.
    """
    counts = people["country"].drop_nulls().value_counts()
    return dict(counts.sort("count", "country", descending=[True, False]).iter_rows())


def list_names(picture: Picture, rows: Sequence[int]) -> list[str]:
    """Return the names of people."""
    names: list[str] = picture.world.people["name"].gather(list(rows)).to_list()
    return names


def _count(selection: Selection, world: World) -> Count:
    audience = select_audience(selection, world, as_rows=True)
    return Count(len(audience.recipients), len(audience.facility_ids))


def _without_addresses(world: World) -> World:
    """Return a world that tells where people are, and not how they are reached.

    It is kept for as long as anybody looks, and a million addresses take much memory.
    """
    nothing = pl.lit(None, dtype=pl.String)
    people = world.people.with_columns(email=nothing, phone=nothing, language=nothing)
    return replace(world, people=people)
