"""Reader of the GeoJSON summary format of the USGS: a FeatureCollection of earthquakes.

https://earthquake.usgs.gov/earthquakes/feed/v1.0/geojson.php; other agencies publish the same form.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from rollcall.errors import SourceError
from rollcall.sources.feeds.collecting import EntryError, EntryReading, collect_entries
from rollcall.sources.feeds.fields import (
    check_point,
    clean_text,
    read_url,
    require_id,
    require_title,
)
from rollcall.sources.feeds.incident import SEVERITIES, FeedEntry, FeedReading, Incident, Severity

ROOT = "FeatureCollection"

SEVERITY_FROM_MAGNITUDE: tuple[tuple[float, Severity], ...] = (
    (8.0, "extreme"),  # great
    (6.0, "severe"),  # strong and major
    (5.0, "moderate"),  # moderate
)
"""Least magnitude of each severity; below all of them it is minor.

The classes are the seismologists' (EarthScope/IRIS, "How do I interpret magnitudes", after USGS:
great from 8, major from 7, strong from 6, moderate from 5, light, minor); what they do to people
is CAP's words for severity: an extraordinary, a significant, a possible, a minimal threat.
"""

SEVERITY_BY_PAGER: dict[str, Severity] = {
    "green": "minor",
    "yellow": "moderate",
    "orange": "severe",
    "red": "extreme",
}
"""PAGER's estimate of the losses (`alert`; USGS Fact Sheet 2010-3036): the response it expects is
none, local, national, international. A shallow 6.1 below a city can be red; the graver counts."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NumberedFeature = tuple[int, Any]


def read_usgs(document: object, feed: str) -> FeedReading:
    """Read a parsed collection.

    Raises:
        SourceError: It is no collection of features, or all of them are malformed.
    """
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(document, dict) or document.get("type") != ROOT:
        raise SourceError(f"{feed} is JSON, but no GeoJSON FeatureCollection")
    if not isinstance(features, list):
        raise SourceError(f"{feed} is malformed: its features are no list")
    return collect_entries(feed, enumerate(features, start=1), _name_feature, _read_feature)


def _name_feature(numbered: _NumberedFeature) -> str:
    number, feature = numbered
    given = feature.get("id") if isinstance(feature, dict) else None
    return (clean_text(given, 80) if isinstance(given, str) else "") or f"feature {number}"


def _read_feature(numbered: _NumberedFeature) -> EntryReading:
    _, feature = numbered
    properties = _require_object(feature, "properties")
    kind = properties.get("type", "earthquake")
    if kind != "earthquake":
        return EntryReading(left_out=f"it is no earthquake but {_quote(kind)}")
    if properties.get("status") == "deleted":
        return EntryReading(left_out="its publisher deleted it")
    return EntryReading(entry=FeedEntry(_build_incident(feature, properties)))


def _build_incident(feature: dict[str, Any], properties: dict[str, Any]) -> Incident:
    latitude, longitude = _read_position(_require_object(feature, "geometry"))
    magnitude = _require_number(properties.get("mag"), "mag")
    return Incident(
        incident_id=require_id(_text(feature.get("id")), "id"),
        title=require_title(_text(properties.get("title")), *_compose_titles(properties)),
        severity=_judge(magnitude, properties.get("alert")),
        latitude=latitude,
        longitude=longitude,
        occurred_at=_read_time(properties.get("time")),
        url=read_url(_text(properties.get("url"))),
    )


def _compose_titles(properties: dict[str, Any]) -> Iterator[str]:
    """Write a title as the USGS does, for publishers that send none."""
    place = _text(properties.get("place"))
    if place:
        yield f"M {properties['mag']:.1f} - {place}"


def _judge(magnitude: float, pager: object) -> Severity:
    reached = [severity for least, severity in SEVERITY_FROM_MAGNITUDE if magnitude >= least]
    if isinstance(pager, str) and pager in SEVERITY_BY_PAGER:
        reached.append(SEVERITY_BY_PAGER[pager])
    return max(reached, key=SEVERITIES.index, default="minor")


def _read_position(geometry: dict[str, Any]) -> tuple[float, float]:
    """Read longitude, latitude and depth (km) as (latitude, longitude)."""
    coordinates = geometry.get("coordinates")
    if geometry.get("type") != "Point" or not isinstance(coordinates, list):
        raise EntryError("its geometry is no Point")
    if len(coordinates) not in {2, 3}:
        raise EntryError("its Point does not have two or three coordinates")
    longitude = _require_number(coordinates[0], "longitude")
    return check_point(_require_number(coordinates[1], "latitude"), longitude)


def _read_time(milliseconds: object) -> datetime:
    try:
        return _EPOCH + timedelta(milliseconds=_require_number(milliseconds, "time"))
    except OverflowError as exc:
        raise EntryError("its time is no time in milliseconds") from exc


def _require_object(parent: object, name: str) -> dict[str, Any]:
    found = parent.get(name) if isinstance(parent, dict) else None
    if not isinstance(found, dict):
        raise EntryError(f"it has no {name}")
    return found


def _require_number(value: object, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise EntryError(f"its {name} is not a number")
    try:
        return float(value)
    except OverflowError as exc:
        raise EntryError(f"its {name} is not a number") from exc


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _quote(value: object) -> str:
    return clean_text(_text(value), max_chars=30) or "something unnamed"
