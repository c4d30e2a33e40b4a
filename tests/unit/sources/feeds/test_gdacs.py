"""GDACS RSS: alert levels become severities, and what has ended is left out."""

from datetime import UTC, datetime

import pytest
from shapely.geometry import shape

from rollcall.errors import SourceError
from rollcall.sources.feeds.incident import FeedReading, Incident
from tests.unit.sources.feeds.documents import load_feed, read, reasons

POINT = "<geo:Point><geo:lat>1.5</geo:lat><geo:long>2.5</geo:long></geo:Point>"


def write_item(place: str = POINT, more: str = "", **changes: str) -> str:
    fields = {"eventtype": "FL", "eventid": "1", "alertlevel": "Green", **changes}
    told = "".join(f"<gdacs:{name}>{text}</gdacs:{name}>" for name, text in fields.items())
    date = "" if "fromdate" in changes else "<pubDate>Mon, 23 Nov 2026 05:40:00 GMT</pubDate>"
    return f"<item><title>Flood</title>{date}{told}{place}{more}</item>"


def read_items(*items: str) -> FeedReading:
    return read(
        '<rss xmlns:geo="http://www.w3.org/2003/01/geo/wgs84_pos#" '
        'xmlns:georss="http://www.georss.org/georss" xmlns:gdacs="http://www.gdacs.org">'
        f"<channel>{''.join(items)}</channel></rss>"
    )


def read_item(item: str) -> Incident:
    (incident,) = read_items(item).incidents
    return incident


def test_event_becomes_an_incident_with_its_area() -> None:
    flood, quake = read(load_feed("gdacs.xml")).incidents
    assert flood.incident_id == "FL1104339"
    assert flood.title == "Orange flood alert in Philippines (Magnitude 6.37)"
    assert flood.severity == "severe"
    assert flood.country == "PH"
    assert (flood.latitude, flood.longitude) == (14.61, 121.0)
    assert flood.occurred_at == datetime(2026, 11, 22, 5, tzinfo=UTC)
    assert flood.area is not None
    assert shape(flood.area).bounds == (120.9, 14.5, 121.1, 14.7)
    assert flood.url == "https://www.gdacs.example/report.aspx?eventtype=FL&eventid=1104339"
    assert (quake.latitude, quake.longitude) == (37.17, 37.03)


def test_event_of_several_countries_has_none() -> None:
    quake = read(load_feed("gdacs.xml")).incidents[1]
    assert quake.country is None
    assert quake.severity == "extreme"


def test_title_that_tells_the_measure_is_left_as_it_is() -> None:
    quake = read(load_feed("gdacs.xml")).incidents[1]
    assert quake.title == "Red earthquake alert (Magnitude 7.8M, Depth:10km) in Turkey, Syria"


def test_ended_and_unplaceable_events_are_reported() -> None:
    assert reasons(read(load_feed("gdacs.xml"))) == {
        "DR1012345": "it is no longer current",
        "WF1020304": "it has neither a point nor a polygon",
    }


@pytest.mark.parametrize(
    ("level", "severity"), [("Green", "minor"), ("orange", "severe"), ("RED", "extreme")]
)
def test_alert_level_becomes_a_severity(level: str, severity: str) -> None:
    assert read_item(write_item(alertlevel=level)).severity == severity


@pytest.mark.parametrize(
    "place",
    [
        POINT,
        "<geo:lat>1.5</geo:lat><geo:long>2.5</geo:long>",
        "<georss:point>1.5 2.5</georss:point>",
        "<georss:point>1.5, 2.5</georss:point>",
        "<georss:polygon>1 2 1 3 2 3 2 2 1 2</georss:polygon>",
    ],
)
def test_latitude_comes_first_however_a_place_is_written(place: str) -> None:
    incident = read_item(write_item(place))
    assert (incident.latitude, incident.longitude) == (1.5, 2.5)


def test_date_without_begin_is_that_of_publication() -> None:
    assert read_item(write_item()).occurred_at == datetime(2026, 11, 23, 5, 40, tzinfo=UTC)


@pytest.mark.parametrize("code", ["", "XXX", "Philippines", "PHL, IDN"])
def test_country_that_is_no_code_is_none(code: str) -> None:
    assert read_item(write_item(iso3=code)).country is None


def test_event_that_does_not_say_counts_as_current() -> None:
    assert read_item(write_item(iscurrent="")).incident_id == "FL1"


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (write_item(alertlevel="Purple"), "none of Green"),
        (write_item(eventid=""), "no gdacs:eventid"),
        (write_item(eventtype=""), "no gdacs:eventtype"),
        (write_item().replace("Flood", ""), "no title"),
        (write_item(fromdate="soon"), "fromdate is not a date"),
        (write_item(fromdate="Mon, 23 Nov 2026 05:40:00"), "fromdate has no time zone"),
        (write_item(fromdate="Mon, 23 Nov 2026 05:40:00 -0000"), "fromdate has no time zone"),
        (write_item(fromdate="Fri, 31 Dec 9999 23:00:00 -1400"), "fromdate is not a date"),
        (write_item().replace("<pubDate>", "<pubDate>not "), "pubDate is not a date"),
        (write_item("<georss:point>1.5</georss:point>"), "two coordinates"),
        (write_item("<georss:point>1 2 3</georss:point>"), "two coordinates"),
        (write_item("<georss:point>91 2</georss:point>"), "latitude is beyond"),
        (write_item("<geo:lat>1</geo:lat>"), "longitude is not a number"),
        (write_item("<georss:polygon>1 2 1 3 2</georss:polygon>"), "odd number"),
        (write_item("<georss:polygon>1 2 1 3</georss:polygon>"), "fewer than three corners"),
        (write_item("<georss:polygon>1 2 1 x 2 2</georss:polygon>"), "is not a number"),
    ],
)
def test_malformed_item_costs_only_itself(item: str, reason: str) -> None:
    reading = read_items(item, write_item(eventid="2"))
    assert [each.incident_id for each in reading.incidents] == ["FL2"]
    (rejected,) = reading.rejected
    assert rejected.entry_id == "item 1"
    assert reason in rejected.reason


def test_feed_without_channel_is_an_error() -> None:
    with pytest.raises(SourceError, match="RSS without a channel"):
        read("<rss/>")


def test_other_rss_is_an_error() -> None:
    with pytest.raises(SourceError, match="none of Green, Orange, Red"):
        read("<rss><channel><item><title>News</title></item></channel></rss>")
