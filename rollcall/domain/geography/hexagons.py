"""Positions counted by hexagon, for a map that is looked at from far away (Web Mercator).

The grid is the same wherever the map is moved to: hexagons stand on a corner, and the first one's
centre is the map's upper left.
"""

from math import sqrt
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rollcall.domain.geography.geodesy import Floats

MAX_LATITUDE: Final = 85.051128779806604
"""Where the square of Web Mercator ends (EPSG:3857); what is beyond is drawn at its edge."""

_HALF_KEY: Final = 1 << 31


class Hexagons(NamedTuple):
    """The hexagons that hold anybody.

    Attributes:
        x: Of their centres; see `project`.
        y: Of their centres.
        counts: How many positions each holds.
    """

    x: Floats
    y: Floats
    counts: NDArray[np.int64]


def project(latitudes: Floats, longitudes: Floats) -> tuple[Floats, Floats]:
    """Return where positions are on the square of Web Mercator.

    Args:
        latitudes: WGS 84 degrees; none may be unknown.
        longitudes: WGS 84 degrees from -180 to 180.

    Returns:
        How far east, from 0 to 1, and how far south, from 0 to 1.
    """
    level = np.radians(np.clip(latitudes, -MAX_LATITUDE, MAX_LATITUDE))
    return longitudes / 360 + 0.5, 0.5 - np.arcsinh(np.tan(level)) / (2 * np.pi)


def count_in_hexagons(x: Floats, y: Floats, radius: float) -> Hexagons:
    """Count positions by the hexagon that they lie in.

    Args:
        x: As `project` returns it.
        y: As `project` returns it.
        radius: From a hexagon's centre to its corners, as a part of the square's side.
    """
    columns, rows = _round_to_centres((x * sqrt(3) - y) / (3 * radius), y * 2 / (3 * radius))
    keys, counts = np.unique(columns * (2 * _HALF_KEY) + rows + _HALF_KEY, return_counts=True)
    columns, rows = keys // (2 * _HALF_KEY), keys % (2 * _HALF_KEY) - _HALF_KEY
    return Hexagons(radius * sqrt(3) * (columns + rows / 2), radius * 1.5 * rows, counts)


def _round_to_centres(columns: Floats, rows: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the centre nearest to each pair of axial coordinates.

    The three coordinates of a hexagon sum to nothing: of three that are rounded, the one that
    moved most follows from the others (Patel, Hexagonal Grids, redblobgames.com).
    """
    others = -columns - rows
    rounded = np.rint(columns), np.rint(rows), np.rint(others)
    moved_columns = np.abs(rounded[0] - columns)
    moved_rows = np.abs(rounded[1] - rows)
    moved_others = np.abs(rounded[2] - others)
    is_columns = (moved_columns > moved_rows) & (moved_columns > moved_others)
    is_rows = ~is_columns & (moved_rows > moved_others)
    settled_columns = np.where(is_columns, -rounded[1] - rounded[2], rounded[0])
    settled_rows = np.where(is_rows, -rounded[0] - rounded[2], rounded[1])
    return settled_columns.astype(np.int64), settled_rows.astype(np.int64)
