"""Whether a point lies in a GeoJSON area (contract §3, `area`), by ray casting on the plane."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

Point = tuple[float, float]
Ring = list[Point]

TURNS = (-720, -360, 0, 360, 720)
"""A point is looked for on every turn of the world that a shape may be drawn on."""


def area_holds(area: dict[str, Any], latitude: float | None, longitude: float | None) -> bool:
    """Tell whether coordinates lie in an area, edge included; unknown ones do not."""
    if latitude is None or longitude is None:
        return False
    return any(
        _polygon_holds(rings, (longitude + turn, latitude))
        for rings in list_polygons(area)
        for turn in TURNS
    )


def list_polygons(area: dict[str, Any]) -> Iterator[list[Ring]]:
    """Yield the rings of every polygon of an area, the outer one first."""
    if area["type"] == "FeatureCollection":
        for feature in area["features"]:
            yield from list_polygons(feature)
    elif area["type"] == "Feature":
        yield from list_polygons(area["geometry"])
    elif area["type"] == "MultiPolygon":
        for rings in area["coordinates"]:
            yield [[(x, y) for x, y, *_ in ring] for ring in rings]
    else:
        yield [[(x, y) for x, y, *_ in ring] for ring in area["coordinates"]]


def _polygon_holds(rings: list[Ring], point: Point) -> bool:
    if any(_is_on_edge(ring, point) for ring in rings):
        return True
    outer, *holes = rings
    return _is_inside(outer, point) and not any(_is_inside(hole, point) for hole in holes)


def _is_on_edge(ring: Ring, point: Point) -> bool:
    x, y = point
    for (x1, y1), (x2, y2) in pairwise(ring):
        is_on_line = (x2 - x1) * (y - y1) == (y2 - y1) * (x - x1)
        is_between = min(x1, x2) <= x <= max(x1, x2) and min(y1, y2) <= y <= max(y1, y2)
        if is_on_line and is_between:
            return True
    return False


def _is_inside(ring: Ring, point: Point) -> bool:
    x, y = point
    is_inside = False
    for (x1, y1), (x2, y2) in pairwise(ring):
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) * (x2 - x1) / (y2 - y1):
            is_inside = not is_inside
    return is_inside
