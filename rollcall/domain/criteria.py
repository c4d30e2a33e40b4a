"""The criteria of a filter as Polars expressions over people and over facilities (contract §3)."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import polars as pl

from rollcall.domain.countries import is_country_code
from rollcall.domain.geography.areas import Area, parse_area
from rollcall.domain.selection import Filter
from rollcall.domain.travel import Direction, find_travellers
from rollcall.domain.world import World
from rollcall.errors import SelectionError


class Match(NamedTuple):
    """Who meets a criterion, as boolean expressions over `World.people` and `World.facilities`."""

    people: pl.Expr
    facilities: pl.Expr


_FIRST_MOMENT = datetime(1, 1, 1, tzinfo=UTC)

NEVER = pl.lit(False)
ALWAYS = pl.lit(True)


def match_filter(criteria: Filter, world: World, where: str) -> tuple[list[str], list[str]]:
    """Return the ids of people and of facilities that meet every criterion of one filter.

    Args:
        criteria: The filter.
        world: What is known at the moment of the selection.
        where: How the filter is called in a mistake's sentence, e.g. `filters[0]`.

    Raises:
        SelectionError: A criterion names what does not exist.
    """
    matches = [_BUILDERS[name](criteria, world, f"{where}.{name}") for name in criteria.criteria()]
    return (
        _find(world.people, "person_id", [match.people for match in matches]),
        _find(world.facilities, "facility_id", [match.facilities for match in matches]),
    )


def require_known(kind: str, names: tuple[str, ...], known: set[str], where: str) -> None:
    """Refuse a name that nobody and nothing carries: it would silently match nobody.

    Raises:
        SelectionError: Names the first unknown one.
    """
    for name in names:
        if name not in known:
            raise SelectionError(f"selection: {where}: unknown {kind} {name!r}")


def require_countries(codes: tuple[str, ...], where: str) -> None:
    """Refuse what is no country.

    Raises:
        SelectionError: Names the first unknown code.
    """
    for code in codes:
        if not is_country_code(code):
            raise SelectionError(f"selection: {where}: unknown country {code!r}")


def _find(rows: pl.DataFrame, id_column: str, conditions: list[pl.Expr]) -> list[str]:
    """Return the ids of the rows that meet all conditions; what is unknown is not met."""
    meets_all = pl.all_horizontal([condition.fill_null(value=False) for condition in conditions])
    found = rows.lazy().filter(meets_all).select(id_column).collect()
    ids: list[str] = found[id_column].to_list()
    return ids


def _match_countries(criteria: Filter, _world: World, where: str) -> Match:
    codes = criteria.countries or ()
    require_countries(codes, where)
    is_listed = pl.col("country").is_in(list(codes))
    return Match(is_listed, is_listed)


def _match_emergency(criteria: Filter, world: World, _where: str) -> Match:
    ended_at = pl.col("ended_at")
    active = world.emergencies.filter(
        pl.col("started_at") <= world.as_of, ended_at.is_null() | (ended_at > world.as_of)
    )
    return Match(_is_among(active["person_id"], wanted=bool(criteria.emergency)), NEVER)


def _match_groups(criteria: Filter, world: World, where: str) -> Match:
    groups = criteria.groups or ()
    require_known("group", groups, world.known_groups(), where)
    return Match(_carries_any("groups", groups), NEVER)


def _match_home(criteria: Filter, _world: World, _where: str) -> Match:
    is_home = pl.col("country") == pl.col("home_country")
    return Match(is_home if criteria.home == "at_home" else ~is_home, NEVER)


def _match_last_app_contact(criteria: Filter, world: World, _where: str) -> Match:
    reach = timedelta(hours=criteria.last_app_contact_within_hours or 0.0)
    since = world.as_of - min(reach, world.as_of - _FIRST_MOMENT)
    return Match(pl.col("has_app") & (pl.col("last_app_contact_at") >= since), NEVER)


def _match_area(criteria: Filter, _world: World, where: str) -> Match:
    area = parse_area(criteria.area, where)
    inside = _in_area(area, "latitude", "longitude")
    if criteria.area_match == "possible":
        return Match(_may_be_in_area(area), inside)
    return Match(inside, inside)


def _match_tags(criteria: Filter, world: World, where: str) -> Match:
    tags = criteria.tags or ()
    require_known("tag", tags, world.known_tags(), where)
    carries = _carries_all if criteria.tags_match == "all" else _carries_any
    return Match(carries("tags", tags), carries("tags", tags))


def _match_recipient_type(criteria: Filter, _world: World, _where: str) -> Match:
    return Match(ALWAYS, NEVER) if criteria.recipient_type == "people" else Match(NEVER, ALWAYS)


def _match_travelling_now(criteria: Filter, world: World, _where: str) -> Match:
    in_progress = world.bookings.filter(
        pl.col("starts_at") <= world.as_of, pl.col("ends_at") > world.as_of
    )
    wanted = bool(criteria.travelling_now)
    return Match(_is_among(in_progress["person_id"], wanted=wanted), NEVER)


def _match_travel_to_iata(direction: Direction) -> "_Builder":
    def match(criteria: Filter, world: World, where: str) -> Match:
        travel = getattr(criteria, f"{direction}_travel_to_iata")
        codes = world.airport_codes.expand_codes(travel.codes, f"{where}.codes")
        goes_there = pl.col("iata").is_in(sorted(codes))
        people = find_travellers(world.bookings, goes_there, travel, direction, world.as_of)
        return Match(_is_among(people, wanted=True), NEVER)

    return match


def _match_travel_to_country(direction: Direction) -> "_Builder":
    def match(criteria: Filter, world: World, where: str) -> Match:
        travel = getattr(criteria, f"{direction}_travel_to_country")
        require_countries(travel.countries, f"{where}.countries")
        goes_there = pl.col("country").is_in(list(travel.countries))
        people = find_travellers(world.bookings, goes_there, travel, direction, world.as_of)
        return Match(_is_among(people, wanted=True), NEVER)

    return match


def _is_among(person_ids: pl.Series, *, wanted: bool) -> pl.Expr:
    is_among = pl.col("person_id").is_in(person_ids.unique().implode())
    return is_among if wanted else ~is_among


def _in_area(area: Area, latitude: str, longitude: str) -> pl.Expr:
    """Return whether coordinates lie in an area; unknown ones do not."""

    def holds(columns: Sequence[pl.Series]) -> pl.Series:
        latitudes, longitudes = (column.cast(pl.Float64).to_numpy() for column in columns)
        return pl.Series(area.holds(latitudes, longitudes))

    return pl.map_batches([latitude, longitude], holds, return_dtype=pl.Boolean)


def _may_be_in_area(area: Area) -> pl.Expr:
    """Return whether the circle of accuracy touches an area; without accuracy it is the point."""

    def touches(columns: Sequence[pl.Series]) -> pl.Series:
        latitudes, longitudes, accuracies_m = (
            column.cast(pl.Float64).to_numpy() for column in columns
        )
        return pl.Series(area.touches_circle(latitudes, longitudes, accuracies_m))

    columns = [pl.col("latitude"), pl.col("longitude"), pl.col("accuracy_m").fill_null(0.0)]
    return pl.map_batches(columns, touches, return_dtype=pl.Boolean)


def _carried_count(column: str, wanted: tuple[str, ...]) -> pl.Expr:
    return pl.col(column).list.set_intersection(list(wanted)).list.len()


def _carries_any(column: str, wanted: tuple[str, ...]) -> pl.Expr:
    return _carried_count(column, wanted) > 0


def _carries_all(column: str, wanted: tuple[str, ...]) -> pl.Expr:
    return _carried_count(column, wanted) == len(set(wanted))


_Builder = Callable[[Filter, World, str], Match]

_BUILDERS: dict[str, _Builder] = {
    "countries": _match_countries,
    "emergency": _match_emergency,
    "groups": _match_groups,
    "home": _match_home,
    "last_app_contact_within_hours": _match_last_app_contact,
    "area": _match_area,
    "tags": _match_tags,
    "recipient_type": _match_recipient_type,
    "travelling_now": _match_travelling_now,
    "upcoming_travel_to_iata": _match_travel_to_iata("upcoming"),
    "upcoming_travel_to_country": _match_travel_to_country("upcoming"),
    "past_travel_to_iata": _match_travel_to_iata("past"),
    "past_travel_to_country": _match_travel_to_country("past"),
}
