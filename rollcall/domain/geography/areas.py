"""Areas drawn on a map: who is in one, who might be, and who is close to it."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from math import ceil, floor
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from rollcall.domain.geography.boundary import Boundary, Indices
from rollcall.domain.geography.geodesy import (
    MEAN_RADIUS_M,
    POLE_DEGREES,
    Floats,
    reach_degrees,
    wrap_longitudes,
)
from rollcall.domain.geography.geojson import read_polygons
from rollcall.errors import SelectionError

NEAR_MISS_WITHIN_M = 25_000.0
"""How close to an area somebody outside counts as a near miss."""

FARTHEST_M = 4 * MEAN_RADIUS_M
"""More than any two places are apart."""

MAX_BOXES = 64
"""Above it, asking one box around all is faster than asking each polygon's (measured)."""

Mask = NDArray[np.bool_]


def parse_area(geojson: object, where: str) -> "Area":
    """Read the `area` of a filter (contract §3): planar longitude, latitude.

    Args:
        geojson: A Polygon, MultiPolygon, Feature or FeatureCollection, as JSON gives it.
        where: How it is called in a mistake's sentence, e.g. `filters[0].area`.

    Raises:
        SelectionError: It is none, or can mean no area; says which polygon and why.
    """
    try:
        return Area(read_polygons(geojson))
    except ValueError as error:
        raise SelectionError(f"selection: {where}: {error}") from error


class Area:
    """A part of the world, edge included; 180 and -180 are the same place, and so is a pole.

    Positions are given as degrees in arrays of one length, NaN where unknown: in no area, and near
    none.

    Args:
        polygons: Valid; longitudes on any turn. They may overlap.
    """

    def __init__(self, polygons: Sequence[shapely.Polygon]) -> None:
        self._polygons = list(polygons)
        together = shapely.MultiPolygon(self._polygons)
        # as one they are asked at once; if they overlap, as one they would cancel each other out
        self._shapes = [together] if together.is_valid else self._polygons
        shapely.prepare(self._shapes)
        boxes = shapely.bounds(self._polygons)
        self._bounds = shapely.total_bounds(self._polygons)
        self._boxes = boxes if len(boxes) <= MAX_BOXES else self._bounds[None]

    def holds(self, latitudes: Floats, longitudes: Floats) -> Mask:
        """Tell which positions lie in the area, edge included."""
        held = self._hold_poles(latitudes)
        wrapped = wrap_longitudes(longitudes)
        for turned in self._turn(wrapped):
            near = np.flatnonzero(_in_boxes(latitudes, turned, self._boxes))
            for shape in self._shapes:
                held[near] |= shapely.intersects_xy(shape, turned[near], latitudes[near])
        return held

    def touches_circle(self, latitudes: Floats, longitudes: Floats, accuracy_m: Floats) -> Mask:
        """Tell which positions may lie in the area, for all that is known of them.

        Args:
            latitudes: Degrees.
            longitudes: Degrees.
            accuracy_m: Radius of the circle that somebody is in, metres; NaN where unknown: then
                only the position counts.
        """
        touched = self.holds(latitudes, longitudes)
        close = self._find_close(latitudes, longitudes, accuracy_m, touched)
        # a circle that reaches what the edge is not beyond touches it, however far that is
        is_sure = close.bounds_m <= close.reach_m
        touched[close.places[is_sure]] = True
        touched[close.places[~is_sure]] = self._measure(close, ~is_sure) < np.inf
        return touched

    def distance_m(
        self,
        latitudes: Floats,
        longitudes: Floats,
        within_m: Floats | float = NEAR_MISS_WITHIN_M,
    ) -> Floats:
        """Return the geodesic distance of positions to the area, in metres.

        It is 0 within the area, infinite beyond `within_m`; right to 5 parts in 100,000.

        Args:
            latitudes: Degrees.
            longitudes: Degrees.
            within_m: How far to look, for all or for each position, metres.
        """
        held = self.holds(latitudes, longitudes)
        close = self._find_close(latitudes, longitudes, within_m, held)
        distances_m = np.where(held, 0.0, np.inf)
        distances_m[close.places] = self._measure(close, np.ones_like(close.places, dtype=np.bool_))
        return distances_m

    @cached_property
    def _boundary(self) -> Boundary:
        return Boundary(self._polygons)

    def _hold_poles(self, latitudes: Floats) -> Mask:
        _, south, _, north = self._bounds
        held = np.zeros(latitudes.shape, dtype=np.bool_)
        for pole in {south, north} & {-POLE_DEGREES, POLE_DEGREES}:
            held |= latitudes == pole
        return held

    def _turn(self, wrapped: Floats, spare: int = 0) -> Iterator[Floats]:
        """Yield longitudes on each turn of the world that the area has a part on."""
        west, _, east, _ = self._bounds
        first, last = ceil((west - 180) / 360), floor((east + 180) / 360)
        for turn in range(first - spare, last + spare + 1):
            yield wrapped + 360.0 * turn if turn else wrapped

    def _find_close(
        self, latitudes: Floats, longitudes: Floats, within_m: Floats | float, held: Mask
    ) -> "_Close":
        """Find who is outside the area and near its bounds, or perhaps is."""
        reach_m = np.broadcast_to(np.minimum(within_m, FARTHEST_M), latitudes.shape)
        wrapped = wrap_longitudes(longitudes)
        up, aside = reach_degrees(latitudes, reach_m)
        near = np.zeros(latitudes.shape, dtype=np.bool_)
        for turned in self._turn(wrapped, spare=1):
            for box in self._boxes:
                near |= _in_window(latitudes, turned, box, up, aside)
        places = np.flatnonzero(near & ~held & (reach_m > 0))
        least_m, most_m = self._boundary.bound_distances_m(latitudes[places], wrapped[places])
        kept = least_m <= reach_m[places]
        places = places[kept]
        return _Close(places, latitudes[places], wrapped[places], reach_m[places], most_m[kept])

    def _measure(self, close: "_Close", chosen: Mask) -> Floats:
        """Return the distances of the chosen ones, infinite beyond their reach."""
        look_m = np.minimum(close.reach_m, close.bounds_m)[chosen]
        where = close.latitudes[chosen], close.longitudes[chosen]
        return self._boundary.find_nearest(*where, look_m).distances_m


class _Close(NamedTuple):
    """Positions that must be measured.

    Attributes:
        places: Where they are among all positions.
        latitudes: Degrees.
        longitudes: Degrees within ±180.
        reach_m: How far each may be from the area to count.
        bounds_m: What each is certainly not farther away than.
    """

    places: Indices
    latitudes: Floats
    longitudes: Floats
    reach_m: Floats
    bounds_m: Floats


def _in_boxes(latitudes: Floats, longitudes: Floats, boxes: Floats) -> Mask:
    inside = np.zeros(latitudes.shape, dtype=np.bool_)
    for box in boxes:
        inside |= _in_window(latitudes, longitudes, box)
    return inside


def _in_window(
    latitudes: Floats,
    longitudes: Floats,
    box: Floats,
    up: Floats | float = 0.0,
    aside: Floats | float = 0.0,
) -> Mask:
    west, south, east, north = box
    is_level = (latitudes >= south - up) & (latitudes <= north + up)
    inside: Mask = is_level & (longitudes >= west - aside) & (longitudes <= east + aside)
    return inside
