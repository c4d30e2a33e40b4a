"""Positions are counted by the hexagon they lie in, and none is lost."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollcall.domain.geography.hexagons import MAX_LATITUDE, count_in_hexagons, project

RADIUS = 0.01


@pytest.mark.parametrize(
    ("latitude", "longitude", "x", "y"),
    [(0, 0, 0.5, 0.5), (MAX_LATITUDE, -180, 0, 0), (-MAX_LATITUDE, 180, 1, 1), (90, 0, 0.5, 0)],
)
def test_the_world_is_a_square(latitude: float, longitude: float, x: float, y: float) -> None:
    projected = project(np.array([latitude], float), np.array([longitude], float))
    assert [float(one[0]) for one in projected] == pytest.approx([x, y], abs=1e-9)


part = st.floats(0, 1)


@given(st.lists(st.tuples(part, part), min_size=1, max_size=50), st.floats(1e-4, 0.2))
def test_everybody_is_counted_once(places: list[tuple[float, float]], radius: float) -> None:
    x, y = np.array(places).T
    assert count_in_hexagons(x, y, radius).counts.sum() == len(places)


@given(part, part)
def test_a_position_is_counted_at_the_nearest_centre(x: float, y: float) -> None:
    found = count_in_hexagons(np.array([x]), np.array([y]), RADIUS)
    own = np.hypot(found.x[0] - x, found.y[0] - y)
    angles = np.radians(np.arange(0, 360, 60))
    across = RADIUS * np.sqrt(3)
    others = np.hypot(
        found.x[0] + across * np.cos(angles) - x, found.y[0] + across * np.sin(angles) - y
    )
    assert own <= others.min() + 1e-12
    assert own <= RADIUS + 1e-12


def test_the_grid_does_not_move_with_those_who_are_in_view() -> None:
    generator = np.random.default_rng(7)
    x, y = generator.random((2, 500))
    every = {
        (round(a, 9), round(b, 9)): count
        for a, b, count in zip(*count_in_hexagons(x, y, RADIUS), strict=True)
    }
    some = count_in_hexagons(x[:100], y[:100], RADIUS)
    for a, b, count in zip(*some, strict=True):
        assert count <= every[round(a, 9), round(b, 9)]


def test_neighbours_share_a_hexagon_and_strangers_do_not() -> None:
    x, y = np.array([0.5, 0.5001, 0.9]), np.array([0.5, 0.5001, 0.1])
    found = count_in_hexagons(x, y, 0.05)
    assert sorted(found.counts.tolist()) == [1, 2]


def test_nobody_in_view_is_no_hexagon() -> None:
    assert len(count_in_hexagons(np.empty(0), np.empty(0), RADIUS).counts) == 0
