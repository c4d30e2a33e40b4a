"""What is drawn or pasted becomes the criterion `area`, or one sentence that says why not."""

import json
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from dashboards.overview.areas import area_near, join_areas, read_area, read_pasted_area
from rollcall.domain.geography.areas import Area, parse_area
from rollcall.domain.geography.geojson import MAX_POSITIONS, read_polygons
from rollcall.domain.selection import Filter
from rollcall.errors import InputError
from rollcall.sources.feeds.incident import Incident
from tests.dashboards.sources import AROUND_TOKYO


def feature(geometry: dict[str, Any], **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def drawn(*features: dict[str, Any]) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": list(features)}


def point(longitude: float, latitude: float) -> dict[str, Any]:
    return {"type": "Point", "coordinates": [longitude, latitude]}


def holds(geojson: object, latitude: float, longitude: float) -> bool:
    area: Area = parse_area(geojson, "area")
    return bool(area.holds(np.array([latitude]), np.array([longitude]))[0])


def incident(number: int = 0, **known: Any) -> Incident:
    told: dict[str, Any] = {
        "incident_id": f"i{number}",
        "title": "Flood",
        "severity": "severe",
        "latitude": 14.61,
        "longitude": 121.0,
        "occurred_at": datetime(2026, 11, 22, tzinfo=UTC),
    }
    return Incident(**(told | known))


def test_a_rectangle_and_a_circle_are_one_criterion_of_a_filter() -> None:
    area = read_area(drawn(feature(AROUND_TOKYO), feature(point(121, 14.6), radius_m=10_000)))
    criteria = Filter(area=area).area
    assert holds(criteria, 35.5, 139.5)
    assert holds(criteria, 14.68, 121)
    assert not holds(criteria, 14.7, 121)


@pytest.mark.parametrize("nothing", [None, drawn()])
def test_nothing_drawn_is_no_area(nothing: object) -> None:
    assert read_area(nothing) is None


def test_a_circle_across_the_antimeridian_holds_both_sides() -> None:
    area = read_area(drawn(feature(point(179.9, -17), radius_m=100_000)))
    assert holds(area, -17, 179.5)
    assert holds(area, -17, -179.7)
    assert not holds(area, -17, 0)


def test_a_circle_beyond_the_first_turn_of_the_world_is_where_it_looks() -> None:
    area = read_area(drawn(feature(point(-181, 0), radius_m=50_000)))
    assert holds(area, 0, 179)


@pytest.mark.parametrize(
    ("shape", "why"),
    [
        ("text", "must be an object"),
        (drawn(feature(point(0, 0))), "unless it has a radius_m"),
        (drawn(feature({"type": "Point", "coordinates": []}, radius_m=5)), "radius_m"),
        (drawn(feature(point(0, 0), radius_m=True)), "radius_m"),
        (drawn(feature(point(0, 91), radius_m=5)), "nowhere on the map"),
        (drawn(feature(point(0, 0), radius_m=0)), "must be greater than 0"),
        (drawn(feature(point(0, 0), radius_m=9e9)), "not from 0 to 5,000 km"),
        (drawn(feature({"type": "LineString", "coordinates": []})), "Polygon or MultiPolygon"),
        (
            {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]},
            "crosses itself",
        ),
    ],
)
def test_what_is_no_area_is_one_sentence(shape: object, why: str) -> None:
    with pytest.raises(InputError, match=why):
        read_area(shape)


def test_pasted_geojson_is_read_like_what_is_drawn() -> None:
    assert holds(read_pasted_area(json.dumps(AROUND_TOKYO)), 35.5, 139.5)
    with pytest.raises(InputError, match="not valid JSON"):
        read_pasted_area("{")
    with pytest.raises(InputError, match="holds no polygon"):
        read_pasted_area(json.dumps(drawn()))


def test_near_an_incident_is_its_area_and_a_circle_around_its_point() -> None:
    area = area_near([incident(area=AROUND_TOKYO)])
    assert holds(area, 35.5, 139.5)
    assert holds(area, 14.61 + 0.4, 121)
    assert not holds(area, 14.61 + 0.5, 121)
    assert area_near([]) is None


def test_300_incidents_with_long_outlines_are_not_too_much_for_a_filter() -> None:
    def outline(number: int) -> dict[str, Any]:
        angles = np.linspace(0, 2 * np.pi, 400, endpoint=False)
        x, y = -165 + number % 30 * 11, -70 + number // 30 * 14
        ring = np.stack([x + np.cos(angles), y + np.sin(angles)], axis=1).tolist()
        return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}

    outlines = [outline(number) for number in range(300)]
    area = area_near([incident(number, area=one) for number, one in enumerate(outlines)])
    polygons = read_polygons(area)
    assert 300 <= len(polygons) <= 301
    assert sum(len(one.exterior.coords) for one in polygons) < MAX_POSITIONS
    x, y = np.array([one["coordinates"][0][::80] for one in outlines[::50]]).reshape(-1, 2).T
    assert parse_area(area, "area").holds(y, x).all()


def test_incidents_that_overlap_are_one_shape() -> None:
    area = area_near([incident(0), incident(1, longitude=121.3)])
    assert len(read_polygons(area)) == 1
    assert holds(area, 14.61, 121.7)


def test_several_areas_are_shown_as_one() -> None:
    circle = read_area(drawn(feature(point(121, 14.6), radius_m=10_000)))
    assert circle is not None
    together = join_areas([AROUND_TOKYO, circle])
    assert holds(together, 35.5, 139.5)
    assert holds(together, 14.6, 121)
    assert join_areas([]) is None
