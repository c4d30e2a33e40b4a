"""Areas: what was drawn on the map or pasted, and circles, as the criterion `area` takes them."""

from collections.abc import Iterable
from typing import Any, Final

import shapely

from rollcall.domain.geography.geodesy import POLE_DEGREES
from rollcall.domain.geography.geojson import MAX_LONGITUDE, read_polygons
from rollcall.domain.strict_json import parse_json
from rollcall.errors import InputError
from rollcall.sources.feeds.incident import Incident
from rollcall.sources.incidents import area_of, circle_around

NEAR_KM: Final = 50.0
"""Who is so close to an incident's point is near it, whatever area it has."""

MOST_CORNERS: Final = 100
"""Of one incident in the area of all: with as many, 300 incidents stay below what a filter takes
and a draft holds. An outline with more becomes its convex hull, or a box around it: nobody drops
out."""

_GRID_DEGREES: Final = 1e-5
"""About a metre: more digits say nothing, and make a request long."""

_METRES = 1000.0


def read_area(drawn: object) -> dict[str, Any] | None:
    """Return the area that shapes amount to.

    Args:
        drawn: GeoJSON as the contract takes it. Besides, a feature may be a circle: a Point with
            the property `radius_m`.

    Returns:
        GeoJSON without circles; None where nothing is drawn.

    Raises:
        InputError: It can mean no area; says why.
    """
    if drawn is None or (isinstance(drawn, dict) and drawn.get("features") == []):
        return None
    try:
        area = _spell_out(drawn)
        read_polygons(area)
    except ValueError as error:
        raise InputError(f"area: {error}") from error
    return area


def read_pasted_area(text: str) -> dict[str, Any]:
    """Return the area that a text means, as `read_area` does.

    Raises:
        InputError: It is no GeoJSON, or can mean no area; says why.
    """
    try:
        pasted = parse_json(text)
    except ValueError as error:
        raise InputError(f"area is not valid JSON: {error}") from error
    area = read_area(pasted)
    if area is None:
        raise InputError("area: holds no polygon")
    return area


def join_areas(areas: Iterable[dict[str, Any]]) -> dict[str, Any] | None:
    """Return one GeoJSON of several that hold no circles; None of none."""
    features = [feature for area in areas for feature in _features(area)]
    return {"type": "FeatureCollection", "features": features} if features else None


def area_near(incidents: Iterable[Incident]) -> dict[str, Any] | None:
    """Return all that is near any of some incidents; None where there is none.

    That is a circle around its point, and its own area if it has one. What overlaps becomes one
    shape: to ask 300 shapes about a million people one after the other would take half a minute.
    """
    polygons: list[shapely.Geometry] = []
    for one in incidents:
        polygons += read_polygons(area_of(one, NEAR_KM))
        if one.area is not None:
            polygons.append(_lighten(shapely.union_all(read_polygons(one.area))))
    if not polygons:
        return None
    together = shapely.set_precision(shapely.union_all(polygons), _GRID_DEGREES)
    area: dict[str, Any] = shapely.geometry.mapping(together)
    return area


def _spell_out(drawn: object) -> dict[str, Any]:
    """Return GeoJSON with a polygon for each circle; anything else as it is."""
    if not isinstance(drawn, dict):
        raise ValueError("must be an object of GeoJSON")  # noqa: TRY004 - a mistake in a text
    if drawn.get("type") == "FeatureCollection" and isinstance(drawn.get("features"), list):
        return {"type": "FeatureCollection", "features": [_circled(f) for f in drawn["features"]]}
    circled: dict[str, Any] = _circled(drawn)
    return circled


def _circled(feature: Any) -> Any:
    geometry = feature.get("geometry") if isinstance(feature, dict) else None
    if not isinstance(geometry, dict) or geometry.get("type") != "Point":
        return feature
    properties = feature.get("properties")
    radius_m = properties.get("radius_m") if isinstance(properties, dict) else None
    numbers = [radius_m, *_two(geometry.get("coordinates"))]
    if not all(isinstance(n, int | float) and not isinstance(n, bool) for n in numbers):
        raise ValueError("a point is no area unless it has a radius_m")
    radius_m, longitude, latitude = numbers
    if abs(latitude) > POLE_DEGREES or abs(longitude) > MAX_LONGITUDE:
        raise ValueError("a circle's centre is nowhere on the map")
    area = circle_around(latitude, longitude, radius_m / _METRES)
    return _features(area)[0]


def _two(coordinates: object) -> list[Any]:
    is_pair = isinstance(coordinates, list | tuple) and len(coordinates) >= 2  # noqa: PLR2004
    return [*coordinates[:2]] if is_pair else [None]  # type: ignore[index]


def _features(area: dict[str, Any]) -> list[dict[str, Any]]:
    if area.get("type") == "FeatureCollection":
        return list(area["features"])
    if area.get("type") == "Feature":
        return [area]
    return [{"type": "Feature", "properties": {}, "geometry": area}]


def _lighten(shape: shapely.Geometry) -> shapely.Geometry:
    if shapely.get_num_coordinates(shape) <= MOST_CORNERS:
        return shape
    hull = shapely.convex_hull(shape)
    is_light = shapely.get_num_coordinates(hull) <= MOST_CORNERS
    return hull if is_light else shapely.box(*shapely.bounds(shape).tolist())
