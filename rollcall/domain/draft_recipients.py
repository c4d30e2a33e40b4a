"""Whom a draft is for, while it is written: names and filters come, go and change one by one.

A filter has no id. It is known by what it said when somebody looked at it: if it says something
else meanwhile, another window has changed it, and nothing is changed on top of that unseen.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final, Literal

from rollcall.domain.drafts import Body, Edit, read_path, set_value
from rollcall.domain.selection import Selection, parse_selection
from rollcall.errors import InputError

Side = Literal["include", "exclude"]
"""Who is meant, or who is left out of that."""

NamedKind = Literal["people", "facilities", "groups", "saved_filters"]

NAMED_KINDS: Final[tuple[NamedKind, ...]] = ("people", "facilities", "groups", "saved_filters")

Criteria = dict[str, Any]
"""One filter as it is written, perhaps without a criterion yet."""

_SIDES: Final[dict[Side, tuple[str, ...]]] = {
    "include": ("selection",),
    "exclude": ("selection", "exclude"),
}
_CHANGED: Final = (
    "this filter was changed or removed in another window meanwhile: look at it as it is now; "
    "nothing was changed"
)


def path_of(side: Side, *keys: str) -> tuple[str, ...]:
    """Return where something of a side stands in a body."""
    return (*_SIDES[side], *keys)


def list_named(body: Body, side: Side, kind: NamedKind) -> list[str]:
    """Return the names of one kind."""
    return [one for one in _list(body, path_of(side, kind)) if isinstance(one, str)]


def list_filters(body: Body, side: Side) -> list[Criteria]:
    """Return the filters of a side."""
    return [one for one in _list(body, path_of(side, "filters")) if isinstance(one, dict)]


def is_everyone(body: Body) -> bool:
    """Tell whether everybody in the data is meant."""
    return read_path(body, path_of("include", "everyone")) is True


def add_names(side: Side, kind: NamedKind, names: Iterable[str]) -> Edit:
    """Return an edit that adds names, each once; those that are there stay where they are."""
    added = list(names)

    def edit(body: Body) -> Body:
        known = list_named(body, side, kind)
        return set_value(body, path_of(side, kind), list(dict.fromkeys([*known, *added])))

    return edit


def remove_names(side: Side, kind: NamedKind, names: Iterable[str]) -> Edit:
    """Return an edit that takes names away; those that are gone already are no mistake."""
    gone = set(names)

    def edit(body: Body) -> Body:
        left = [one for one in list_named(body, side, kind) if one not in gone]
        return set_value(body, path_of(side, kind), left or None)

    return edit


def say_everyone(*, is_meant: bool) -> Edit:
    """Return an edit that means everybody in the data, or does not."""
    return lambda body: set_value(body, path_of("include", "everyone"), is_meant or None)


def add_filter(side: Side, criteria: Criteria) -> Edit:
    """Return an edit that adds a filter."""
    path = path_of(side, "filters")
    return lambda body: set_value(body, path, [*list_filters(body, side), criteria])


def change_filter(
    side: Side, index: int, seen: Criteria, change: Callable[[Criteria], Criteria]
) -> Edit:
    """Return an edit that changes a filter, if it still says what was seen.

    Args:
        side: Of which side.
        index: Where it was.
        seen: What it said.
        change: Returns what it is to say.

    Raises:
        InputError: Whoever makes the edit finds that another window has changed it.
    """

    def edit(body: Body) -> Body:
        filters = list_filters(body, side)
        place = _find(filters, index, seen)
        changed = [*filters[:place], change(filters[place]), *filters[place + 1 :]]
        return set_value(body, path_of(side, "filters"), changed)

    return edit


def remove_filter(side: Side, index: int, seen: Criteria) -> Edit:
    """Return an edit that takes a filter away, if it still says what was seen.

    Raises:
        InputError: Whoever makes the edit finds that another window has changed it.
    """

    def edit(body: Body) -> Body:
        filters = list_filters(body, side)
        place = _find(filters, index, seen)
        left = [*filters[:place], *filters[place + 1 :]]
        return set_value(body, path_of(side, "filters"), left or None)

    return edit


def move_filter(side: Side, index: int, seen: Criteria) -> Edit:
    """Return an edit that lets a filter leave out whom it meant, or the other way round."""
    other: Side = "exclude" if side == "include" else "include"
    remove, add = remove_filter(side, index, seen), add_filter(other, seen)
    return lambda body: add(remove(body))


def count_unsaid(body: Body) -> int:
    """Return how many filters have no criterion yet: sending refuses them."""
    return sum(not _says(one) for side in _SIDES for one in list_filters(body, side))


def read_selection(body: Body) -> Selection | None:
    """Return whom a draft means, for a look; None while it names nobody.

    Filters without a criterion are passed over: they mean nobody yet, on either side.

    Raises:
        SelectionError: What is written cannot be meant.
    """
    named = read_path(body, ("selection",))
    if not isinstance(named, dict):
        return None
    for side in _SIDES:
        path = path_of(side, "filters")
        said = [one for one in list_filters(body, side) if _says(one)]
        body = set_value(body, path, said or None)
    told = read_path(body, ("selection",)) or {}
    if not any(told.get(key) for key in ("everyone", "filters", *NAMED_KINDS)):
        return None
    return parse_selection(told)


def _says(criteria: Criteria) -> bool:
    return bool(criteria.keys() - {"tags_match", "area_match"})


def _find(filters: list[Criteria], index: int, seen: Criteria) -> int:
    if index < len(filters) and filters[index] == seen:
        return index
    if seen in filters:
        return filters.index(seen)
    raise InputError(_CHANGED)


def _list(body: Body, path: tuple[str, ...]) -> list[Any]:
    told = read_path(body, path)
    return told if isinstance(told, list) else []
