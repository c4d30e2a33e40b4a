import math

import pyproj
import pytest

from rollcall.domain.app_reports import CITY_SPREAD_M, Fix

CORNER = 0.04999


def test_nothing_may_be_stored_without_consent() -> None:
    assert Fix(1, 2, 3).coarsened("none") is None


def test_precise_is_precise_to_a_metre() -> None:
    assert Fix(35.681234567, -0.000001, 12.5).coarsened("precise") == Fix(35.68123, 0.0, 12.5)
    assert Fix(1, 2).coarsened("precise") == Fix(1.0, 2.0, None)


@pytest.mark.parametrize("latitude", [0.0, 35.7, -60.0, 89.9])
def test_city_level_lies_no_farther_off_than_it_says(latitude: float) -> None:
    here = Fix(latitude + CORNER, 139.8 - CORNER, 40.0)
    kept = here.coarsened("city")
    assert kept
    assert (kept.latitude, kept.longitude) == (latitude, 139.8)
    assert kept.accuracy_m == CITY_SPREAD_M + 100
    _, _, distance_m = pyproj.Geod(ellps="WGS84").inv(
        here.longitude, here.latitude, kept.longitude, kept.latitude
    )
    assert distance_m <= CITY_SPREAD_M


def test_city_level_does_not_leave_the_earth() -> None:
    assert Fix(89.99, -179.99).coarsened("city") == Fix(90.0, -180.0, CITY_SPREAD_M)


@pytest.mark.parametrize(
    ("latitude", "longitude", "accuracy_m"),
    [
        (90.1, 0, None),
        (0, -180.1, None),
        (math.nan, 0, None),
        (0, math.inf, None),
        (0, 0, -1),
        (0, 0, math.nan),
        (0, 0, 1e9),
    ],
)
def test_what_is_no_place_is_refused_without_quoting_it(
    latitude: float, longitude: float, accuracy_m: float | None
) -> None:
    with pytest.raises(ValueError, match=r"^that is no place on Earth$"):
        Fix(latitude, longitude, accuracy_m)
