"""An area in words."""

import pytest

from rollcall.domain.geography.extents import tell_extents
from rollcall.sources.incidents import circle_around

BOX = {"type": "Polygon", "coordinates": [[[8, 46], [10, 46], [10, 48], [8, 48], [8, 46]]]}


def boxes(count: int) -> dict[str, object]:
    """Return boxes at the equator, each wider than the one before."""
    rings = [
        [[[20 * n, 0], [20 * n + n + 1, 0], [20 * n + n + 1, 1], [20 * n, 1], [20 * n, 0]]]
        for n in range(count)
    ]
    return {"type": "MultiPolygon", "coordinates": rings}


def test_a_shape_is_told_by_its_middle_and_how_far_across_it_is() -> None:
    assert tell_extents(BOX) == "about 222 km across around 47.0° N 9.0° E"


def test_a_circle_is_as_far_across_as_it_was_drawn() -> None:
    told = tell_extents(circle_around(-35.42, -140.61, 50))
    assert told == "about 100 km across around 35.4° S 140.6° W"


def test_of_many_parts_the_largest_are_told_and_the_others_counted() -> None:
    told = tell_extents(boxes(5))
    assert told.startswith("5 parts: about 557 km across around 0.5° N 82.5° E; about 445 km")
    assert told.endswith("; and 2 more")


def test_an_area_around_the_world_is_not_told_as_a_sliver() -> None:
    world = [[[-180, -90], [180, -90], [180, 90], [-180, 90], [-180, -90]]]
    told = tell_extents({"type": "Polygon", "coordinates": world})
    assert told == "about 40,075 km across around 0.0° N 0.0° E"


@pytest.mark.parametrize("nothing", [{}, None, {"type": "Polygon", "coordinates": []}])
def test_no_area_has_no_words(nothing: object) -> None:
    with pytest.raises(ValueError, match=r"^(must be|polygon 1 has)"):
        tell_extents(nothing)
