"""The filters behind an audience: those of the selection and those of its dynamic filters."""

from collections.abc import Iterator
from dataclasses import dataclass

from rollcall.domain.selecting import SavedFilters, select_audience
from rollcall.domain.selection import Filter, Naming, Selection
from rollcall.domain.world import World


@dataclass(frozen=True, slots=True)
class PlacedFilter:
    """A filter of a selection or of a dynamic filter, and whom excluding leaves out of it.

    Attributes:
        criteria: The filter.
        where: Where it stands, e.g. `dynamic filter 'Japan now': filters[0]`.
        excluded: The ids of people who are left out of it on purpose.
    """

    criteria: Filter
    where: str
    excluded: frozenset[str]


def iterate_filters(
    selection: Selection,
    world: World,
    saved_filters: SavedFilters,
    prefix: str = "",
    excluded: frozenset[str] = frozenset(),
) -> Iterator[PlacedFilter]:
    """Yield the filters that choose, those of dynamic filters too; never those that exclude."""
    left_out = excluded | find_excluded(selection, world, saved_filters)
    for index, criteria in enumerate(selection.filters):
        yield PlacedFilter(criteria, f"{prefix}filters[{index}]", left_out)
    for name in dict.fromkeys(selection.saved_filters):
        inner = f"{prefix}dynamic filter {name!r}: "
        yield from iterate_filters(saved_filters[name], world, saved_filters, inner, left_out)


def find_excluded(
    selection: Selection, world: World, saved_filters: SavedFilters
) -> frozenset[str]:
    """Return the ids of the people whom a selection excludes by name, group or filter."""
    if selection.exclude.names_nothing():
        return frozenset()
    named = {name: getattr(selection.exclude, name) for name in Naming.model_fields}
    excluded = select_audience(Selection(**named), world, saved_filters=saved_filters)
    return frozenset(
        one.person_id
        for one in excluded.recipients
        if any(reason["by"] != "facility" for reason in one.via)
    )
