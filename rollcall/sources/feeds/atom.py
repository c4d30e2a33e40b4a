"""Reader of Atom (RFC 4287) feeds whose entries are CAP alerts, or link to them.

After OASIS "Example Practices: CAP Feeds": an alert stands in `content`, or a link of the type
`application/cap+xml` leads to it; feeds before that have one plain link.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from xml.etree.ElementTree import Element

from rollcall.sources.feeds import cap
from rollcall.sources.feeds.collecting import EntryError, EntryReading, collect_entries
from rollcall.sources.feeds.fields import clean_text
from rollcall.sources.feeds.incident import FeedReading

NS = "{http://www.w3.org/2005/Atom}"
ROOT = f"{NS}feed"

CAP_TYPE = "application/cap+xml"
PLAIN_TYPES = ("", "application/xml", "text/xml")
PLAIN_RELATIONS = ("", "alternate", "related", "enclosure")


@dataclass(frozen=True, slots=True)
class AlertEntry:
    """One entry of the feed.

    Attributes:
        entry_id: What it is reported by.
        alert: The CAP alert, once it is known.
        link: Where the alert is, if not in the entry; perhaps relative to the feed.
        problem: Why there is none.
    """

    entry_id: str
    alert: Element | None = None
    link: str | None = None
    problem: str | None = None


def list_entries(root: Element) -> list[AlertEntry]:
    """Return the entries of a parsed feed; several that link to the same alert are one."""
    entries = [
        _list_entry(number, entry) for number, entry in enumerate(root.findall(f"{NS}entry"), 1)
    ]
    linked = {entry.link: entry for entry in reversed(entries) if entry.link}
    return [entry for entry in entries if not entry.link or linked[entry.link] is entry]


def read_atom(entries: list[AlertEntry], feed: str, now: datetime) -> FeedReading:
    """Read the alerts of a feed's entries, after what they link to has been fetched.

    Raises:
        SourceError: There are entries, and all are malformed.
    """
    return collect_entries(feed, entries, _name_entry, lambda entry: _read_entry(entry, now))


def _name_entry(entry: AlertEntry) -> str:
    return entry.entry_id if entry.alert is None else cap.name_alert(entry.alert)


def _read_entry(entry: AlertEntry, now: datetime) -> EntryReading:
    if entry.alert is None:
        raise EntryError(entry.problem or "it neither holds nor links to a CAP alert")
    reading = cap.read_alert(entry.alert, now)
    if reading.entry is None:
        return reading
    return replace(reading, entry=replace(reading.entry, link=entry.link))


def _list_entry(number: int, entry: Element) -> AlertEntry:
    entry_id = clean_text(entry.findtext(f"{NS}id"), max_chars=80) or f"entry {number}"
    alert = next(entry.iter(cap.ROOT), None)
    return AlertEntry(entry_id, alert, None if alert is not None else _find_link(entry))


def _find_link(entry: Element) -> str | None:
    links = [link for link in entry.findall(f"{NS}link") if link.get("href", "").strip()]
    chosen = [link for link in links if _type_of(link) == CAP_TYPE] or [
        link
        for link in links
        if _type_of(link) in PLAIN_TYPES and link.get("rel", "") in PLAIN_RELATIONS
    ]
    return chosen[0].attrib["href"].strip() if chosen else None


def _type_of(link: Element) -> str:
    return link.get("type", "").partition(";")[0].strip().casefold()
