"""Random areas: corners lie on whole degrees, so that points often lie on edges and corners."""

from math import atan2
from random import Random
from typing import Any

Row = dict[str, Any]
Ring = list[list[float]]

CENTRES = ((0, 180), (35, 139), (51, 0), (-18, 177), (35, -179))
"""Latitude and longitude around which areas and people lie; most near the antimeridian."""

SPAN = 6
"""Degrees that corners lie from the centre, at most."""


def make_area(draw: Random) -> Row:
    """Make up an area in one of the forms that the contract allows."""
    polygons = [_make_polygon(draw) for _ in range(draw.choice((1, 1, 2, 3)))]
    if draw.random() < 0.4:
        polygons = _make_split_rectangle(draw) + polygons
    form = draw.randrange(4)
    if form == 0:
        return _polygon(polygons[0])
    if form == 1:
        return {"type": "MultiPolygon", "coordinates": polygons}
    if form == 2:
        return _feature({"type": "MultiPolygon", "coordinates": polygons})
    return {"type": "FeatureCollection", "features": [_feature(_polygon(one)) for one in polygons]}


def make_point(draw: Random) -> tuple[float, float]:
    """Make up a latitude and longitude within ±180, most of them on a grid of half degrees."""
    south, west = draw.choice(CENTRES)
    if draw.random() < 0.2:
        latitude = round(south + draw.uniform(-SPAN, SPAN), 5)
        longitude = round(west + draw.uniform(-SPAN, SPAN), 5)
    else:
        latitude = south + draw.randint(-2 * SPAN, 2 * SPAN) / 2
        longitude = west + draw.randint(-2 * SPAN, 2 * SPAN) / 2
    if abs(longitude) == 180:
        return latitude, draw.choice((-180.0, 180.0))
    return latitude, round((longitude + 180) % 360 - 180, 5)


def _polygon(rings: list[Ring]) -> Row:
    return {"type": "Polygon", "coordinates": rings}


def _feature(geometry: Row) -> Row:
    return {"type": "Feature", "properties": None, "geometry": geometry}


def _make_polygon(draw: Random) -> list[Ring]:
    south, west = draw.choice(CENTRES)
    turned = west + draw.choice((0, 0, 360 if west < 0 else -360))
    if draw.random() < 0.5:
        return [_make_star(draw, south, turned)]
    return _make_holed_rectangle(draw, south, turned)


def _make_star(draw: Random, south: int, west: int) -> Ring:
    """Return a ring around a centre: corners by their direction cannot cross one another."""
    corners: dict[float, list[float]] = {}
    while not _surrounds(sorted(corners)):
        x, y = draw.randint(-SPAN, SPAN), draw.randint(-SPAN, SPAN)
        if (x, y) != (0, 0):
            corners[atan2(y, x)] = [west + x, south + y]
    ring = [corners[direction] for direction in sorted(corners)]
    if draw.random() < 0.5:
        ring.reverse()
    return [*ring, ring[0]]


def _surrounds(directions: list[float]) -> bool:
    """Tell whether no two neighbouring directions are half a turn apart or more."""
    if len(directions) < 3:
        return False
    after = [*directions[1:], directions[0] + 6.283]
    return all(there - here < 3.1 for here, there in zip(directions, after, strict=True))


def _make_holed_rectangle(draw: Random, south: int, west: int) -> list[Ring]:
    left, right = west - draw.randint(2, SPAN), west + draw.randint(2, SPAN)
    bottom, top = south - draw.randint(2, SPAN), south + draw.randint(2, SPAN)
    rings = [_rectangle(left, bottom, right, top)]
    if draw.random() < 0.6:
        rings.append(_rectangle(left + 1, bottom + 1, west, south)[::-1])
    if draw.random() < 0.4:
        rings.append(_rectangle(west + 0.5, south + 0.5, right - 0.5, top - 0.5)[::-1])
    return rings


def _make_split_rectangle(draw: Random) -> list[list[Ring]]:
    """Return a rectangle over the antimeridian as RFC 7946 wants it, cut there; or half of it."""
    south = draw.choice((0, -18, 35))
    bottom, top = south - draw.randint(1, SPAN), south + draw.randint(1, SPAN)
    halves = [
        [_rectangle(180 - draw.randint(1, SPAN), bottom, 180, top)],
        [_rectangle(-180, bottom, -180 + draw.randint(1, SPAN), top)],
    ]
    return draw.choice((halves, halves[:1], halves[1:]))


def _rectangle(left: float, bottom: float, right: float, top: float) -> Ring:
    return [[left, bottom], [right, bottom], [right, top], [left, top], [left, bottom]]
