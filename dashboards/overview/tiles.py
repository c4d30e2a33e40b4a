"""The figures of the overview: each is a selection, and how many people it means."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from dashboards.overview.areas import NEAR_KM, area_near
from rollcall.domain.countries import load_country_names
from rollcall.domain.selection import Filter, Naming, Selection
from rollcall.sources.feeds.incident import Incident

HIGH_RISK: Final = ("high", "extreme")
"""Levels of `country_risk` that count as high."""

_WORLD: Final[dict[str, Any]] = {
    "type": "Polygon",
    "coordinates": [[[-180, -90], [180, -90], [180, 90], [-180, 90], [-180, -90]]],
}


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure.

    Attributes:
        key: Its name in addresses and keys.
        title: What it counts, in a few words.
        told: The same exactly, in a sentence.
        selection: Whom it means; None where there can be nobody, and a selection of them would be
            a mistake.
        people_count: How many they are.
    """

    key: str
    title: str
    told: str
    selection: Selection | None
    people_count: int


def make_tiles(
    country_risk: pl.DataFrame, incidents: Sequence[Incident], count: Callable[[Selection], int]
) -> Iterator[Tile]:
    """Yield the figures, in the order they are shown in.

    Args:
        country_risk: `country, level`.
        incidents: Those that are shown.
        count: Says how many people a selection means.
    """
    for key, title, told, selection in _list_selections(country_risk, incidents):
        yield Tile(key, title, told, selection, count(selection) if selection else 0)


def _list_selections(
    country_risk: pl.DataFrame, incidents: Sequence[Incident]
) -> Iterator[tuple[str, str, str, Selection | None]]:
    yield (
        "risk",
        "In high-risk countries",
        "People who are in a country whose risk is high or extreme, by the table country_risk.",
        _in_countries_at_risk(country_risk),
    )
    yield (
        "travelling",
        "Currently travelling",
        "People with a booking in progress.",
        _people(Filter(travelling_now=True, recipient_type="people")),
    )
    yield (
        "incident",
        "Near an incident",
        f"People within {NEAR_KM:.0f} km of one of the incidents on the map, or in its area.",
        _near(incidents),
    )
    yield (
        "emergency",
        "With an active emergency",
        "People who called for help with the app or have an emergency in the source, not ended.",
        _people(Filter(emergency=True, recipient_type="people")),
    )
    yield (
        "unknown",
        "Whereabouts unknown",
        "People of whom neither a country nor a position is known.",
        _nowhere(),
    )


def _people(criteria: Filter) -> Selection:
    return Selection(filters=(criteria,))


def _in_countries_at_risk(country_risk: pl.DataFrame) -> Selection | None:
    at_risk = country_risk.filter(pl.col("level").is_in(HIGH_RISK))["country"].sort().to_list()
    return _people(Filter(countries=tuple(at_risk), recipient_type="people")) if at_risk else None


def _near(incidents: Sequence[Incident]) -> Selection | None:
    area = area_near(incidents)
    return _people(Filter(area=area, recipient_type="people")) if area else None


def _nowhere() -> Selection:
    """Return everybody but those in any country, or anywhere in the world: at sea, say."""
    somewhere = (
        Filter(countries=tuple(sorted(load_country_names())), recipient_type="people"),
        Filter(area=_WORLD, recipient_type="people"),
    )
    return Selection(everyone=True, exclude=Naming(filters=somewhere))
