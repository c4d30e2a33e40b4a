"""Areas: circles on the ellipsoid, outlines over the antimeridian and round the poles."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod
from shapely.geometry import Point, Polygon, shape

from rollcall.domain.geography.areas import parse_area
from rollcall.sources.feeds.collecting import EntryError
from rollcall.sources.feeds.shapes import (
    CIRCLE_MAX_KM,
    MAX_CORNERS,
    Corner,
    Place,
    make_circle,
    make_outline,
    place_outlines,
)

GEOD = Geod(ellps="WGS84")

WHOLE_LONGITUDES = st.integers(-180, 180).map(float)
WHOLE_LATITUDES = st.integers(-90, 90).map(float)
"""Whole degrees: no outline is so thin that a point within it is hit or missed by rounding."""


def place(*corners: Corner) -> Place:
    found = place_outlines([make_outline(list(corners))])
    assert found is not None
    return found


def draw(found: Place) -> Polygon:
    assert found.area is not None
    polygon = shape(found.area)
    assert isinstance(polygon, Polygon)
    return polygon


def covers(found: Place, longitude: float, latitude: float) -> bool:
    """Tell whether a point lies in the area, on whichever turn that is drawn."""
    area = draw(found)
    return any(area.intersects(Point(longitude + turn, latitude)) for turn in (-360, 0, 360))


@settings(deadline=None)  # the first example loads PROJ
@given(
    latitude=st.floats(-90, 90),
    longitude=st.floats(-180, 180),
    radius_km=st.floats(0.05, CIRCLE_MAX_KM),
    azimuth=st.floats(0, 360),
    share=st.sampled_from([0.0, 0.5, 0.99, 1.01, 1.5]),
)
def test_circle_holds_what_is_nearer_than_its_radius(
    latitude: float, longitude: float, radius_km: float, azimuth: float, share: float
) -> None:
    found = place_outlines([make_circle(latitude, longitude, radius_km)])
    assert found is not None
    east, north, _ = GEOD.fwd(longitude, latitude, azimuth, radius_km * 1000 * share)
    assert draw(found).is_valid
    assert covers(found, east, north) == (share < 1)


@settings(deadline=None)  # the first example loads PROJ
@given(latitude=st.floats(-90, 90), longitude=st.floats(-180, 180), radius_km=st.floats(0.05, 5000))
def test_point_of_a_circle_lies_in_it_and_on_the_map(
    latitude: float, longitude: float, radius_km: float
) -> None:
    found = place_outlines([make_circle(latitude, longitude, radius_km)])
    assert found is not None
    assert covers(found, found.longitude, found.latitude)
    assert abs(found.longitude) <= 180
    assert abs(found.latitude) <= 90


@settings(deadline=None)
@given(
    rings=st.lists(
        st.lists(st.tuples(WHOLE_LONGITUDES, WHOLE_LATITUDES), min_size=3, max_size=9),
        min_size=1,
        max_size=3,
    )
)
def test_whatever_area_comes_out_can_be_used_in_a_filter(rings: list[list[Corner]]) -> None:
    try:
        found = place_outlines([make_outline(ring) for ring in rings])
    except EntryError:
        return
    if found:
        area = parse_area(found.area, "incident")
        assert area.holds(np.array([found.latitude]), np.array([found.longitude])).all()


def test_edge_over_the_antimeridian_is_the_short_one() -> None:
    fiji = place((177, -20), (-178, -20), (-178, -15), (177, -15))
    assert draw(fiji).bounds == (177, -20, 182, -15)
    assert covers(fiji, -179, -17)
    assert not covers(fiji, 0, -17)
    assert fiji.longitude == 179.5


def test_outline_beyond_the_antimeridian_is_brought_back() -> None:
    aleutians = place((185, 50), (195, 50), (195, 55), (185, 55))
    assert draw(aleutians).bounds == (-175, 50, -165, 55)


def test_outline_round_a_pole_holds_the_pole() -> None:
    arctic = place((-120, 70), (0, 70), (120, 70))
    assert covers(arctic, 77, 89.9)
    assert not covers(arctic, 77, 60)
    antarctic = place((-120, -70), (0, -70), (120, -70))
    assert covers(antarctic, 77, -89.9)


def test_map_of_the_world_stays_the_world() -> None:
    world = place((-180, -90), (180, -90), (180, 90), (-180, 90))
    assert draw(world).bounds == (-180, -90, 180, 90)


def test_outline_is_closed_and_runs_anticlockwise() -> None:
    clockwise = place((0, 0), (0, 1), (1, 1), (1, 0))
    assert clockwise.area is not None
    ring = clockwise.area["coordinates"][0]
    assert ring[0] == ring[-1]
    assert draw(clockwise).exterior.is_ccw


def test_outline_that_crosses_itself_becomes_its_hull() -> None:
    bow_tie = place((0, 0), (1, 1), (1, 0), (0, 1))
    assert draw(bow_tie).is_valid
    assert draw(bow_tie).area == 1


def test_outline_without_extent_is_no_area() -> None:
    assert place_outlines([make_outline([(0, 0), (1, 1), (2, 2)])]) is None


def test_point_lies_in_the_largest_outline_though_its_centre_does_not() -> None:
    ell = place((0, 0), (10, 0), (10, 1), (1, 1), (1, 10), (0, 10))
    assert covers(ell, ell.longitude, ell.latitude)


def test_outline_that_winds_round_the_globe_twice_is_refused() -> None:
    twice = [(-120, 0), (0, 0), (120, 0), (-120, 9), (0, 9), (120, 9)]
    with pytest.raises(EntryError, match="more than once"):
        make_outline([(float(lon), float(lat)) for lon, lat in twice])


@pytest.mark.parametrize(
    "corners", [[], [(0, 0)], [(0, 0), (1, 1)], [(0, 0), (1, 1), (0, 0)], [(0, 0)] * 9]
)
def test_outline_of_fewer_than_three_corners_is_refused(corners: list[Corner]) -> None:
    with pytest.raises(EntryError, match="fewer than three corners"):
        make_outline(corners)


@pytest.mark.parametrize("corner", [(0, 90.1), (361, 0), (float("nan"), 0), (0, float("nan"))])
def test_corner_off_the_globe_is_refused(corner: Corner) -> None:
    with pytest.raises(EntryError, match="beyond"):
        make_outline([(0, 0), (1, 1), corner])


def test_too_many_corners_are_refused() -> None:
    zigzag = make_outline([(number / MAX_CORNERS, number % 2) for number in range(MAX_CORNERS)])
    with pytest.raises(EntryError, match="more than 20,000 corners"):
        place_outlines([zigzag])
