from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pyproj import Geod

from rollcall.domain.geography.areas import Area, parse_area
from rollcall.errors import SelectionError
from tests.unit.domain.geography.plane import TURN, is_in, places, polygons, to_geojson

GEOD = Geod(ellps="WGS84")


def rectangle(west: float, south: float, east: float, north: float) -> dict[str, Any]:
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def area_of(*bounds: float) -> Area:
    return parse_area(rectangle(*bounds), "area")


def array(*numbers: float) -> NDArray[np.float64]:
    return np.array(numbers, dtype=np.float64)


def holds(area: Area, latitude: float, longitude: float) -> bool:
    return bool(area.holds(array(latitude), array(longitude))[0])


def circle_touches(area: Area, latitude: float, longitude: float, accuracy_m: float) -> bool:
    touched = area.touches_circle(array(latitude), array(longitude), array(accuracy_m))
    return bool(touched[0])


# -- holding


@settings(max_examples=300)
@given(st.data())
def test_an_area_holds_what_plain_arithmetic_says_it_holds(data: st.DataObject) -> None:
    drawn = data.draw(st.lists(polygons(), min_size=1, max_size=3))
    asked = data.draw(st.lists(places(drawn[0]), min_size=1, max_size=20))
    area = parse_area(to_geojson(*drawn), "area")
    latitudes, longitudes = (np.array([place[axis] / 8 for place in asked]) for axis in (1, 0))
    expected = [any(is_in(polygon, place) for polygon in drawn) for place in asked]
    assert area.holds(latitudes, longitudes).tolist() == expected


@given(st.data(), st.sampled_from([-TURN, TURN]))
def test_an_area_on_another_turn_of_the_world_is_the_same(data: st.DataObject, by: int) -> None:
    polygon = data.draw(polygons(within=170 * 8))
    asked = data.draw(st.lists(places(polygon), min_size=1, max_size=20))
    moved = [[(x + by, y) for x, y in ring] for ring in polygon]
    latitudes, longitudes = (np.array([place[axis] / 8 for place in asked]) for axis in (1, 0))
    here, there = (parse_area(to_geojson(one), "area") for one in (polygon, moved))
    assert (here.holds(latitudes, longitudes) == there.holds(latitudes, longitudes)).all()
    assert np.allclose(
        here.distance_m(latitudes, longitudes), there.distance_m(latitudes, longitudes)
    )


def test_a_shape_over_the_antimeridian_holds_the_same_split_or_continuous() -> None:
    split = to_geojson(
        [[(1400, 0), (1440, 0), (1440, 80), (1400, 80), (1400, 0)]],
        [[(-1440, 0), (-1400, 0), (-1400, 80), (-1440, 80), (-1440, 0)]],
    )
    for shape in (split, rectangle(175, 0, 185, 10), rectangle(-185, 0, -175, 10)):
        area = parse_area(shape, "area")
        held = area.holds(np.full(6, 5.0), array(174.9, 175, 180, -180, -175, -174.9))
        assert held.tolist() == [False, True, True, True, True, False]


@pytest.mark.parametrize("bounds", [(170, 0, 180, 10), (-180, 0, -170, 10)])
def test_an_edge_on_the_antimeridian_holds_it_from_either_side(bounds: tuple[float, ...]) -> None:
    area = area_of(*bounds)
    assert area.holds(array(5, 5), array(180, -180)).tolist() == [True, True]


def test_a_rectangle_around_the_world_is_no_sliver() -> None:
    for area in (area_of(-180, -60, 180, 80), area_of(-200, -60, 200, 80)):
        assert area.holds(np.zeros(5), array(-180, -90, 0, 170, 180)).all()


def test_a_pole_is_one_place_whatever_its_longitude() -> None:
    area = area_of(0, 80, 90, 90)
    assert holds(area, 90, -135)
    assert not holds(area, 89.9, -135)
    assert holds(area_of(0, -90, 90, -80), -90, -135)
    assert not holds(area, -90, 45)


def test_polygons_that_overlap_hold_what_either_holds() -> None:
    both = {
        "type": "MultiPolygon",
        "coordinates": [
            rectangle(0, 0, 10, 10)["coordinates"],
            rectangle(5, 5, 15, 15)["coordinates"],
        ],
    }
    area = parse_area(both, "area")
    assert area.holds(array(7, 2, 12, 2), array(7, 2, 12, 12)).tolist() == [True] * 3 + [False]


def test_whoever_is_nowhere_is_in_no_area() -> None:
    area = area_of(-180, -90, 180, 90)
    unknown = array(np.nan, 5, np.nan), array(5, np.nan, np.nan)
    assert not area.holds(*unknown).any()
    assert not area.touches_circle(*unknown, np.full(3, 1e9)).any()
    assert np.isinf(area.distance_m(*unknown)).all()


# -- distances


def measure_slowly_m(
    polygon: list[list[tuple[int, int]]], latitude: float, longitude: float
) -> float:
    """Ask pyproj for the distance to very many points of every edge."""
    nearest = np.inf
    for ring in polygon:
        for start, end in pairwise(ring):
            low, high = 0.0, 1.0
            for _ in range(3):
                shares = np.linspace(low, high, 200)
                x, y = ((start[i] + shares * (end[i] - start[i])) / 8 for i in (0, 1))
                there = np.full(200, longitude), np.full(200, latitude)
                distances_m = GEOD.inv(*there, x, y)[2]
                best = int(np.argmin(distances_m))
                low, high = shares[max(best - 1, 0)], shares[min(best + 1, 199)]
            nearest = min(nearest, float(distances_m[best]))
    return nearest


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_distance_is_that_of_the_geodesic(data: st.DataObject) -> None:
    polygon = data.draw(polygons())
    asked = data.draw(places(polygon))
    area = parse_area(to_geojson(polygon), "area")
    latitude, longitude = asked[1] / 8, asked[0] / 8
    measured_m = float(area.distance_m(array(latitude), array(longitude), 3e6)[0])
    expected_m = 0.0 if is_in(polygon, asked) else measure_slowly_m(polygon, latitude, longitude)
    assert measured_m == pytest.approx(expected_m, rel=5e-5, abs=0.5)


@given(
    latitude=st.floats(-80, 80),
    west=st.floats(-200, 200),
    bearing=st.floats(0, 360),
    distance_m=st.floats(1, 24_000),
    share=st.sampled_from([0.99, 1.01]),
)
def test_a_circle_touches_from_its_radius_on(
    latitude: float, west: float, bearing: float, distance_m: float, share: float
) -> None:
    corner = rectangle(west, latitude, west + 1e-5, latitude + 1e-5)
    longitude_there, latitude_there, _ = GEOD.fwd(west, latitude, bearing, distance_m + 2)
    real_m = measure_slowly_m(
        [[(x * 8, y * 8) for x, y in corner["coordinates"][0]]], latitude_there, longitude_there
    )
    area = parse_area(corner, "area")
    touched = circle_touches(area, latitude_there, longitude_there, real_m * share)
    assert touched == (share > 1)


def test_a_circle_reaches_over_the_antimeridian_and_a_pole() -> None:
    fiji = area_of(179, -18, 180, -17)
    assert circle_touches(fiji, -17.5, -179.95, 6_000)
    assert not circle_touches(fiji, -17.5, -179.95, 5_000)
    before_the_seam = area_of(179, -18, 179.9, -17)
    assert circle_touches(before_the_seam, -17.5, -179.95, 16_000)  # 15,928 m
    assert not circle_touches(before_the_seam, -17.5, -179.95, 15_900)
    cap = area_of(0, 89.95, 20, 90)
    assert circle_touches(cap, 89.95, 180, 12_000)  # the pole is 5,585 m away
    assert circle_touches(cap, 89.95, 180, 5_600)
    assert not circle_touches(cap, 89.95, 180, 5_500)


def test_without_an_accuracy_only_the_position_counts() -> None:
    area = area_of(0, 0, 1, 1)
    touched = area.touches_circle(array(0.5, 1.001), array(0.5, 0.5), array(np.nan, np.nan))
    assert touched.tolist() == [True, False]


def test_a_circle_around_the_world_touches_everything() -> None:
    assert circle_touches(area_of(0, 0, 1, 1), -45, -175, 1e12)


def test_near_misses_end_at_25_km() -> None:
    area = area_of(0, 0, 1, 1)
    distances_m = area.distance_m(array(0.5, 0.5, 0.5), array(1.0, 1.2, 1.25))
    assert distances_m.tolist() == [0, pytest.approx(22_263, abs=2), np.inf]


def test_a_detailed_outline_is_as_near_as_it_is() -> None:
    turns = np.linspace(0, 2 * np.pi, 20_001)
    radius = 4 + 0.3 * np.sin(17 * turns)
    x, y = 178 + 1.5 * radius * np.cos(turns), 60 + radius * np.sin(turns)
    ring = [*zip(x[:-1].tolist(), y[:-1].tolist(), strict=True), (x[0], y[0])]
    area = parse_area({"type": "Polygon", "coordinates": [ring]}, "area")
    chance = np.random.default_rng(7)
    latitudes, longitudes = chance.uniform(40, 80, 40), chance.uniform(160, 200, 40)
    outside = ~area.holds(latitudes, longitudes)
    latitudes, longitudes = latitudes[outside], longitudes[outside]
    expected_m = np.array(
        [
            GEOD.inv(np.full_like(x, longitude), np.full_like(x, latitude), x, y)[2].min()
            for latitude, longitude in zip(latitudes, longitudes, strict=True)
        ]
    )
    assert area.distance_m(latitudes, longitudes, 1e7) == pytest.approx(expected_m, rel=1e-4, abs=9)
    assert area.touches_circle(latitudes, longitudes, expected_m * 1.001 + 9).all()
    assert not area.touches_circle(latitudes, longitudes, expected_m * 0.999 - 9).any()


def test_a_hole_is_outside_and_its_edge_is_near() -> None:
    shape = rectangle(0, 0, 1, 1)
    shape["coordinates"] += rectangle(0.4, 0.4, 0.6, 0.6)["coordinates"]
    area = parse_area(shape, "area")
    assert not holds(area, 0.5, 0.5)
    assert area.distance_m(array(0.5), array(0.5))[0] == pytest.approx(11_057, abs=2)


# -- mistakes


def test_a_mistake_says_where_it_is() -> None:
    with pytest.raises(SelectionError, match=r"^selection: filters\[0\].area: polygon 1 crosses"):
        parse_area(
            {"type": "Polygon", "coordinates": [[[0, 0], [2, 2], [2, 0], [0, 2], [0, 0]]]},
            "filters[0].area",
        )
