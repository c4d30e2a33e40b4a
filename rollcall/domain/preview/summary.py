"""An audience in numbers: where they are, how they can be reached, whom nobody can place."""

from dataclasses import dataclass
from typing import Any

import polars as pl

from rollcall.domain.audience import Audience
from rollcall.domain.preview.reach import WAYS, Reach, Way, count_values


@dataclass(frozen=True, slots=True)
class Summary:
    """An audience in numbers.

    Attributes:
        reach: How many they are, where, and by what they can be reached.
        by_position_source: People by the source of their position, most first.
        only_way_ids: The ids of people with one way only, by that way.
        no_way_ids: The ids of people without any way.
        unknown_whereabouts_ids: The ids of people without known country and coordinates.
        facility_ids: The facilities matched.
        silent_facility_ids: Those of them that stand for nobody.
    """

    reach: Reach
    by_position_source: dict[str, int]
    only_way_ids: dict[Way, tuple[str, ...]]
    no_way_ids: tuple[str, ...]
    unknown_whereabouts_ids: tuple[str, ...]
    facility_ids: tuple[str, ...]
    silent_facility_ids: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the summary as programs get it."""
        return {
            "people": self.reach.people_count,
            "by_country": self.reach.by_country,
            "by_position_source": self.by_position_source,
            "reachable": {**self.reach.by_way, "none": len(self.no_way_ids)},
            "only_channel": {way: list(ids) for way, ids in self.only_way_ids.items()},
            "no_channel": list(self.no_way_ids),
            "unknown_whereabouts": list(self.unknown_whereabouts_ids),
            "facilities": list(self.facility_ids),
            "facilities_for_nobody": list(self.silent_facility_ids),
        }


def summarise_audience(audience: Audience, rows: pl.DataFrame, reach: Reach) -> Summary:
    """Count an audience.

    Args:
        audience: Who is meant.
        rows: What `find_reach` found of them.
        reach: The same, counted.
    """
    is_lost = pl.col("country").is_null() & pl.col("latitude").is_null()
    return Summary(
        reach=reach,
        by_position_source=count_values(rows["position_source"]),
        only_way_ids={way: _find_with(rows, way) for way in WAYS},
        no_way_ids=_find_with(rows),
        unknown_whereabouts_ids=tuple(rows.filter(is_lost)["person_id"]),
        facility_ids=audience.facility_ids,
        silent_facility_ids=audience.silent_facility_ids,
    )


def _find_with(rows: pl.DataFrame, *wanted: Way) -> tuple[str, ...]:
    """Return the ids of those who have exactly these ways."""
    is_so = [pl.col(f"by_{way}").eq(pl.lit(way in wanted)) for way in WAYS]
    return tuple(rows.filter(is_so)["person_id"])
