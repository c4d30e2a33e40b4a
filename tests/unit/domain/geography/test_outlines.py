import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from rollcall.domain.geography.outlines import CountryIndex

ISLANDS = CountryIndex(
    ["NO", "FJ", "FJ", "SE", "DE", "AQ", "CH"],
    [
        shapely.box(0, 70, 10, 75),
        shapely.box(179, -18, 180, -17),
        shapely.box(-180, -18, -179, -17),
        shapely.box(10, 70, 20, 75),
        shapely.box(20, 50, 30, 55.25),
        shapely.box(-180, -90, 180, -70),
        shapely.box(20.25, 50.25, 20.5, 50.5),
    ],
)


def country_at(latitude: float, longitude: float) -> str | None:
    found = ISLANDS.countries_at(np.array([latitude]), np.array([longitude]))
    country: str | None = found[0]
    return country


@pytest.mark.parametrize(
    ("latitude", "longitude", "country"),
    [
        (72, 5, "NO"),
        (72, 365, "NO"),
        (72, 0, "NO"),
        (75, 5, "NO"),
        (72, 10, "NO"),
        (72, np.nextafter(10, 11), "SE"),
        (55.25, 30, "DE"),
        (50.3, 20.3, "CH"),
        (50.25, 20.3, "CH"),
        (-17.5, 180, "FJ"),
        (-17.5, -180, "FJ"),
        (-90, 33, "AQ"),
        (-90, -180, "AQ"),
        (90, 33, None),
        (40, 5, None),
        (np.nan, 5, None),
        (5, np.nan, None),
        (95, 5, None),
        (5, np.inf, None),
    ],
)
def test_a_position_is_in_the_country_that_holds_it(
    latitude: float, longitude: float, country: str | None
) -> None:
    assert country_at(latitude, longitude) == country


@pytest.mark.parametrize(
    ("latitude", "longitude", "country"),
    [
        (72, -0.70, "NO"),  # 24.1 km: at 72° north a degree of longitude is 34.5 km
        (72, -0.75, None),
        (75.22, 5, "NO"),  # 24.6 km
        (75.23, 5, None),
        (75.1, 10, "NO"),  # as near to SE
        (75.1, 10.2, "SE"),  # NO is 12.7 km away, SE 11.2 km
        (-16.8, 180, "FJ"),
        (-16.8, -180, "FJ"),
        (-16.7, 180, None),
    ],
)
def test_a_position_off_the_coast_is_in_the_nearest_country_within_25_km(
    latitude: float, longitude: float, country: str | None
) -> None:
    assert country_at(latitude, longitude) == country


def test_the_nearest_is_found_over_the_antimeridian() -> None:
    west_only = CountryIndex(["FJ"], [shapely.box(179, -18, 180, -17)])
    found = west_only.countries_at(np.full(4, -17.5), np.array([180, -180, -179.8, -179.7]))
    assert found.to_list() == ["FJ", "FJ", "FJ", None]


@pytest.mark.parametrize("codes", [["US", "RU"], ["RU", "US"]])
def test_on_the_antimeridian_both_sides_count(codes: list[str]) -> None:
    sides = CountryIndex(codes, [shapely.box(179, 60, 180, 65), shapely.box(-180, 60, -179, 65)])
    found = sides.countries_at(np.full(4, 62.0), np.array([179.5, 180, -180, -179.5]))
    assert found.to_list() == [codes[0], "RU", "RU", codes[1]]


@given(st.permutations(range(7)))
def test_the_order_of_the_outlines_does_not_matter(order: list[int]) -> None:
    codes = ["SE", "NO", "FI", "DK", "IS", "EE", "LV"]
    boxes = [shapely.box(x, y, x + 2, y + 2) for x, y in [(0, 0), (2, 0), (0, 2), (2, 2)]]
    boxes += [shapely.box(1, 1, 3, 3), shapely.box(0, 4, 4, 5), shapely.box(-3, -3, 0, 0)]
    index = CountryIndex([codes[place] for place in order], [boxes[place] for place in order])
    axis = np.arange(-4, 6, 0.25)
    latitudes, longitudes = (grid.ravel() for grid in np.meshgrid(axis, axis))
    found = index.countries_at(latitudes, longitudes).to_list()
    for latitude, longitude, country in zip(latitudes, longitudes, found, strict=True):
        point = shapely.Point(longitude, latitude)
        holding = [code for code, box in zip(codes, boxes, strict=True) if box.intersects(point)]
        assert country == min(holding, default=None) or not holding


def test_nobody_is_somewhere_where_there_is_nobody() -> None:
    assert ISLANDS.countries_at(np.array([]), np.array([])).to_list() == []
