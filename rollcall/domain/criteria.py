"""The criteria of a filter as Polars expressions over people and over facilities (contract §3)."""

from collections.abc import Callable
from typing import NamedTuple

import polars as pl

from rollcall.domain.countries import is_country_code
from rollcall.domain.selection import Filter
from rollcall.domain.world import World
from rollcall.errors import SelectionError


class Match(NamedTuple):
    """Who meets a criterion, as boolean expressions over `World.people` and `World.facilities`."""

    people: pl.Expr
    facilities: pl.Expr


NEVER = pl.lit(False)
ALWAYS = pl.lit(True)


def match_filter(criteria: Filter, world: World, where: str) -> tuple[list[str], list[str]]:
    """Return the ids of people and of facilities that meet every criterion of one filter.

    Args:
        criteria: The filter.
        world: What is known at the moment of the selection.
        where: How the filter is called in a mistake's sentence, e.g. `filters[0]`.

    Raises:
        SelectionError: A criterion names what does not exist, or is not built yet.
    """
    matches = [_match_criterion(name, criteria, world, where) for name in criteria.criteria()]
    people = world.people.filter(pl.all_horizontal([match.people for match in matches]))
    facilities = world.facilities.filter(pl.all_horizontal([match.facilities for match in matches]))
    return people["person_id"].to_list(), facilities["facility_id"].to_list()


def require_known(kind: str, names: tuple[str, ...], known: set[str], where: str) -> None:
    """Refuse a name that nobody and nothing carries: it would silently match nobody.

    Raises:
        SelectionError: Names the first unknown one.
    """
    for name in names:
        if name not in known:
            raise SelectionError(f"selection: {where}: unknown {kind} {name!r}")


def _match_criterion(name: str, criteria: Filter, world: World, where: str) -> Match:
    build = _BUILDERS.get(name)
    if build is None:
        raise SelectionError(f"selection: {where}: criterion {name!r} is not built yet")
    return build(criteria, world, f"{where}.{name}")


def _match_countries(criteria: Filter, _world: World, where: str) -> Match:
    codes = criteria.countries or ()
    for code in codes:
        if not is_country_code(code):
            raise SelectionError(f"selection: {where}: unknown country {code!r}")
    is_listed = pl.col("country").is_in(list(codes)).fill_null(value=False)
    return Match(is_listed, is_listed)


def _match_groups(criteria: Filter, world: World, where: str) -> Match:
    groups = criteria.groups or ()
    require_known("group", groups, world.known_groups(), where)
    return Match(_carries_any("groups", groups), NEVER)


def _match_tags(criteria: Filter, world: World, where: str) -> Match:
    tags = criteria.tags or ()
    require_known("tag", tags, world.known_tags(), where)
    carries = _carries_all if criteria.tags_match == "all" else _carries_any
    return Match(carries("tags", tags), carries("tags", tags))


def _match_recipient_type(criteria: Filter, _world: World, _where: str) -> Match:
    return Match(ALWAYS, NEVER) if criteria.recipient_type == "people" else Match(NEVER, ALWAYS)


def _carried_count(column: str, wanted: tuple[str, ...]) -> pl.Expr:
    return pl.col(column).list.set_intersection(list(wanted)).list.len()


def _carries_any(column: str, wanted: tuple[str, ...]) -> pl.Expr:
    return _carried_count(column, wanted) > 0


def _carries_all(column: str, wanted: tuple[str, ...]) -> pl.Expr:
    return _carried_count(column, wanted) == len(set(wanted))


_BUILDERS: dict[str, Callable[[Filter, World, str], Match]] = {
    "countries": _match_countries,
    "groups": _match_groups,
    "tags": _match_tags,
    "recipient_type": _match_recipient_type,
}
