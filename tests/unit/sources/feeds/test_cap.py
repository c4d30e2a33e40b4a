"""CAP 1.2: what counts, where it is, and what a later alert does to an earlier one."""

from datetime import UTC, datetime, timedelta

import pytest
from shapely.geometry import Point, shape

from rollcall.errors import SourceError
from rollcall.sources.feeds.atom import list_entries, read_atom
from rollcall.sources.feeds.incident import FeedReading, Incident, merge_entries
from rollcall.sources.feeds.xml_tree import parse_xml
from tests.unit.sources.feeds.documents import (
    NOW,
    SQUARE,
    load_feed,
    read,
    reasons,
    write_alert,
    write_atom,
    write_info,
)


def read_one(*infos: str) -> Incident:
    (incident,) = read(write_alert(*infos)).incidents
    return incident


def test_alert_in_two_languages_is_one_incident_told_in_english() -> None:
    (incident,) = read(load_feed("cap_flood.xml")).incidents
    assert incident.incident_id == "2.49.0.1.608.0.2026.11.23.0002"
    assert incident.title == "Severe flooding in Metro Manila"
    assert incident.severity == "severe"
    assert incident.occurred_at == datetime(2026, 11, 23, 4, tzinfo=UTC)
    assert incident.url == "https://weather.example.ph/floods/0002"
    assert incident.country is None


def test_same_area_in_two_languages_is_taken_once() -> None:
    (incident,) = read(load_feed("cap_flood.xml")).incidents
    assert incident.area is not None
    assert incident.area["type"] == "FeatureCollection"
    polygon, circle = (shape(each["geometry"]) for each in incident.area["features"])
    assert polygon.bounds == (120.93, 14.55, 121.05, 14.68)
    assert circle.contains(Point(121.0833, 14.7333))
    assert polygon.contains(Point(incident.longitude, incident.latitude))


def test_latitude_comes_first_in_a_polygon() -> None:
    incident = read_one()
    assert incident.area is not None
    assert shape(incident.area).bounds == (20, 10, 22, 12)
    assert (incident.latitude, incident.longitude) == (11, 21)


def test_latitude_comes_first_in_a_circle() -> None:
    incident = read_one(write_info("<circle>10.5,20.5 100</circle>"))
    assert incident.area is not None
    west, south, east, north = shape(incident.area).bounds
    assert (west + east) / 2 == pytest.approx(20.5, abs=0.01)
    assert (south + north) / 2 == pytest.approx(10.5, abs=0.01)
    assert (north - south) * 110.6 == pytest.approx(200, rel=0.01)


def test_circle_without_radius_is_a_point() -> None:
    incident = read_one(write_info("<circle>10.5,20.5 0</circle>"))
    assert incident.area is None
    assert (incident.latitude, incident.longitude) == (10.5, 20.5)


@pytest.mark.parametrize(
    ("word", "severity"),
    [
        ("Extreme", "extreme"),
        ("Severe", "severe"),
        ("Moderate", "moderate"),
        ("Minor", "minor"),
        ("Unknown", "moderate"),
    ],
)
def test_every_severity_of_cap_has_one_of_ours(word: str, severity: str) -> None:
    assert read_one(write_info(severity=word)).severity == severity


def test_gravest_block_decides() -> None:
    blocks = [write_info(severity=word) for word in ("Minor", "Extreme", "Moderate")]
    assert read_one(*blocks).severity == "extreme"


def test_first_language_is_told_where_none_is_english() -> None:
    blocks = [
        write_info(more=f"<language>{language}</language><headline>{title}</headline>")
        for language, title in [("ja-JP", "洪水"), ("ko-KR", "홍수")]
    ]
    assert read_one(*blocks).title == "洪水"


def test_block_without_language_is_english() -> None:
    blocks = [
        write_info(more="<language>ja</language><headline>洪水</headline>"),
        write_info(more="<headline>Flooding</headline>"),
    ]
    assert read_one(*blocks).title == "Flooding"


@pytest.mark.parametrize(
    ("told", "hour"),
    [
        ("<effective>2026-11-23T03:00:00+00:00</effective>", 3),
        ("<onset>2026-11-23T09:00:00+00:00</onset>", 9),
        (
            "<effective>2026-11-23T03:00:00+00:00</effective>"
            "<onset>2026-11-23T11:00:00+02:00</onset>",
            9,
        ),
        ("", 5),
    ],
)
def test_event_begins_at_onset_else_as_it_takes_effect_else_as_sent(told: str, hour: int) -> None:
    assert read_one(write_info(more=told)).occurred_at == NOW.replace(hour=hour)


@pytest.mark.parametrize("status", ["Exercise", "System", "Test", "Draft"])
def test_only_actual_alerts_count_and_the_others_are_reported(status: str) -> None:
    reading = read(write_alert(status=status))
    assert reading.incidents == []
    assert reasons(reading) == {"a1": f"its status is {status}, and only Actual counts"}


@pytest.mark.parametrize("kind", ["Ack", "Error"])
def test_acknowledgements_alert_nobody(kind: str) -> None:
    reading = read(write_alert(kind=kind))
    assert reading.incidents == []
    assert reasons(reading) == {"a1": f"its msgType is {kind}, which alerts nobody"}


def test_expired_alert_is_left_out_and_reported() -> None:
    alert = write_alert(write_info(more="<expires>2026-11-23T06:00:00+00:00</expires>"))
    assert read(alert, NOW - timedelta(seconds=1)).incidents != []
    reading = read(alert, NOW)
    assert reading.incidents == []
    assert reasons(reading) == {"a1": "it has expired or gives the all-clear"}


def test_all_clear_is_no_incident() -> None:
    assert read(write_alert(write_info(more="<responseType>AllClear</responseType>"))).entries == ()


def test_expired_block_no_longer_adds_its_area() -> None:
    over = write_info(
        "<polygon>40,40 40,41 41,41 40,40</polygon>",
        severity="Extreme",
        more="<expires>2026-11-23T05:59:00+00:00</expires>",
    )
    incident = read_one(over, write_info(severity="Minor"))
    assert incident.area is not None
    assert shape(incident.area).bounds == (20, 10, 22, 12)
    assert incident.severity == "minor"


def test_alert_expires_with_its_last_block() -> None:
    early, late = (
        write_info(more=f"<expires>2026-11-23T{hour}:00:00+00:00</expires>") for hour in (10, 12)
    )
    (entry,) = read(write_alert(early, late)).entries
    assert entry.expires_at == NOW.replace(hour=12)
    (entry,) = read(write_alert(early, write_info())).entries
    assert entry.expires_at is None


@pytest.mark.parametrize(
    ("area", "reason"),
    [
        ("<geocode><valueName>SAME</valueName><value>006109</value></geocode>", "neither polygon"),
        ("<polygon>10,20 10,22 10,20</polygon>", "fewer than three corners"),
        ("<polygon></polygon>", "fewer than three corners"),
        ("<polygon>10,20 10,22 12,x 10,20</polygon>", "longitude is not a number"),
        ("<polygon>10 20 10 22 12 22 10 20</polygon>", "is not a number"),
        ("<polygon>95,20 10,22 12,22 95,20</polygon>", "beyond ±90"),
        ("<polygon>nan,20 10,22 12,22 nan,20</polygon>", "latitude is not a number"),
        ("<circle>10,20</circle>", "radius is not a number"),
        ("<circle>10,20 -5</circle>", "radius is not from 0"),
        ("<circle>10,20 20000</circle>", "radius is not from 0"),
        ("<circle>91,20 5</circle>", "latitude is beyond"),
        ("<circle>10,181 5</circle>", "longitude is beyond"),
        ("<polygon>10,20 10,21 10,22 10,20</polygon>", "neither polygon"),
        ("".join(f"<circle>10,{n / 10} 5</circle>" for n in range(101)), "more than 100 circles"),
    ],
)
def test_alert_that_cannot_be_placed_says_why(area: str, reason: str) -> None:
    with pytest.raises(SourceError, match=reason):
        read(write_alert(write_info(area)))


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (write_alert().replace("<identifier>a1</identifier>", ""), "no identifier"),
        (write_alert(identifier="x" * 201), "longer than 200"),
        (write_alert().replace("s@example.org", ""), "no sender"),
        (write_alert(sent="yesterday"), "sent is not a timestamp"),
        (write_alert(sent="2026-11-23T05:00:00"), "sent is not a timestamp with an offset"),
        (write_alert(sent="0001-01-01T00:00:00+14:00"), "sent is not a timestamp"),
        (write_alert(write_info(severity="Bad")), "severity is Bad"),
        (write_alert(write_info(more="<expires>never</expires>")), "expires is not"),
        (write_alert(write_info(more="<onset>later</onset>")), "onset is not"),
        (write_alert(write_info().replace("<event>Flood</event>", "")), "no title"),
        (write_alert().replace(write_info(), ""), "no info"),
        (write_alert(kind="Cancel"), "references name no alert"),
        (write_alert(kind="Cancel", references="a0"), "references name no alert"),
    ],
)
def test_malformed_alert_is_an_error_of_one_sentence(broken: str, reason: str) -> None:
    with pytest.raises(SourceError, match=reason) as caught:
        read(broken)
    assert "\n" not in str(caught.value)


def test_several_polygons_are_all_in_the_area() -> None:
    incident = read_one(write_info(SQUARE + "<polygon>40,40 40,41 41,41 40,40</polygon>"))
    assert incident.area is not None
    corners = [shape(each["geometry"]).bounds for each in incident.area["features"]]
    assert corners == [(20, 10, 22, 12), (40, 40, 41, 41)]


def test_areas_of_a_feed_are_bounded_together() -> None:
    circles = "".join(f"<circle>{number / 2},0 5</circle>" for number in range(100))
    alerts = [write_alert(write_info(circles), identifier=f"a{number}") for number in range(106)]
    reading = read_atom(list_entries(parse_xml(write_atom(*alerts).encode(), "feed")), "feed", NOW)
    assert len(reading.entries) == 104
    assert reasons(reading)["a105"] == "the areas before it have more than 1,000,000 corners"


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "x.org",
        "https://",
        "http://[x/",
        "https://x y/",
        f"http://{'x' * 2000}",
    ],
)
def test_only_web_pages_become_links(address: str) -> None:
    assert read_one(write_info(more=f"<web>{address}</web>")).url is None
    assert read_one(write_info(more="<web> https://x.org/?b=1 </web>")).url == "https://x.org/?b=1"


def test_control_characters_do_not_reach_the_title() -> None:
    incident = read_one(write_info(more="<headline>Flood\u202e\n  at\u0085 night</headline>"))
    assert incident.title == "Flood at night"


def later(identifier: str, kind: str, *names: str, hour: int = 6) -> FeedReading:
    references = " ".join(f"s@example.org,{name},2026-11-23T05:00:00+00:00" for name in names)
    sent = f"2026-11-23T{hour:02}:00:00+00:00"
    return read(write_alert(identifier=identifier, kind=kind, references=references, sent=sent))


def ids(*readings: FeedReading) -> list[str]:
    return [entry.incident.incident_id for entry in merge_entries(readings)]


def test_update_supersedes_what_it_references() -> None:
    assert ids(read(write_alert()), later("a2", "Update", "a1")) == ["a2"]


def test_cancel_removes_what_it_references_and_is_reported() -> None:
    cancel = later("a3", "Cancel", "a1", "a2")
    assert ids(read(write_alert()), later("a2", "Update", "a1"), cancel) == []
    assert reasons(cancel) == {"a3": "it cancels an earlier alert"}


def test_plain_alert_supersedes_nothing() -> None:
    assert ids(read(write_alert()), later("a2", "Alert", "a1")) == ["a1", "a2"]


def test_reference_to_another_sender_withdraws_nothing() -> None:
    other = write_alert(identifier="a2", kind="Cancel", references="t@example.org,a1,x")
    assert ids(read(write_alert()), read(other)) == ["a1"]


def test_update_that_references_itself_stays() -> None:
    assert ids(later("a1", "Update", "a1")) == ["a1"]


def test_earlier_alert_cannot_withdraw_a_later_one() -> None:
    assert ids(read(write_alert()), later("a2", "Cancel", "a1", hour=4)) == ["a1"]


def test_expired_update_still_supersedes() -> None:
    expired = write_alert(
        write_info(more="<expires>2026-11-23T05:30:00+00:00</expires>"),
        identifier="a2",
        kind="Update",
        references="s@example.org,a1,2026-11-23T05:00:00+00:00",
    )
    assert ids(read(write_alert()), read(expired)) == []


def test_test_of_a_cancel_removes_nothing() -> None:
    drill = write_alert(
        identifier="a2",
        kind="Cancel",
        status="Test",
        references="s@example.org,a1,2026-11-23T05:00:00+00:00",
    )
    assert ids(read(write_alert()), read(drill)) == ["a1"]
