"""Outlines and circles of alerts as GeoJSON, and the point an incident is shown at.

Everything is WGS 84 degrees. A corner is (longitude, latitude), as in GeoJSON; CAP and GeoRSS write
them the other way round, and their readers turn them.
"""

import math
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

import shapely
from pyproj import Geod

from rollcall.sources.feeds.collecting import EntryError

Corner = tuple[float, float]
Outline = tuple[Corner, ...]

CIRCLE_CORNERS = 96
"""Of the polygon that stands for a circle: it exceeds the radius by 0.05 %."""

CIRCLE_MAX_KM = 5_000.0
"""A larger circle is most of a hemisphere, whose edges are not straight on any map."""

MAX_CORNERS = 20_000
"""Of all outlines of one entry; checking as many takes 0.1 s. The coast of Norway has 10,000."""

LEAST_EXTENT = 1e-10
"""Square degrees, about a square metre: less is a line."""

_RING_MIN_CORNERS = 3
_HALF_TURN, _TURN = 180.0, 360.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where an incident is.

    Attributes:
        latitude: Of a point within the area, or the point itself.
        longitude: The same, from -180 to 180.
        area: GeoJSON; None for a mere point.
    """

    latitude: float
    longitude: float
    area: dict[str, Any] | None = None


def make_outline(corners: list[Corner]) -> Outline:
    """Return a closed outline without jumps at the antimeridian.

    An edge from 179 to -179 is the short one over the antimeridian, so the second end becomes 181.
    An outline that goes once round the globe holds a pole: it is led along it.

    Raises:
        EntryError: It has fewer than three corners, one beyond ±90 or ±360, or goes round the
            globe more than once.
    """
    ring = corners[:-1] if corners and corners[0] == corners[-1] else corners
    if len(set(ring)) < _RING_MIN_CORNERS:
        raise EntryError("an outline has fewer than three corners")
    if not all(abs(lon) <= _TURN and abs(lat) <= 90 for lon, lat in ring):  # noqa: PLR2004
        raise EntryError("an outline has a corner beyond ±90 or ±360")
    unwrapped = _unwrap([*ring, ring[0]])
    _require_one_turn(unwrapped, around=unwrapped[0][0])
    return (*unwrapped, *_lead_along_pole(unwrapped))


def make_circle(latitude: float, longitude: float, radius_km: float) -> Outline:
    """Return the polygon that stands for a geodesic circle, right to 0.5 %; none at radius 0.

    Computed on the WGS 84 ellipsoid (Karney 2013, by PROJ).

    Raises:
        EntryError: The radius is negative or beyond `CIRCLE_MAX_KM`.
    """
    if not 0 <= radius_km <= CIRCLE_MAX_KM:
        raise EntryError(f"a circle's radius is not from 0 to {CIRCLE_MAX_KM:,.0f} km")
    if radius_km == 0:
        return ()
    corner_distance_m = radius_km * 1000 / math.cos(math.pi / CIRCLE_CORNERS)
    count = CIRCLE_CORNERS
    azimuths = [-_TURN * number / count for number in range(count)]  # anticlockwise
    longitudes, latitudes, _ = _load_geod().fwd(
        [longitude] * count, [latitude] * count, azimuths, [corner_distance_m] * count
    )
    pairs = zip(longitudes, latitudes, strict=True)
    return make_outline([(round(lon, 6), round(lat, 6)) for lon, lat in pairs])


def place_outlines(outlines: list[Outline]) -> Place | None:
    """Return the area of all outlines together and a point within the largest.

    The same outline given twice (an alert in two languages) counts once. One that crosses itself
    becomes its convex hull: whatever its author meant, nobody drops out.

    Returns:
        None where no outline has any extent.

    Raises:
        EntryError: They have too many corners.
    """
    distinct = [outline for outline in dict.fromkeys(outlines) if outline]
    if sum(map(len, distinct)) > MAX_CORNERS:
        raise EntryError(f"its outlines have more than {MAX_CORNERS:,} corners")
    found = [_make_polygon(outline) for outline in distinct]
    polygons = [polygon for polygon in found if polygon is not None]
    if not polygons:
        return None
    point = max(polygons, key=lambda polygon: polygon.area).representative_point()
    return Place(latitude=point.y, longitude=_normalise(point.x), area=_write_area(polygons))


def _unwrap(ring: list[Corner]) -> Outline:
    offset = 0.0
    unwrapped = [ring[0]]
    for (before, _), (lon, lat) in pairwise(ring):
        step = lon - before
        if _HALF_TURN < abs(step) < _TURN:  # exactly a turn is the edge of a map of the world
            offset -= math.copysign(_TURN, step)
        unwrapped.append((lon + offset, lat))
    return tuple(unwrapped)


def _require_one_turn(ring: Outline, around: float) -> None:
    """Allow a turn and a half: a circle just round a pole overtakes itself a little."""
    if max(abs(lon - around) for lon, _ in ring) > _TURN + _HALF_TURN:
        raise EntryError("an outline goes round the globe more than once")


def _lead_along_pole(ring: Outline) -> Outline:
    """Return what closes a ring that ends a turn from where it began."""
    (first_lon, first_lat), (last_lon, _) = ring[0], ring[-1]
    if first_lon == last_lon:
        return ()
    pole = math.copysign(90.0, sum(lat for _, lat in ring))
    return ((last_lon, pole), (first_lon, pole), (first_lon, first_lat))


def _make_polygon(outline: Outline) -> shapely.Polygon | None:
    polygon = shapely.Polygon(outline)
    shape = polygon if polygon.is_valid else polygon.convex_hull
    if not isinstance(shape, shapely.Polygon) or shape.area < LEAST_EXTENT:
        return None
    turns = _normalise(shape.representative_point().x) - shape.representative_point().x
    corners = tuple((lon + turns, lat) for lon, lat in shape.exterior.coords)
    _require_one_turn(corners, around=0.0)
    return shapely.Polygon(corners if shape.exterior.is_ccw else corners[::-1])


def _normalise(longitude: float) -> float:
    turns = math.floor((longitude + _HALF_TURN) / _TURN)
    return longitude - turns * _TURN


def _write_area(polygons: list[shapely.Polygon]) -> dict[str, Any]:
    """Write RFC 7946; several may overlap, which a MultiPolygon's members must not."""
    geometries = [
        {"type": "Polygon", "coordinates": [[list(corner) for corner in polygon.exterior.coords]]}
        for polygon in polygons
    ]
    if len(geometries) == 1:
        return geometries[0]
    features = [
        {"type": "Feature", "properties": {}, "geometry": geometry} for geometry in geometries
    ]
    return {"type": "FeatureCollection", "features": features}


@cache
def _load_geod() -> Geod:
    return Geod(ellps="WGS84")
