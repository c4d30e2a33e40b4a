"""What of the people a map shows: hexagons from far away, points where few are in view."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from dashboards.overview.picture import Picture, list_names
from rollcall.domain.geography.geodesy import Floats
from rollcall.domain.geography.hexagons import count_in_hexagons, project

MOST_POINTS: Final = 400
"""People in view who are shown one by one."""

MOST_NAMES: Final = 8
"""At one place; the others are counted."""

MOST_ZOOM: Final = 18

_TILE_PX: Final = 256
"""The side of the world at zoom 0 (Leaflet's)."""

_RADIUS_PX: Final = 14
"""Of a hexagon: some 1,000 fill a screen."""

_POINT_DIGITS: Final = 5
_CENTRE_DIGITS: Final = 7


@dataclass(frozen=True, slots=True)
class Window:
    """What of the world is in view, in degrees, and how closely it is looked at.

    Attributes:
        west: Longitude.
        south: Latitude.
        east: Longitude.
        north: Latitude.
        zoom: Leaflet's, from 0 to `MOST_ZOOM`.
    """

    west: float
    south: float
    east: float
    north: float
    zoom: int

    def __post_init__(self) -> None:
        """Refuse what is no window.

        Raises:
            ValueError: It is none.
        """
        is_level = -90 <= self.south <= self.north <= 90  # noqa: PLR2004 - degrees
        if not (is_level and self.west <= self.east and 0 <= self.zoom <= MOST_ZOOM):
            raise ValueError("this is no part of the world")


def describe_people(picture: Picture, window: Window) -> dict[str, Any]:
    """Return the people in view as a map draws them.

    Returns:
        `people_count`, and either `points`, a list of `[latitude, longitude, count, names]`, or
        `cells`, a list of `[x, y, count]` (`project`) of hexagons with `radius`.
    """
    seen = _find_seen(picture, window)
    if len(seen) <= MOST_POINTS:
        points = _list_points(picture, picture.placed.rows[seen])
        return {"people_count": len(seen), "points": points}
    radius = _RADIUS_PX / (_TILE_PX * 2**window.zoom)
    counted = count_in_hexagons(picture.placed.x[seen], picture.placed.y[seen], radius)
    digits = _CENTRE_DIGITS
    cells = [
        [round(x, digits), round(y, digits), count]
        for x, y, count in zip(*(part.tolist() for part in counted), strict=True)
    ]
    return {"people_count": len(seen), "radius": radius, "cells": cells}


def _find_seen(picture: Picture, window: Window) -> NDArray[np.int64]:
    (top, bottom), (left, right) = _corners(window)
    x, y = picture.placed.x, picture.placed.y
    return np.flatnonzero((x >= left) & (x <= right) & (y >= top) & (y <= bottom))


def _corners(window: Window) -> tuple[Floats, Floats]:
    latitudes = np.array([window.north, window.south])
    x, y = project(latitudes, np.array([window.west, window.east]))
    return y, x


def _list_points(picture: Picture, rows: NDArray[np.int64]) -> list[list[Any]]:
    """Return the places where people are, each once."""
    people = picture.world.people
    places: dict[tuple[float, float], list[int]] = {}
    latitudes = people["latitude"].gather(rows.tolist()).to_list()
    longitudes = people["longitude"].gather(rows.tolist()).to_list()
    for row, latitude, longitude in zip(rows.tolist(), latitudes, longitudes, strict=True):
        at = (round(latitude, _POINT_DIGITS), round(longitude, _POINT_DIGITS))
        places.setdefault(at, []).append(row)
    return [[*at, len(here), _name_some(picture, here)] for at, here in places.items()]


def _name_some(picture: Picture, rows: Sequence[int]) -> list[str]:
    return list_names(picture, rows[:MOST_NAMES])
