"""Reader of GDACS's RSS 2.0 with GeoRSS: disasters of all kinds, with an estimate of their impact.

https://www.gdacs.org/xml/rss.xml, by the United Nations and the European Commission. Ended events
stay in it for days to months, so what is not current is left out.
"""

from datetime import datetime
from itertools import pairwise
from xml.etree.ElementTree import Element

import pycountry

from rollcall.errors import SourceError
from rollcall.sources.feeds.collecting import EntryError, EntryReading, collect_entries
from rollcall.sources.feeds.fields import (
    TITLE_MAX_CHARS,
    check_point,
    clean_text,
    read_mail_date,
    read_number,
    read_url,
    require_id,
    require_title,
)
from rollcall.sources.feeds.incident import FeedEntry, FeedReading, Incident, Severity
from rollcall.sources.feeds.shapes import Outline, Place, make_outline, place_outlines
from rollcall.sources.feeds.xml_tree import child_text

NS = "{http://www.gdacs.org}"
GEO = "{http://www.w3.org/2003/01/geo/wgs84_pos#}"
GEORSS = "{http://www.georss.org/georss}"
ROOT = "rss"

SEVERITY_BY_LEVEL: dict[str, Severity] = {
    "Green": "minor",
    "Orange": "severe",
    "Red": "extreme",
}
"""`gdacs:alertlevel`: low, medium and high humanitarian impact (GDACS Guidelines 2014, chapter 2).

Orange floods and earthquakes have killed hundreds, so it is more than CAP's "possible threat"."""

_NumberedItem = tuple[int, Element]


def read_gdacs(root: Element, feed: str) -> FeedReading:
    """Read a parsed feed.

    Raises:
        SourceError: It has no channel, or all of its items are malformed.
    """
    channel = root.find("channel")
    if channel is None:
        raise SourceError(f"{feed} is RSS without a channel")
    items = enumerate(channel.findall("item"), start=1)
    return collect_entries(feed, items, _name_item, _read_item)


def _name_item(numbered: _NumberedItem) -> str:
    number, item = numbered
    return clean_text(item.findtext("guid"), max_chars=80) or f"item {number}"


def _read_item(numbered: _NumberedItem) -> EntryReading:
    _, item = numbered
    severity = _read_severity(item)
    if (child_text(item, f"{NS}iscurrent") or "true").casefold() == "false":
        return EntryReading(left_out="it is no longer current")
    return EntryReading(entry=FeedEntry(_build_incident(item, severity)))


def _build_incident(item: Element, severity: Severity) -> Incident:
    place = _read_place(item)
    return Incident(
        incident_id=_read_id(item),
        title=_read_title(item),
        severity=severity,
        latitude=place.latitude,
        longitude=place.longitude,
        occurred_at=_read_start(item),
        country=_read_country(item),
        url=read_url(item.findtext("link")),
        area=place.area,
    )


def _read_id(item: Element) -> str:
    """Join type and number of the event, as in `EQ1082314`: numbers alone are not unique."""
    kind = require_id(item.findtext(f"{NS}eventtype"), "gdacs:eventtype")
    return kind + require_id(item.findtext(f"{NS}eventid"), "gdacs:eventid")


def _read_title(item: Element) -> str:
    """Add what was measured (`gdacs:severity`) where the title does not say it."""
    title = require_title(item.findtext("title"))
    measured = clean_text(item.findtext(f"{NS}severity"), TITLE_MAX_CHARS)
    return title if measured in title else clean_text(f"{title} ({measured})", TITLE_MAX_CHARS)


def _read_severity(item: Element) -> Severity:
    level = (child_text(item, f"{NS}alertlevel") or "").capitalize()
    if level not in SEVERITY_BY_LEVEL:
        raise EntryError("its gdacs:alertlevel is none of Green, Orange, Red")
    return SEVERITY_BY_LEVEL[level]


def _read_start(item: Element) -> datetime:
    """Read when the event began, else when it was published."""
    text = child_text(item, f"{NS}fromdate")
    if text:
        return read_mail_date(text, "gdacs:fromdate")
    return read_mail_date(item.findtext("pubDate"), "pubDate")


def _read_country(item: Element) -> str | None:
    """Read `gdacs:iso3`, which is empty for several countries and at sea."""
    code = child_text(item, f"{NS}iso3")
    country = pycountry.countries.get(alpha_3=code.upper()) if code else None
    return country.alpha_2 if country else None


def _read_place(item: Element) -> Place:
    """Take the point that is given, else one within the area."""
    outlines = [_read_polygon(each.text) for each in item.iter(f"{GEORSS}polygon")]
    area = place_outlines(outlines)
    point = _read_point(item)
    if point:
        return Place(*point, area=area.area if area else None)
    if area is None:
        raise EntryError("it has neither a point nor a polygon")
    return area


def _read_point(item: Element) -> tuple[float, float] | None:
    """Read geo:Point or georss:point, as (latitude, longitude)."""
    geo = item.find(f"{GEO}Point")
    holder = item if geo is None else geo
    pair = [child_text(holder, f"{GEO}lat"), child_text(holder, f"{GEO}long")]
    if not any(pair):
        pair = list(_split(child_text(item, f"{GEORSS}point")))
    if not pair:
        return None
    if len(pair) != 2:  # noqa: PLR2004 - latitude and longitude
        raise EntryError("its point does not have two coordinates")
    return check_point(read_number(pair[0], "latitude"), read_number(pair[1], "longitude"))


def _read_polygon(text: str | None) -> Outline:
    """Read `lat lon lat lon …`: latitude comes first."""
    numbers = [read_number(each, "polygon's coordinate") for each in _split(text)]
    if len(numbers) % 2:
        raise EntryError("its polygon has an odd number of coordinates")
    return make_outline([(lon, lat) for lat, lon in list(pairwise(numbers))[::2]])


def _split(text: str | None) -> list[str]:
    """Split at white space, and at the commas that some write."""
    return (text or "").replace(",", " ").split()
