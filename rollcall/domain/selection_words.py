"""A selection in words: the names that were given to things, and counts of the rest."""

from rollcall.domain.selection import Naming, Selection


def tell_selection(selection: Selection) -> str:
    """Say in a few words who is meant; names no person."""
    excluded = _tell_naming(selection.exclude)
    return _tell_naming(selection) + (f"; without {excluded}" if excluded else "")


def _tell_naming(naming: Naming) -> str:
    names = ["everyone"] if naming.everyone else []
    names += [f"dynamic filter {one}" for one in naming.saved_filters]
    names += [f"group {one}" for one in naming.groups]
    counted = (
        (len(naming.facilities), "facility", "facilities"),
        (len(naming.people), "person by name", "people by name"),
        (len(naming.filters), "filter of its own", "filters of its own"),
    )
    names += [f"{count} {one if count == 1 else many}" for count, one, many in counted if count]
    return ", ".join(names)
