"""Who is in an area, by ray casting; whose circle touches it, on a sphere and step by step."""

from collections.abc import Iterator
from itertools import pairwise
from math import asin, cos, radians, sin, sqrt
from random import Random

import pytest

from rollcall.domain.criteria import match_filter
from rollcall.domain.selection import Filter
from tests.integration.contract.oracle_areas import area_holds, list_polygons
from tests.integration.contract.shapes import Row, make_area, make_point
from tests.unit.domain.conftest import build_world, facility, person

RADIUS_M = 6_371_009.0
STEP_DEGREES = 0.05
HALF_STEP_M = 4_000.0
"""An edge is walked in steps: its nearest point is that far from one of them, at most."""

TOLERANCE = 0.01
"""A sphere is not the earth: 0.6 % at most."""

CLOSE_CALLS = (0.9, 0.97, 1.03, 1.1)
"""Accuracies of just less and just more than the distance from the area, as shares of it."""

PEOPLE_PER_AREA = 40
POINTS_PER_AREA = 150

Edge = tuple[float, float]


@pytest.mark.parametrize("seed", range(150))
def test_area_holds_whom_rays_cast_on_the_plane_say(seed: int) -> None:
    draw = Random(seed)  # noqa: S311 - shapes are to be repeatable, not secret
    area = make_area(draw)
    points = {f"p{number}": make_point(draw) for number in range(POINTS_PER_AREA)}
    people = [person(one, latitude=y, longitude=x) for one, (y, x) in points.items()]
    facilities = [facility(one, "JP", latitude=y, longitude=x) for one, (y, x) in points.items()]
    criteria = Filter.model_validate({"area": area})
    found = match_filter(criteria, build_world(people, facilities), "filters[0]")
    held = {one for one, place in points.items() if area_holds(area, *place)}
    assert (set(found[0]), set(found[1])) == (held, held)


@pytest.mark.parametrize("seed", range(25))
def test_possible_takes_whose_circle_touches_the_area_and_nobody_else(seed: int) -> None:
    draw = Random(seed)  # noqa: S311 - as above
    area = make_area(draw)
    edges = list(_walk_edges(area))
    people = [_make_person(draw, f"p{number}", area, edges) for number in range(PEOPLE_PER_AREA)]
    touching = {one["person_id"] for one, touches in people if touches}
    apart = {one["person_id"] for one, touches in people if touches is False}
    criteria = Filter.model_validate({"area": area, "area_match": "possible"})
    found, _ = match_filter(criteria, build_world([one for one, _ in people]), "filters[0]")
    assert touching <= set(found)
    assert not apart & set(found)
    assert touching
    assert apart


def _make_person(
    draw: Random, person_id: str, area: Row, edges: list[Edge]
) -> tuple[Row, bool | None]:
    """Make up somebody; tell whether their circle touches the area, None where it is too close."""
    latitude, longitude = make_point(draw)
    distance_m = _measure_distance_m(area, edges, latitude, longitude)
    accuracy_m = draw.choice((0.0, 15.0, 50_000.0, 500_000.0, *CLOSE_CALLS))
    if accuracy_m in CLOSE_CALLS:
        accuracy_m *= distance_m
    known = {"latitude": latitude, "longitude": longitude, "accuracy_m": accuracy_m}
    return person(person_id, **known), _tell_whether_it_touches(distance_m, accuracy_m)


def _tell_whether_it_touches(distance_m: float, accuracy_m: float) -> bool | None:
    if distance_m * (1 + TOLERANCE) <= accuracy_m:
        return True
    nearest_m = sqrt(max(distance_m**2 - HALF_STEP_M**2, 0))
    return False if nearest_m * (1 - TOLERANCE) > accuracy_m else None


def _walk_edges(area: Row) -> Iterator[Edge]:
    for rings in list_polygons(area):
        for ring in rings:
            for (x1, y1), (x2, y2) in pairwise(ring):
                steps = int(max(abs(x2 - x1), abs(y2 - y1)) / STEP_DEGREES)
                for step in range(steps + 1):
                    share = step / steps
                    yield y1 + share * (y2 - y1), x1 + share * (x2 - x1)


def _measure_distance_m(area: Row, edges: list[Edge], latitude: float, longitude: float) -> float:
    if area_holds(area, latitude, longitude):
        return 0.0
    return min(_haversine_m(latitude, longitude, *edge) for edge in edges)


def _haversine_m(latitude: float, longitude: float, other: float, other_longitude: float) -> float:
    up, aside = radians(other - latitude), radians(other_longitude - longitude)
    level = cos(radians(latitude)) * cos(radians(other))
    return 2 * RADIUS_M * asin(sqrt(sin(up / 2) ** 2 + level * sin(aside / 2) ** 2))
