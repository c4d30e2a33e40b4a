"""What is read from feeds: incidents, what withdraws them, and entries that could not be used."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NamedTuple

Severity = Literal["minor", "moderate", "severe", "extreme"]

SEVERITIES: tuple[Severity, ...] = ("minor", "moderate", "severe", "extreme")
"""From the least to the gravest."""


@dataclass(frozen=True, slots=True)
class Incident:
    """Something that happened or is about to: one row of the contract's `incidents` table.

    Attributes:
        incident_id: The publisher's own id for it.
        title: One line, in English where the publisher has it.
        severity: One of `SEVERITIES`.
        latitude: WGS 84 degrees; a point within the area where there is one.
        longitude: WGS 84 degrees, from -180 to 180.
        occurred_at: When it began or is to begin, aware UTC.
        country: ISO 3166-1 alpha-2, None where the publisher does not say it as a code.
        url: A page for people, http or https.
        area: GeoJSON (RFC 7946): a Polygon, or a FeatureCollection of Polygons. What crosses the
            antimeridian has longitudes beyond ±180.
    """

    incident_id: str
    title: str
    severity: Severity
    latitude: float
    longitude: float
    occurred_at: datetime
    country: str | None = None
    url: str | None = None
    area: dict[str, Any] | None = None


class AlertKey(NamedTuple):
    """What a CAP alert is known by: identifiers are unique for each sender only."""

    sender: str
    identifier: str


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """An incident as a feed reported it.

    Attributes:
        incident: The incident.
        expires_at: From when on it no longer counts, aware UTC; None if it does not say.
        key: What other alerts may withdraw it by; None where the format knows no withdrawal.
        sent_at: When it was published, aware UTC; None where the format does not say.
        link: The document it was read from, where the feed only links to it.
    """

    incident: Incident
    expires_at: datetime | None = None
    key: AlertKey | None = None
    sent_at: datetime | None = None
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """An alert that no longer holds, because a later one replaces or cancels it.

    Attributes:
        key: The alert.
        sent_at: When the later one was published, aware UTC.
    """

    key: AlertKey
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class RejectedEntry:
    """An entry of a feed that is no incident for us.

    Attributes:
        feed: The feed, without the credentials its address may hold.
        entry_id: The publisher's id of the entry, or its number in the feed, from 1.
        reason: Why: it is malformed, or rightly left out (a test, expired).
    """

    feed: str
    entry_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Validators:
    """What a server recognises the version of a document by (RFC 9110, section 8.8)."""

    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True)
class FeedReading:
    """What one feed said when it was read.

    Attributes:
        entries: Its incidents, as reported, also those that others of its entries withdraw.
        rejected: Entries that are none.
        withdrawals: Alerts that it withdraws, be they its own or another feed's.
        unread_links: Linked documents that could not be fetched: of those nothing new is known.
        validators: To ask the server for a later version only.
    """

    entries: tuple[FeedEntry, ...] = ()
    rejected: tuple[RejectedEntry, ...] = ()
    withdrawals: tuple[Withdrawal, ...] = ()
    unread_links: tuple[str, ...] = ()
    validators: Validators = field(default_factory=Validators)

    @property
    def incidents(self) -> list[Incident]:
        """The incidents that hold, each once."""
        return [entry.incident for entry in merge_entries([self])]


def merge_entries(readings: Iterable[FeedReading]) -> list[FeedEntry]:
    """Return the entries of several feeds that hold, each incident once.

    What any of the feeds withdraws is gone. Of two entries with the same `incident_id` the one of
    the feed named first counts, within a feed the one published last.
    """
    known = list(readings)
    withdrawn_at = _date_withdrawals(known)
    merged: dict[str, FeedEntry] = {}
    for entry in _order_entries(known):
        if not _is_withdrawn(entry, withdrawn_at):
            merged.setdefault(entry.incident.incident_id, entry)
    return list(merged.values())


def _date_withdrawals(readings: list[FeedReading]) -> dict[AlertKey, datetime]:
    dated: dict[AlertKey, datetime] = {}
    for reading in readings:
        for withdrawal in reading.withdrawals:
            earlier = dated.get(withdrawal.key, withdrawal.sent_at)
            dated[withdrawal.key] = max(earlier, withdrawal.sent_at)
    return dated


def _order_entries(readings: list[FeedReading]) -> Iterator[FeedEntry]:
    for reading in readings:
        undated = [entry for entry in reading.entries if entry.sent_at is None]
        dated = [(entry.sent_at, entry) for entry in reading.entries if entry.sent_at]
        yield from undated
        yield from (entry for _, entry in sorted(dated, key=lambda pair: pair[0], reverse=True))


def _is_withdrawn(entry: FeedEntry, withdrawn_at: dict[AlertKey, datetime]) -> bool:
    """Tell whether a later alert withdraws it: of two that name each other the later one counts."""
    if entry.key is None or entry.sent_at is None:
        return False
    moment = withdrawn_at.get(entry.key)
    return moment is not None and moment >= entry.sent_at
