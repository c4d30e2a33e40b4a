"""Polygons in whole eighths of a degree, and who is in them by plain integer arithmetic.

It shares nothing with the product: no GEOS, no floats. An eighth is exact in binary, so that the
edge is the edge on both sides of a comparison.
"""

from itertools import pairwise
from math import atan2
from typing import Any

from hypothesis import strategies as st

Corner = tuple[int, int]
Ring = list[Corner]
"""Longitude and latitude, closed."""

Polygon = list[Ring]

TURN = 360 * 8
SEAM = 180 * 8
RADIUS = 40
"""Five degrees."""


@st.composite
def rings(draw: st.DrawFn) -> Ring:
    """Draw corners around a middle, in order of their direction: no edges cross."""
    reach = st.integers(-RADIUS // 2, RADIUS // 2).map(lambda number: 2 * number)
    quadrants = [(1, 1), (-1, 1), (-1, -1), (1, -1)]
    around = [
        (x * draw(st.integers(1, 20)) * 2, y * draw(st.integers(1, 20)) * 2) for x, y in quadrants
    ]
    more = draw(st.lists(st.tuples(reach, reach).filter(any), max_size=8))
    by_direction = {atan2(y, x): (x, y) for x, y in [*more, *around]}
    ring = [by_direction[direction] for direction in sorted(by_direction)]
    return [*ring, ring[0]]


@st.composite
def polygons(draw: st.DrawFn, within: int = SEAM) -> Polygon:
    """Draw a polygon, with or without a hole of its own form, anywhere but around a pole."""
    ring = draw(rings())
    middle = draw(st.integers(-within, within)), draw(st.integers(-80 * 8, 80 * 8))
    shell = _move(ring, middle)
    if draw(st.booleans()):
        return [shell, _move([(x // 2, y // 2) for x, y in ring], middle)]
    return [shell]


@st.composite
def places(draw: st.DrawFn, polygon: Polygon) -> Corner:
    """Draw a place near a polygon: on a corner, on an edge or anywhere; on any turn."""
    ring = draw(st.sampled_from(polygon))
    index = draw(st.integers(0, len(ring) - 2))
    (x, y), (next_x, next_y) = ring[index], ring[index + 1]
    anywhere = st.integers(-RADIUS - 8, RADIUS + 8)
    where = draw(
        st.one_of(
            st.just((x, y)),
            st.just(((x + next_x) // 2, (y + next_y) // 2)),
            st.tuples(anywhere.map(lambda by: x + by), anywhere.map(lambda by: y + by)),
        )
    )
    return where[0] + TURN * draw(st.integers(-1, 1)), max(-720, min(720, where[1]))


def is_in(polygon: Polygon, place: Corner) -> bool:
    """Tell whether a place on any turn is in a polygon, edge included."""
    x, y = place
    return any(_is_in_plane(polygon, (x + TURN * turn, y)) for turn in range(-3, 4))


def to_geojson(*several: Polygon) -> dict[str, Any]:
    """Write polygons as a MultiPolygon."""
    coordinates = [[[[x / 8, y / 8] for x, y in ring] for ring in polygon] for polygon in several]
    return {"type": "MultiPolygon", "coordinates": coordinates}


def _move(ring: Ring, by: Corner) -> Ring:
    return [(x + by[0], y + by[1]) for x, y in ring]


def _is_in_plane(polygon: Polygon, place: Corner) -> bool:
    edges = [edge for ring in polygon for edge in pairwise(ring)]
    if any(_is_on(place, *edge) for edge in edges):
        return True
    return sum(_is_crossed(place, *edge) for edge in edges) % 2 == 1


def _is_on(place: Corner, start: Corner, end: Corner) -> bool:
    between = all(
        min(first, last) <= one <= max(first, last)
        for one, first, last in zip(place, start, end, strict=True)
    )
    return between and _side(place, start, end) == 0


def _is_crossed(place: Corner, start: Corner, end: Corner) -> bool:
    """Tell whether a ray to the east crosses an edge."""
    if (start[1] > place[1]) == (end[1] > place[1]):
        return False
    return (_side(place, start, end) > 0) == (end[1] > start[1])


def _side(place: Corner, start: Corner, end: Corner) -> int:
    along = (end[0] - start[0], end[1] - start[1])
    towards = (place[0] - start[0], place[1] - start[1])
    return along[0] * towards[1] - along[1] * towards[0]
