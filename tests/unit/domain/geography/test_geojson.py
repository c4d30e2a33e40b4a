import math
import re
import time
from typing import Any

import pytest
import shapely

from rollcall.domain.geography.geojson import MAX_POSITIONS, read_polygons

SQUARE = [[0, 0], [4, 0], [4, 4], [0, 4], [0, 0]]
BAY = [[0, 0], [4, 0], [4, 4], [3, 4], [3, 2], [2, 3], [3, 4], [0, 4], [0, 0]]
HOLE = [[1, 1], [2, 1], [2, 2], [1, 2], [1, 1]]


def polygon(*rings: Any) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": list(rings)}


def feature(geometry: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": {"name": "x"}, "geometry": geometry}


def collection(*features: Any) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": list(features)}


def surface(geojson: object) -> float:
    return float(sum(part.area for part in read_polygons(geojson)))


@pytest.mark.parametrize(
    ("geojson", "expected"),
    [
        (polygon(SQUARE), 16),
        (polygon(SQUARE[::-1]), 16),
        (polygon(SQUARE, HOLE), 15),
        ({"type": "MultiPolygon", "coordinates": [[SQUARE, HOLE], [HOLE]]}, 16),
        (feature(polygon(SQUARE)), 16),
        (collection(feature(polygon(SQUARE, HOLE)), feature(polygon(HOLE))), 16),
        (polygon([[x, y, 12.5] for x, y in SQUARE]), 16),
    ],
)
def test_every_kind_is_read(geojson: dict[str, Any], expected: float) -> None:
    assert surface(geojson) == expected


@pytest.mark.parametrize(
    ("ring", "expected"),
    [
        ([[0, 0], [2, 2], [4, 0], [4, 4], [2, 2], [0, 4], [0, 0]], 8),
        ([[0, 0], [4, 0], [4, 4], [2, 4], [2, 6], [2, 4], [0, 4], [0, 0]], 16),
        (BAY, 15),
    ],
    ids=["two lobes", "spike", "bay closed at a corner"],
)
def test_a_ring_may_touch_itself(ring: Any, expected: float) -> None:
    assert surface(polygon(ring)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("geojson", "sentence"),
    [
        (None, "must be a GeoJSON Polygon, MultiPolygon, Feature or FeatureCollection"),
        ([], "must be a GeoJSON Polygon"),
        ({"type": "Point", "coordinates": [1, 2]}, "must be a GeoJSON Polygon"),
        ({"type": ["Polygon"]}, "must be a GeoJSON Polygon"),
        ({"type": "Polygon"}, "polygon 1 has no rings"),
        (polygon(), "polygon 1 has no rings"),
        (polygon([]), "polygon 1 has an empty ring"),
        ({"type": "MultiPolygon", "coordinates": []}, "has no coordinates"),
        (collection(), "has no list of features"),
        (collection(polygon(SQUARE)), "features holds what is no Feature"),
        (collection(collection(feature(polygon(SQUARE)))), "features holds what is no Feature"),
        (feature(None), "a feature must be a Polygon or MultiPolygon"),
        (feature({"type": "Point", "coordinates": [1, 2]}), "a feature must be a Polygon"),
        (feature(feature(polygon(SQUARE))), "a feature must be a Polygon"),
        (polygon([[0, 0], [1, 1]]), "polygon 1 has a ring of 2 positions; the least is 4"),
        (polygon(SQUARE[:-1]), "polygon 1 has a ring that is not closed"),
        (polygon(SQUARE, HOLE[:-1]), "polygon 1 has a ring that is not closed"),
        (polygon([[0, 0], [1, 1], [2, 2], [0, 0]]), "polygon 1 has a ring without any surface"),
        (polygon([[0, 0]] * 5), "polygon 1 has a ring without any surface"),
        (
            polygon([[0, 0], [2, 2], [2, 0], [0, 2], [0, 0]]),
            "polygon 1 crosses itself, near longitude 1, latitude 1",
        ),
        (
            polygon([[0, 0], [2, 2], [4, 4], [4, 0], [2, 2], [0, 4], [0, 0]]),
            "polygon 1 crosses itself, near longitude 2, latitude 2",
        ),
        (
            polygon([[0, 0], [4, 0], [4, 4], [3, 4], [2, 3], [3, 2], [3, 4], [0, 4], [0, 0]]),
            "polygon 1 crosses itself, near longitude 3, latitude 4",
        ),
        (
            polygon([[0, 0], [9, 0], [9, 3], [3, 3], [3, -3], [6, -3], [6, 6], [0, 6], [0, 0]]),
            "polygon 1 crosses itself, near longitude",
        ),
        (polygon(SQUARE, [[9, 9], [8, 9], [8, 8], [9, 9]]), "has a hole that is not inside it"),
        (polygon(SQUARE, [[3, 3], [5, 3], [5, 5], [3, 3]]), "has a hole that is not inside it"),
        (polygon(SQUARE, HOLE, HOLE), "has a hole that is not inside it, or overlaps another"),
        (polygon([[0, 0], [1, 95], [2, 0], [0, 0]]), "polygon 1: latitude 95 is not within ±90"),
        (polygon([[0, 0], [700, 1], [2, 0], [0, 0]]), "longitude 700 is not within ±540"),
        (polygon([[0, 0], [math.nan, 1], [2, 0], [0, 0]]), "longitude nan is not within ±540"),
        (polygon([[0, 0], [1, math.inf], [2, 0], [0, 0]]), "latitude inf is not within ±90"),
        (polygon([[0, 0], [1, 10**400], [2, 0], [0, 0]]), "latitude 1000000"),
        (polygon([[0, 0], ["1", 1], [2, 0], [0, 0]]), "position that is not [longitude, latitude]"),
        (polygon([[0, 0], [True, 1], [2, 0], [0, 0]]), "position that is not [longitude, latit"),
        (polygon([[0, 0], [1], [2, 0], [0, 0]]), "a position that is not [longitude, latitude]"),
        (polygon([[0, 0], None, [2, 0], [0, 0]]), "a position that is not [longitude, latitude]"),
        (polygon(3), "polygon 1 has an empty ring"),
        (collection(feature(polygon(SQUARE)), feature(polygon([[0, 0]]))), "polygon 2 has a ring"),
    ],
)
def test_a_mistake_is_one_clear_sentence(geojson: object, sentence: str) -> None:
    with pytest.raises(ValueError, match=re.escape(sentence)) as caught:
        read_polygons(geojson)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 130


def circle(count: int) -> list[list[float]]:
    turns = [math.tau * index / count for index in range(count)]
    ring = [[10 * math.cos(turn), 10 * math.sin(turn)] for turn in turns]
    return [*ring, ring[0]]


def test_the_outline_of_a_country_in_full_detail_is_read() -> None:
    started = time.perf_counter()
    assert surface(polygon(circle(100_000))) == pytest.approx(100 * math.pi)
    assert time.perf_counter() - started < 5


def test_more_than_anybody_draws_is_refused() -> None:
    with pytest.raises(ValueError, match="has more than 150000 positions: simplify it"):
        read_polygons(polygon(circle(MAX_POSITIONS)))
    half = circle(MAX_POSITIONS // 2)
    with pytest.raises(ValueError, match="has more than 150000 positions"):
        read_polygons({"type": "MultiPolygon", "coordinates": [[half], [half]]})


def test_polygons_are_valid_for_geos() -> None:
    assert shapely.is_valid(read_polygons(polygon(BAY))).all()
