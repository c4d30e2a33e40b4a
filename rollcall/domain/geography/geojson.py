"""GeoJSON into polygons, with one clear sentence for each way it can be wrong (RFC 7946)."""

import re
from collections.abc import Iterator, Sequence
from math import isclose
from typing import Any

import numpy as np
import shapely

from rollcall.domain.geography.geodesy import Floats

MAX_POSITIONS = 150_000
"""No country's outline needs more at the scale of a person's position, and 10 MB hold 250,000."""

MAX_LONGITUDE = 540
"""One turn of the world to either side: as far as map tools let a user draw."""

MIN_RING_POSITIONS = 4
LEAST_SURFACE = 1e-12
"""Square degrees, about a hand's breadth squared: less is a line."""

TOLERANCE = 1e-9
"""By which surfaces that are counted in two ways may differ, of themselves: rounding."""

KINDS = "Polygon, MultiPolygon, Feature or FeatureCollection"


def read_polygons(geojson: object) -> list[shapely.Polygon]:
    """Return the polygons of a Polygon, MultiPolygon, Feature or FeatureCollection.

    Coordinates are planar: longitude, latitude, heights passed over. A shape that crosses the
    antimeridian is split there or goes on beyond ±180; nothing is unwrapped, for a rectangle around
    the world would become a sliver.

    Raises:
        ValueError: It is something else, or a polygon that can mean no area; says which.
    """
    polygons: list[shapely.Polygon] = []
    position_count = 0
    for number, rings in enumerate(_list_polygons(geojson), start=1):
        name = f"polygon {number}"
        read = [_read_ring(ring, name) for ring in _require_list(rings, f"{name} has no rings")]
        position_count += sum(map(len, read))
        if position_count > MAX_POSITIONS:
            raise ValueError(f"has more than {MAX_POSITIONS} positions: simplify it")
        polygons += _build_polygon(read, name)
    if not polygons:
        raise ValueError("holds no polygon")
    return polygons


def _list_polygons(geojson: object) -> Iterator[object]:
    """Yield the rings of each polygon, as they came."""
    kind, members = _open(geojson)
    if kind == "FeatureCollection":
        for feature in _require_list(members.get("features"), "has no list of features"):
            if _open(feature)[0] != "Feature":
                raise ValueError("features holds what is no Feature")
            yield from _list_polygons(feature)
    elif kind == "Feature":
        if _open(members.get("geometry"))[0] not in ("Polygon", "MultiPolygon"):
            raise ValueError("a feature must be a Polygon or MultiPolygon")
        yield from _list_polygons(members["geometry"])
    elif kind == "MultiPolygon":
        yield from _require_list(members.get("coordinates"), "has no coordinates")
    elif kind == "Polygon":
        yield members.get("coordinates")
    else:
        raise ValueError(f"must be a GeoJSON {KINDS}")


def _open(geojson: object) -> tuple[object, dict[str, Any]]:
    members = geojson if isinstance(geojson, dict) else {}
    return members.get("type"), members


def _require_list(members: object, problem: str) -> Sequence[Any]:
    if not isinstance(members, list | tuple) or not members:
        raise ValueError(problem)
    return members


def _read_ring(ring: object, name: str) -> Floats:
    """Return a ring's positions, one row of longitude and latitude for each."""
    listed = _require_list(ring, f"{name} has an empty ring")
    if len(listed) < MIN_RING_POSITIONS:
        raise ValueError(
            f"{name} has a ring of {len(listed)} positions; the least is {MIN_RING_POSITIONS}, "
            "the last the same as the first"
        )
    positions = np.array([_read_position(position, name) for position in listed], dtype=np.float64)
    if (positions[0] != positions[-1]).any():
        raise ValueError(f"{name} has a ring that is not closed: repeat its first position at last")
    return positions


def _read_position(position: object, name: str) -> tuple[float, float]:
    numbers = position[:2] if isinstance(position, list | tuple) else ()
    if [_is_number(number) for number in numbers] != [True, True]:
        raise ValueError(f"{name} has a position that is not [longitude, latitude]")
    longitude, latitude = numbers
    _require_within(latitude, 90, f"{name}: latitude", " (longitude comes first)")
    _require_within(longitude, MAX_LONGITUDE, f"{name}: longitude", "")
    return longitude, latitude


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _require_within(degrees: float, limit: int, what: str, hint: str) -> None:
    if not -limit <= degrees <= limit:  # NaN is not, either
        raise ValueError(f"{what} {str(degrees)[:20]} is not within ±{limit}{hint}")


def _build_polygon(rings: list[Floats], name: str) -> list[shapely.Polygon]:
    """Build a polygon, in parts where its rings touch."""
    surface, *holes = (_measure_ring(ring, name) for ring in rings)
    polygon = shapely.Polygon(rings[0], rings[1:])
    mended = shapely.make_valid(polygon)
    if not isclose(mended.area, surface - sum(holes), rel_tol=TOLERANCE, abs_tol=LEAST_SURFACE):
        raise ValueError(
            f"{name} has a hole that is not inside it, or overlaps another{_locate_fault(polygon)}"
        )
    return [part for part in shapely.get_parts(mended) if part.geom_type == "Polygon"]


def _measure_ring(ring: Floats, name: str) -> float:
    """Return what a ring holds, in square degrees.

    A ring that touches itself is as good as several. One that crosses itself leaves open what is
    inside; it is told by the surface that counting crossings gives, which is not that of the ring.
    """
    polygon = shapely.Polygon(ring)
    surface: float = shapely.make_valid(polygon).area
    if surface < LEAST_SURFACE:
        raise ValueError(f"{name} has a ring without any surface")
    if not isclose(surface, polygon.area, rel_tol=TOLERANCE):
        raise ValueError(f"{name} crosses itself{_locate_fault(polygon)}")
    return surface


def _locate_fault(polygon: shapely.Polygon) -> str:
    place = re.search(r"\[(\S+) (\S+)\]", shapely.is_valid_reason(polygon))
    return f", near longitude {place[1]}, latitude {place[2]}" if place else ""
