"""Dynamic filters: selections under a name, which other selections and dynamic filters may use."""

from collections.abc import Iterable, Mapping
from typing import Any

from rollcall.domain.saved_names import tell_unknown
from rollcall.domain.selection import Filter, Naming, Selection, parse_selection
from rollcall.domain.strict_json import parse_json
from rollcall.errors import SelectionError


def parse_saved_filter(text: str | bytes) -> Selection:
    """Read what a dynamic filter stands for: a selection, or one filter by itself.

    Raises:
        SelectionError: Not JSON, an unknown key or criterion, a wrong value, or nothing named.
    """
    try:
        asked = parse_json(text)
    except ValueError as error:
        raise SelectionError(f"selection is not valid JSON: {error}") from error
    if not isinstance(asked, dict):
        raise SelectionError("selection: must be an object")
    return parse_selection({"filters": [asked]} if _is_bare_filter(asked) else asked)


def selection_to_json(selection: Selection) -> dict[str, Any]:
    """Return a selection as it was meant: without what is as if it had not been said."""
    return selection.model_dump(mode="json", exclude_defaults=True)


def collect_names(selection: Selection) -> tuple[str, ...]:
    """Return the dynamic filters that a selection names itself, each once."""
    return tuple(dict.fromkeys((*selection.saved_filters, *selection.exclude.saved_filters)))


def find_whole(selection: Selection) -> str | None:
    """Return the dynamic filter that a selection consists of; None where it says anything else."""
    names = collect_names(selection)
    if len(names) == 1 and selection == Selection(saved_filters=names):
        return names[0]
    return None


def gather(selection: Selection, saved: Mapping[str, Selection]) -> dict[str, Selection]:
    """Return every dynamic filter that a selection uses, itself or through another, by name.

    Raises:
        SelectionError: One does not exist, or leads to itself; names it.
    """
    gathered: dict[str, Selection] = {}
    for name in collect_names(selection):
        _gather_into(gathered, name, saved, ())
    return gathered


def rename_reference(selection: Selection, old: str, new: str) -> Selection:
    """Return a selection that names `new` wherever it named `old`."""
    return selection.model_copy(
        update={
            "saved_filters": _renamed(selection, old, new),
            "exclude": selection.exclude.model_copy(
                update={"saved_filters": _renamed(selection.exclude, old, new)}
            ),
        }
    )


def _is_bare_filter(asked: Mapping[str, Any]) -> bool:
    """Tell whether only a filter has these keys; `groups` alone means the same in both."""
    return asked.keys() <= Filter.model_fields.keys() and not (
        asked.keys() <= Selection.model_fields.keys()
    )


def _gather_into(
    gathered: dict[str, Selection], name: str, saved: Mapping[str, Selection], via: tuple[str, ...]
) -> None:
    if name in via:
        raise SelectionError(f"dynamic filters lead in a circle: {_chain((*via, name), name)}")
    if name in gathered:
        return
    if name not in saved:
        by = f"dynamic filter {via[-1]!r}" if via else "selection"
        raise SelectionError(f"{by}: {tell_unknown('dynamic filter', name, saved)}")
    for inner in collect_names(saved[name]):
        _gather_into(gathered, inner, saved, (*via, name))
    gathered[name] = saved[name]


def _chain(names: tuple[str, ...], first: str) -> str:
    return " → ".join(map(repr, names[names.index(first) :]))


def _renamed(naming: Naming, old: str, new: str) -> Iterable[str]:
    return tuple(new if name == old else name for name in naming.saved_filters)
