"""USGS GeoJSON: magnitude and expected losses become a severity."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from rollcall.errors import SourceError
from rollcall.sources.feeds.incident import FeedReading
from tests.unit.sources.feeds.documents import load_feed, read, reasons


def write_feature(mag: object = 5.5, **changes: object) -> dict[str, Any]:
    properties = {"mag": mag, "title": "M", "time": 0, "type": "earthquake", **changes}
    point = {"type": "Point", "coordinates": [140.0, 35.0, 10.0]}
    return {"type": "Feature", "id": "us1", "properties": properties, "geometry": point}


def read_features(*features: object) -> FeedReading:
    return read(json.dumps({"type": "FeatureCollection", "features": features}))


def test_earthquake_becomes_an_incident() -> None:
    incident = read(load_feed("usgs_day.geojson")).incidents[0]
    assert incident.incident_id == "us7000tky1"
    assert incident.title == "M 7.1 - 58 km E of Chiba, Japan"
    assert incident.severity == "severe"
    assert (incident.latitude, incident.longitude) == (35.42, 140.61)
    assert incident.occurred_at == datetime(2026, 11, 23, 5, 12, tzinfo=UTC)
    assert incident.url == "https://earthquake.example.gov/eventpage/us7000tky1"
    assert incident.country is None
    assert incident.area is None


def test_blasts_and_events_without_magnitude_are_reported() -> None:
    reading = read(load_feed("usgs_day.geojson"))
    assert [each.severity for each in reading.incidents] == ["severe", "extreme", "moderate"]
    assert reasons(reading) == {
        "ci40000001": "it is no earthquake but quarry blast",
        "nn00500001": "its mag is not a number",
    }


@pytest.mark.parametrize(
    ("magnitude", "pager", "severity"),
    [
        (-0.5, None, "minor"),
        (4.99, None, "minor"),
        (5, None, "moderate"),
        (5.99, None, "moderate"),
        (6.0, None, "severe"),
        (7.99, None, "severe"),
        (8.0, None, "extreme"),
        (9.5, "green", "extreme"),
        (6.1, "red", "extreme"),
        (5.1, "orange", "severe"),
        (4.0, "yellow", "moderate"),
        (4.0, "mauve", "minor"),
        (4.0, 3, "minor"),
    ],
)
def test_graver_of_magnitude_and_losses_decides(
    magnitude: float, pager: object, severity: str
) -> None:
    (incident,) = read_features(write_feature(magnitude, alert=pager)).incidents
    assert incident.severity == severity


def test_title_is_composed_where_there_is_none() -> None:
    (incident,) = read_features(write_feature(5, title=None, place="south of Fiji")).incidents
    assert incident.title == "M 5.0 - south of Fiji"


def test_deleted_event_is_left_out() -> None:
    assert reasons(read_features(write_feature(status="deleted"))) == {
        "us1": "its publisher deleted it"
    }


@pytest.mark.parametrize(
    ("feature", "reason"),
    [
        (None, "no properties"),
        ([], "no properties"),
        ({}, "no properties"),
        (write_feature() | {"geometry": None}, "no geometry"),
        (write_feature() | {"id": 7}, "no id"),
        (write_feature(title=None), "no title"),
        (write_feature("7"), "mag is not a number"),
        (write_feature(True), "mag is not a number"),
        (write_feature(10**400), "mag is not a number"),
        (write_feature(time=None), "time is not a number"),
        (write_feature(time=1e300), "no time in milliseconds"),
        (write_feature() | {"geometry": {"type": "LineString"}}, "no Point"),
        (write_feature() | {"geometry": {"type": "Point", "coordinates": [1]}}, "two or three"),
        (
            write_feature() | {"geometry": {"type": "Point", "coordinates": [1, 91, 0]}},
            "latitude is beyond",
        ),
        (
            write_feature() | {"geometry": {"type": "Point", "coordinates": [1, "2", 0]}},
            "latitude is not a number",
        ),
    ],
)
def test_malformed_feature_costs_only_itself(feature: object, reason: str) -> None:
    good = write_feature() | {"id": "good"}
    reading = read_features(feature, good)
    assert [each.incident_id for each in reading.incidents] == ["good"]
    (rejected,) = reading.rejected
    assert reason in rejected.reason


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ("[]", "no GeoJSON FeatureCollection"),
        ('{"type": "Feature"}', "no GeoJSON FeatureCollection"),
        ('{"type": "FeatureCollection"}', "its features are no list"),
        ('{"type": "FeatureCollection", "features": {}}', "its features are no list"),
        ('{"type": "FeatureCollection", "features": [{}, {}]}', "none of its 2 entries"),
        ('{"type": "FeatureCollection", "features": [', "not well-formed JSON"),
        ('{"type": "FeatureCollection", "type": "FeatureCollection"}', "not well-formed JSON"),
        ('{"type": "FeatureCollection", "features": [NaN]}', "not well-formed JSON"),
        ("[" * 100_000, "not well-formed JSON"),
        ('{"n": ' + "1" * 5000 + "}", "not well-formed JSON"),
    ],
)
def test_malformed_collection_is_an_error_of_one_sentence(document: str, reason: str) -> None:
    with pytest.raises(SourceError, match=reason):
        read(document)


def test_collection_without_features_is_quiet() -> None:
    assert read_features().incidents == []
