"""Previews of small worlds."""

from typing import Any

from rollcall.domain.preview.preview import Preview, preview_audience
from rollcall.domain.selecting import select_audience
from rollcall.domain.selection import Selection, parse_selection
from rollcall.domain.world import World
from tests.unit.domain.conftest import hour

AIRPORT_COUNTRIES = {"HND": "JP", "NRT": "JP", "CDG": "FR", "BKK": "TH", "DMK": "TH"}

SQUARE = {"type": "Polygon", "coordinates": [[[10, 0], [11, 0], [11, 1], [10, 1], [10, 0]]]}
"""One degree at the equator: 0.1° beside it is 11 km."""


def preview(
    world: World,
    *,
    managers_only: bool = False,
    saved: dict[str, Selection] | None = None,
    **selection: Any,
) -> Preview:
    """Preview a selection."""
    asked = parse_selection(selection)
    audience = select_audience(asked, world, managers_only=managers_only, saved_filters=saved or {})
    return preview_audience(
        asked,
        world,
        audience,
        managers_only=managers_only,
        saved_filters=saved or {},
        airport_countries=AIRPORT_COUNTRIES,
    )


def reported(hours_ago: float, **known: Any) -> dict[str, Any]:
    """Return the columns of a position that was reported so many hours before `AS_OF`."""
    return {"position_source": "report", "position_at": hour(-hours_ago)} | known
