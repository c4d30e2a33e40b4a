"""Which kind of feed a document is, by what it holds: names and media types are often wrong."""

import codecs
from datetime import datetime
from xml.etree.ElementTree import Element

from rollcall.domain.strict_json import parse_json
from rollcall.errors import SourceError
from rollcall.sources.feeds import atom, cap, gdacs
from rollcall.sources.feeds.atom import AlertEntry, list_entries
from rollcall.sources.feeds.cap import read_cap
from rollcall.sources.feeds.gdacs import read_gdacs
from rollcall.sources.feeds.incident import FeedReading
from rollcall.sources.feeds.usgs import read_usgs
from rollcall.sources.feeds.xml_tree import parse_xml

KINDS = "neither a CAP 1.2 alert, an Atom feed, GDACS RSS nor USGS GeoJSON"


def read_document(content: bytes, feed: str, now: datetime) -> FeedReading | list[AlertEntry]:
    """Read a document of any kind.

    Args:
        content: Its bytes.
        feed: What it is called in reports.
        now: Alerts that expired by then are left out.

    Returns:
        What it says; of an Atom feed the entries, whose links are yet to be followed.

    Raises:
        SourceError: It is of no kind we know, or malformed as a whole.
    """
    start = content.removeprefix(codecs.BOM_UTF8).lstrip()
    if not start:
        raise SourceError(f"{feed} is empty")
    if start[:1] in b"{[":
        return _read_json(content, feed)
    return _read_xml(parse_xml(content, feed), feed, now)


def parse_alert(content: bytes, name: str) -> Element:
    """Parse a document that an Atom feed links to.

    Raises:
        SourceError: It is no CAP 1.2 alert.
    """
    root = parse_xml(content, name)
    if root.tag != cap.ROOT:
        raise SourceError(f"{name} is no CAP 1.2 alert")
    return root


def _read_xml(root: Element, feed: str, now: datetime) -> FeedReading | list[AlertEntry]:
    if root.tag == cap.ROOT:
        return read_cap(root, feed, now)
    if root.tag == gdacs.ROOT:
        return read_gdacs(root, feed)
    if root.tag == atom.ROOT:
        return list_entries(root)
    raise SourceError(f"{feed} is {KINDS}")


def _read_json(content: bytes, feed: str) -> FeedReading:
    try:
        document = parse_json(content.removeprefix(codecs.BOM_UTF8))
    except ValueError as exc:
        raise SourceError(f"{feed} is not well-formed JSON") from exc
    return read_usgs(document, feed)
