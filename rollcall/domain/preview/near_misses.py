"""Who is nearly in an audience, or in it on old news: what a security manager looks at twice.

* `outside_area`: left out by an `area` alone, and not more than 25 km outside it.
* `old_position`: in the audience by where they are, which is a report older than 72 h.
* `placed_elsewhere`: left out by `countries` alone, on a report older than 72 h or because nobody
  knows where they are, though a booking in progress or their home is in one of the countries.
* `booking_without_iata`: left out by `upcoming_travel_to_iata` or `past_travel_to_iata` alone, with
  a booking that names no airport, to a country of the airports asked for, at the time asked for.
* `not_a_manager`: a contact of a matched facility, left out by `managers_only`.

Who is excluded on purpose is no near miss.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from rollcall.domain.audience import Audience
from rollcall.domain.criteria import match_filter
from rollcall.domain.geography.areas import NEAR_MISS_WITHIN_M, parse_area
from rollcall.domain.preview.criteria_evidence import measure_distance_m
from rollcall.domain.preview.filter_walk import PlacedFilter, find_excluded, iterate_filters
from rollcall.domain.preview.wording import (
    booking_facts,
    measure_age_h,
    tell_booking,
    tell_distance,
    tell_position,
)
from rollcall.domain.recipient_rows import list_person_ids
from rollcall.domain.selecting import SavedFilters
from rollcall.domain.selection import Filter, Selection
from rollcall.domain.travel import Direction, find_bookings
from rollcall.domain.world import World

OLD_AFTER_H = 72.0
"""A report that is older says where somebody was, not where they are."""

NearMissKind = Literal[
    "outside_area", "old_position", "placed_elsewhere", "booking_without_iata", "not_a_manager"
]

NearMiss = dict[str, Any]
"""`person_id`, `name`, `where` (which criterion, e.g. `filters[0].area`), `told`, and facts."""

_POSITION_CRITERIA = ("countries", "home", "area")


def find_near_misses(
    selection: Selection,
    world: World,
    audience: Audience,
    *,
    managers_only: bool,
    saved_filters: SavedFilters,
    airport_countries: Mapping[str, str],
) -> dict[NearMissKind, list[NearMiss]]:
    """Return the near misses of a selection by kind, the nearest or oldest first.

    Args:
        selection: What was evaluated.
        world: What it was evaluated on.
        audience: What it came to.
        managers_only: As it was evaluated.
        saved_filters: The dynamic filters that it may name.
        airport_countries: The country of each airport.
    """
    found = find_near_rows(
        selection,
        world,
        audience,
        managers_only=managers_only,
        saved_filters=saved_filters,
        airport_countries=airport_countries,
    )
    return {kind: rows.to_dicts() for kind, rows in found.items()}


def find_near_rows(
    selection: Selection,
    world: World,
    audience: Audience,
    *,
    managers_only: bool,
    saved_filters: SavedFilters,
    airport_countries: Mapping[str, str],
) -> dict[NearMissKind, pl.DataFrame]:
    """Return the same as rows: of a million people they may be very many."""
    placed = list(iterate_filters(selection, world, saved_filters))
    search = _Search(world, pl.Series(list_person_ids(audience.recipients), dtype=pl.String))
    found: dict[NearMissKind, list[pl.DataFrame]] = {
        "outside_area": [search.find_outside(one) for one in placed if one.criteria.area],
        "old_position": [search.find_old(one) for one in placed if _asks_for_position(one)],
        "placed_elsewhere": [
            search.find_elsewhere(one) for one in placed if one.criteria.countries
        ],
        "booking_without_iata": [
            search.find_unnamed_airports(one, direction, airport_countries)
            for one in placed
            for direction in _travel_directions(one.criteria)
        ],
        "not_a_manager": [],
    }
    if managers_only:
        excluded = find_excluded(selection, world, saved_filters)
        found["not_a_manager"] = [search.find_contacts(audience.facility_ids, excluded)]
    return {kind: _merge(tables) for kind, tables in found.items()}


@dataclass(frozen=True, slots=True)
class _Search:
    """Looks for near misses on one world.

    Attributes:
        world: What is known.
        meant: The ids of everybody in the audience.
    """

    world: World
    meant: pl.Series

    def find_outside(self, placed: PlacedFilter) -> pl.DataFrame:
        people = self._left_out_by("area", placed)
        area = parse_area(placed.criteria.area, placed.where)
        near = people.with_columns(measure_distance_m(area, people, NEAR_MISS_WITHIN_M)).filter(
            pl.col("distance_m") <= NEAR_MISS_WITHIN_M
        )
        outside = tell_distance(pl.col("distance_m"))
        told = pl.format("{} outside, {}", outside, tell_position(self.world.as_of))
        return _tell(near, placed, "area", told, ["distance_m"], order=pl.col("distance_m"))

    def find_old(self, placed: PlacedFilter) -> pl.DataFrame:
        """Find who is in the audience, by this filter too, on an old report."""
        person_ids, _ = match_filter(placed.criteria, self.world, placed.where)
        is_here = pl.col("person_id").is_in(pl.Series(person_ids, dtype=pl.String).implode())
        old = self.world.people.filter(
            is_here, self._is_meant(), ~_is_among(placed.excluded), self._is_old()
        )
        name = next(one for one in _POSITION_CRITERIA if getattr(placed.criteria, one))
        return self._tell_old(old, placed, name, tell_position(self.world.as_of))

    def find_elsewhere(self, placed: PlacedFilter) -> pl.DataFrame:
        """Find who may be in the countries after all."""
        countries = list(placed.criteria.countries or ())
        people = self._left_out_by("countries", placed).filter(
            self._is_old() | pl.col("country").is_null()
        )
        booked = self._find_bookings_now(countries)
        is_home = pl.col("home_country").is_in(countries)
        likely = people.join(booked, on="person_id", how="left", validate="1:1").filter(
            is_home | pl.col("booked").is_not_null()
        )
        known = pl.coalesce("country", pl.lit("country unknown"))
        hint = pl.coalesce("booked", pl.format("home is {}", "home_country"))
        told = pl.format("{}, {}; but {}", known, tell_position(self.world.as_of), hint)
        return self._tell_old(likely, placed, "countries", told)

    def find_unnamed_airports(
        self, placed: PlacedFilter, direction: Direction, airport_countries: Mapping[str, str]
    ) -> pl.DataFrame:
        name = f"{direction}_travel_to_iata"
        travel = getattr(placed.criteria, name)
        codes = self.world.airport_codes.expand_codes(travel.codes, placed.where)
        countries = sorted({airport_countries[one] for one in codes if one in airport_countries})
        goes_there = pl.col("iata").is_null() & pl.col("country").is_in(countries)
        bookings = find_bookings(
            self.world.bookings, goes_there, travel, direction, self.world.as_of
        )
        people = self._left_out_by(name, placed).select("person_id", "name")
        near = bookings.join(people, on="person_id", validate="m:1")
        told = pl.format("{} without airport", tell_booking())
        facts = booking_facts()
        return _tell(near, placed, name, told, facts, order=pl.col("starts_at").dt.epoch("s"))

    def find_contacts(self, facility_ids: Iterable[str], excluded: frozenset[str]) -> pl.DataFrame:
        is_theirs = pl.col("facility_id").is_in(list(facility_ids))
        is_left_out = ~self._is_meant() & ~_is_among(excluded)
        contacts = self.world.contacts.filter(is_theirs, is_left_out, ~pl.col("is_manager"))
        names = self.world.people.select("person_id", "name")
        told = pl.format("contact of {}, but not its manager", "facility_id").alias("told")
        where = pl.lit("managers_only").alias("where")
        order = pl.lit(0.0).alias("order")
        near = contacts.unique().join(names, on="person_id", validate="m:1")
        return near.select("person_id", "name", where, told, "facility_id", order)

    def _left_out_by(self, name: str, placed: PlacedFilter) -> pl.DataFrame:
        """Return who is not in the audience and meets every criterion but one."""
        people = self.world.people.filter(~self._is_meant(), ~_is_among(placed.excluded))
        rest = placed.criteria.model_copy(update={name: None})
        if not rest.criteria():
            return people
        person_ids, _ = match_filter(rest, self.world, placed.where)
        meets_rest = pl.col("person_id").is_in(pl.Series(person_ids, dtype=pl.String).implode())
        return people.filter(meets_rest)

    def _find_bookings_now(self, countries: list[str]) -> pl.DataFrame:
        """Return `person_id, booked` (in words) of who has a booking in progress there."""
        as_of = self.world.as_of
        now = self.world.bookings.filter(
            pl.col("starts_at") <= as_of,
            pl.col("ends_at") > as_of,
            pl.col("country").is_in(countries),
        )
        first = now.sort("starts_at", "booking_id").unique("person_id", keep="last")
        return first.select("person_id", tell_booking().alias("booked"))

    def _tell_old(
        self, people: pl.DataFrame, placed: PlacedFilter, name: str, told: pl.Expr
    ) -> pl.DataFrame:
        age_h = measure_age_h(pl.col("position_at"), self.world.as_of)
        facts = [age_h.alias("age_h")]
        return _tell(people, placed, name, told, facts, order=-age_h.fill_null(0.0))

    def _is_meant(self) -> pl.Expr:
        return pl.col("person_id").is_in(self.meant.implode())

    def _is_old(self) -> pl.Expr:
        age_h = measure_age_h(pl.col("position_at"), self.world.as_of)
        return ((pl.col("position_source") == "report") & (age_h > OLD_AFTER_H)).fill_null(
            value=False
        )


def _tell(
    rows: pl.DataFrame,
    placed: PlacedFilter,
    name: str,
    told: pl.Expr,
    facts: list[Any],
    *,
    order: pl.Expr,
) -> pl.DataFrame:
    where = pl.lit(f"{placed.where}.{name}").alias("where")
    return rows.select(
        "person_id",
        "name",
        where,
        told.alias("told"),
        *facts,
        order.cast(pl.Float64).alias("order"),
    )


def _merge(tables: list[pl.DataFrame]) -> pl.DataFrame:
    """Return the rows of all tables in their order, without the column that says it.

    Whom two filters miss, or have, for the same reason is there once.
    """
    if not tables:
        return pl.DataFrame()
    rows = pl.concat(tables).sort("order", "person_id", "told", maintain_order=True)
    rows = rows.unique(["person_id", "told"], keep="first", maintain_order=True)
    return rows.drop("order")


def _asks_for_position(placed: PlacedFilter) -> bool:
    return any(getattr(placed.criteria, name) for name in _POSITION_CRITERIA)


def _travel_directions(criteria: Filter) -> Iterator[Direction]:
    if criteria.upcoming_travel_to_iata:
        yield "upcoming"
    if criteria.past_travel_to_iata:
        yield "past"


def _is_among(person_ids: frozenset[str]) -> pl.Expr:
    return pl.col("person_id").is_in(pl.Series(sorted(person_ids), dtype=pl.String).implode())
