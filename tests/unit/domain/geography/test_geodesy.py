import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from rollcall.domain.geography.geodesy import (
    measure_distances_m,
    reach_degrees,
    wrap_longitudes,
)

GEOD = Geod(ellps="WGS84")
LATITUDES = st.floats(-90, 90)
LONGITUDES = st.floats(-540, 540)


@given(LATITUDES, LONGITUDES, st.floats(0, 360), st.floats(0.1, 10_000_000))
def test_distances_are_those_of_the_geodesic(
    latitude: float, longitude: float, bearing: float, distance_m: float
) -> None:
    there = GEOD.fwd(longitude, latitude, bearing, distance_m)
    measured = measure_distances_m(
        *(np.array([degrees]) for degrees in (latitude, longitude, there[1], there[0]))
    )
    assert measured[0] == pytest.approx(distance_m, rel=2e-6, abs=1e-6)


def test_a_place_is_no_distance_from_itself() -> None:
    latitudes, longitudes = np.array([0, 50.5, 90, -90]), np.array([0, 179.5, 12, 180])
    distances_m = measure_distances_m(latitudes, longitudes, latitudes, longitudes - 360)
    assert distances_m == pytest.approx([0] * 4, abs=1e-6)


def test_longitudes_within_a_turn_keep_every_bit() -> None:
    longitudes = np.array([-180, 139.7, 0.1, np.nextafter(180, 0)])
    assert (wrap_longitudes(longitudes) == longitudes).all()
    turned = wrap_longitudes(np.array([180, -180.5, 540, 190, np.nan]))
    assert turned == pytest.approx([-180, 179.5, -180, -170, np.nan], nan_ok=True)


@given(LATITUDES, st.floats(0, 360), st.floats(1, 15_000_000))
def test_a_circle_is_within_its_reach(latitude: float, bearing: float, radius_m: float) -> None:
    edge = GEOD.fwd(0, latitude, bearing, radius_m)
    up, aside = reach_degrees(np.array([latitude]), np.array([radius_m]))
    assert abs(edge[1] - latitude) <= up[0]
    assert abs(edge[0]) <= aside[0]
