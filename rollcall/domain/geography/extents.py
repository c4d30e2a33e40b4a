"""An area in words: where its parts are, and how far across."""

from typing import Final

import numpy as np
import shapely

from rollcall.domain.geography.geodesy import measure_distances_m, wrap_longitudes
from rollcall.domain.geography.geojson import read_polygons

_MOST_TOLD: Final = 3
_METRES_PER_KM: Final = 1000.0
_EXACT_BELOW_KM: Final = 10.0


def tell_extents(geojson: object) -> str:
    """Say where an area is: its largest parts first, each by its middle and its width.

    Args:
        geojson: The area, as a filter takes it.

    Raises:
        ValueError: It can mean no area.
    """
    parts = sorted(map(_measure, read_polygons(geojson)), reverse=True)
    told = [
        f"about {_round(across_km)} km across around {_tell_place(latitude, longitude)}"
        for across_km, latitude, longitude in parts[:_MOST_TOLD]
    ]
    if more := len(parts) - len(told):
        told.append(f"and {more:,} more")
    return told[0] if len(parts) == 1 else f"{len(parts):,} parts: {'; '.join(told)}"


def _measure(polygon: shapely.Polygon) -> tuple[float, float, float]:
    """Return how far a polygon is across, in km, and its middle: latitude, longitude."""
    west, south, east, north = polygon.bounds
    latitude, longitude = (south + north) / 2, (west + east) / 2
    distances_m = measure_distances_m(
        np.array([south, latitude, latitude]),
        np.array([longitude, west, longitude]),
        np.array([north, latitude, latitude]),
        np.array([longitude, longitude, east]),
    )
    across_m = max(distances_m[0], distances_m[1] + distances_m[2])
    [wrapped] = wrap_longitudes(np.array([longitude]))
    return float(across_m) / _METRES_PER_KM, latitude, float(wrapped)


def _round(kilometres: float) -> str:
    return f"{kilometres:,.0f}" if kilometres >= _EXACT_BELOW_KM else f"{kilometres:.1f}"


def _tell_place(latitude: float, longitude: float) -> str:
    north, east = "N" if latitude >= 0 else "S", "E" if longitude >= 0 else "W"
    return f"{abs(latitude):.1f}° {north} {abs(longitude):.1f}° {east}"
