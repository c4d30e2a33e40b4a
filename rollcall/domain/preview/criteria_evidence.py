"""What about a person, or a facility, met each criterion of a filter.

Every builder takes the rows of those who met the filter and returns one row or more for each:
their id, `told` (the evidence in words) and further columns for programs.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta

import numpy as np
import polars as pl

from rollcall.domain.geography.areas import Area, parse_area
from rollcall.domain.preview.wording import (
    booking_facts,
    tell_booking,
    tell_distance,
    tell_instant,
    tell_position,
)
from rollcall.domain.selection import Filter
from rollcall.domain.travel import Direction, find_bookings
from rollcall.domain.world import World

Evidence = dict[str, object]
"""Of one criterion: `criterion`, `told`, and facts such as `booking_id` or `distance_m`."""


def find_evidence(
    criteria: Filter, world: World, person_ids: Sequence[str]
) -> dict[str, list[Evidence]]:
    """Return what about each person met each criterion of a filter that they all meet.

    Args:
        criteria: The filter.
        world: What is known at the moment of the selection.
        person_ids: People who meet it.
    """
    people = world.people.filter(
        pl.col("person_id").is_in(pl.Series(person_ids, dtype=pl.String).implode())
    )
    tables = {name: _PEOPLE[name](criteria, world, people) for name in criteria.criteria()}
    return _gather(tables, "person_id")


def find_facility_evidence(
    criteria: Filter, world: World, facility_ids: Sequence[str]
) -> dict[str, list[Evidence]]:
    """Return what about each facility met each criterion of a filter that they all meet."""
    if not facility_ids:
        return {}
    is_meant = pl.col("facility_id").is_in(list(facility_ids))
    rows = world.facilities.filter(is_meant)
    tables = {name: _FACILITIES[name](criteria, rows) for name in criteria.criteria()}
    return _gather(tables, "facility_id")


def _gather(tables: dict[str, pl.DataFrame], id_column: str) -> dict[str, list[Evidence]]:
    gathered: dict[str, list[Evidence]] = {}
    for name, rows in tables.items():
        facts = pl.struct(pl.lit(name).alias("criterion"), pl.exclude(id_column)).alias("facts")
        told = rows.select(id_column, facts)
        for one, evidence in zip(told[id_column].to_list(), told["facts"].to_list(), strict=True):
            gathered.setdefault(one, []).append(evidence)
    return gathered


def _countries(_criteria: Filter, world: World, people: pl.DataFrame) -> pl.DataFrame:
    told = pl.format("{}, {}", "country", tell_position(world.as_of))
    return people.select("person_id", told.alias("told"), "country")


def _home(criteria: Filter, world: World, people: pl.DataFrame) -> pl.DataFrame:
    where = "at home, in {}, {}" if criteria.home == "at_home" else "away, in {}, {}"
    told = pl.format(
        f"{where}; home is {{}}", "country", tell_position(world.as_of), "home_country"
    )
    return people.select("person_id", told.alias("told"), "country", "home_country")


def _area(criteria: Filter, world: World, people: pl.DataFrame) -> pl.DataFrame:
    rows = people.with_columns(measure_distance_m(parse_area(criteria.area, "area"), people))
    inside = pl.format("inside, {}", tell_position(world.as_of))
    outside = tell_distance(pl.col("distance_m"))
    possible = pl.format("possible: {} outside, {}", outside, tell_position(world.as_of))
    told = pl.when(pl.col("distance_m") == 0).then(inside).otherwise(possible)
    match = pl.when(pl.col("distance_m") == 0).then(pl.lit("inside")).otherwise(pl.lit("possible"))
    return rows.select("person_id", told.alias("told"), match.alias("match"), "distance_m")


def measure_distance_m(area: Area, people: pl.DataFrame, within_m: float = 0.0) -> pl.Series:
    """Return how far people are outside an area: 0 inside, null where that is not known.

    Args:
        area: The area.
        people: Rows of `World.people`.
        within_m: How far to look, at least as far as each one's accuracy; metres.
    """
    accuracy_m = people["accuracy_m"].fill_null(0.0).to_numpy()
    latitudes, longitudes = (
        people[name].cast(pl.Float64).to_numpy() for name in ("latitude", "longitude")
    )
    distances_m = area.distance_m(latitudes, longitudes, np.maximum(accuracy_m, within_m))
    told = np.where(np.isfinite(distances_m), np.round(distances_m, 1), np.nan)
    return pl.Series("distance_m", told, nan_to_null=True)


def _emergency(criteria: Filter, world: World, people: pl.DataFrame) -> pl.DataFrame:
    if not criteria.emergency:
        return _say(people, "no active emergency")
    began, ended_at = pl.col("started_at"), pl.col("ended_at")
    is_active = (began <= world.as_of) & (ended_at.is_null() | (ended_at > world.as_of))
    active = world.emergencies.filter(is_active).join(people, on="person_id", how="semi")
    told = pl.format("emergency {} since {}", "emergency_id", tell_instant(began)).alias("told")
    since = tell_instant(began).alias("started_at")
    return active.sort("started_at").select("person_id", told, "emergency_id", since)


def _last_app_contact(criteria: Filter, world: World, people: pl.DataFrame) -> pl.DataFrame:
    hours = timedelta(hours=criteria.last_app_contact_within_hours or 0.0)
    since = tell_instant(pl.lit(world.as_of - hours))
    at = tell_instant(pl.col("last_app_contact_at"))
    told = pl.format("app contact at {} (asked for: since {})", at, since).alias("told")
    return people.select("person_id", told, at.alias("last_app_contact_at"))


def _carried(
    column: str, wanted: Sequence[str], rows: pl.DataFrame, id_column: str
) -> pl.DataFrame:
    met = pl.col(column).list.set_intersection(list(wanted)).list.sort()
    told = met.list.join(", ").alias("told")
    return rows.select(id_column, told, met.alias(column))


def _groups(criteria: Filter, _world: World, people: pl.DataFrame) -> pl.DataFrame:
    return _carried("groups", criteria.groups or (), people, "person_id")


def _tags(criteria: Filter, _world: World, people: pl.DataFrame) -> pl.DataFrame:
    return _carried("tags", criteria.tags or (), people, "person_id")


def _recipient_type(_criteria: Filter, _world: World, people: pl.DataFrame) -> pl.DataFrame:
    return _say(people, "a person")


def _travelling_now(criteria: Filter, world: World, people: pl.DataFrame) -> pl.DataFrame:
    if not criteria.travelling_now:
        return _say(people, "no booking in progress")
    in_progress = world.bookings.filter(
        pl.col("starts_at") <= world.as_of, pl.col("ends_at") > world.as_of
    )
    return _tell_bookings(in_progress, people)


def _travel_to_iata(direction: Direction) -> "_Builder":
    def build(criteria: Filter, world: World, people: pl.DataFrame) -> pl.DataFrame:
        travel = getattr(criteria, f"{direction}_travel_to_iata")
        goes_there = pl.col("iata").is_in(
            sorted(world.airport_codes.expand_codes(travel.codes, ""))
        )
        meant = find_bookings(world.bookings, goes_there, travel, direction, world.as_of)
        return _tell_bookings(meant, people)

    return build


def _travel_to_country(direction: Direction) -> "_Builder":
    def build(criteria: Filter, world: World, people: pl.DataFrame) -> pl.DataFrame:
        travel = getattr(criteria, f"{direction}_travel_to_country")
        goes_there = pl.col("country").is_in(list(travel.countries))
        meant = find_bookings(world.bookings, goes_there, travel, direction, world.as_of)
        return _tell_bookings(meant, people)

    return build


def _tell_bookings(bookings: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    theirs = bookings.join(people, on="person_id", how="semi").sort("starts_at", "booking_id")
    return theirs.select("person_id", tell_booking().alias("told"), *booking_facts())


def _say(rows: pl.DataFrame, told: str, id_column: str = "person_id") -> pl.DataFrame:
    return rows.select(id_column, pl.lit(told).alias("told"))


def _facility_countries(_criteria: Filter, rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select("facility_id", pl.col("country").alias("told"), "country")


def _facility_area(_criteria: Filter, rows: pl.DataFrame) -> pl.DataFrame:
    return _say(rows, "inside", "facility_id")


def _facility_tags(criteria: Filter, rows: pl.DataFrame) -> pl.DataFrame:
    return _carried("tags", criteria.tags or (), rows, "facility_id")


def _facility_type(_criteria: Filter, rows: pl.DataFrame) -> pl.DataFrame:
    return _say(rows, "a facility", "facility_id")


_Builder = Callable[[Filter, World, pl.DataFrame], pl.DataFrame]

_PEOPLE: dict[str, _Builder] = {
    "countries": _countries,
    "emergency": _emergency,
    "groups": _groups,
    "home": _home,
    "last_app_contact_within_hours": _last_app_contact,
    "area": _area,
    "tags": _tags,
    "recipient_type": _recipient_type,
    "travelling_now": _travelling_now,
    "upcoming_travel_to_iata": _travel_to_iata("upcoming"),
    "upcoming_travel_to_country": _travel_to_country("upcoming"),
    "past_travel_to_iata": _travel_to_iata("past"),
    "past_travel_to_country": _travel_to_country("past"),
}

_FACILITIES: dict[str, Callable[[Filter, pl.DataFrame], pl.DataFrame]] = {
    "countries": _facility_countries,
    "area": _facility_area,
    "tags": _facility_tags,
    "recipient_type": _facility_type,
}
"""No other criterion is ever met by a facility."""
