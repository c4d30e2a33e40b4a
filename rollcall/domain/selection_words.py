"""A selection in words: the names that were given to things, and counts of the rest."""

from collections.abc import Sequence
from typing import Protocol

from rollcall.domain.selection import Selection


class Aims(Protocol):
    """What names recipients: a selection, what it excludes, or a form that is filled in."""

    @property
    def everyone(self) -> bool: ...  # noqa: D102 - as in a selection, like all of these
    @property
    def saved_filters(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def groups(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def facilities(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def people(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def filters(self) -> Sequence[object]: ...  # noqa: D102


def tell_selection(selection: Selection) -> str:
    """Say in a few words who is meant; names no person."""
    excluded = tell_aims(selection.exclude)
    return tell_aims(selection) + (f"; without {excluded}" if excluded else "")


def tell_aims(naming: Aims) -> str:
    """Say in a few words who is named, without who is left out; names no person and no id."""
    names = ["everyone"] if naming.everyone else []
    names += [f"filter {one}" for one in naming.saved_filters]
    names += [f"group {one}" for one in naming.groups]
    counted = (
        (len(naming.facilities), "facility", "facilities"),
        (len(naming.people), "person by name", "people by name"),
        (len(naming.filters), "filter of its own", "filters of its own"),
    )
    names += [f"{count} {one if count == 1 else many}" for count, one, many in counted if count]
    return ", ".join(names)
