"""Aim a selection at where an incident is."""

from typing import Any

from rollcall.domain.selection import Filter, Selection
from rollcall.errors import SelectionError


def aim_at_area(selection: Selection | None, area: dict[str, Any]) -> Selection:
    """Return a selection whose filters all hold within an area.

    Args:
        selection: What else must hold; its people, groups and facilities stay as named, and so does
            what it excludes. None: everybody and every facility in the area.
        area: GeoJSON.

    Raises:
        SelectionError: A filter has an area of its own, or there is no filter to narrow.
    """
    if selection is None:
        return Selection(filters=(Filter(area=area),))
    if not selection.filters:
        raise SelectionError("selection: an incident narrows filters, and this selection has none")
    for index, criteria in enumerate(selection.filters):
        if criteria.area is not None:
            raise SelectionError(f"selection: filters[{index}] has an area of its own")
    narrowed = tuple(one.model_copy(update={"area": area}) for one in selection.filters)
    return selection.model_copy(update={"filters": narrowed})
