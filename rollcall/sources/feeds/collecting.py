"""Reading a feed entry by entry, so that a malformed one costs only itself."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from rollcall.errors import SourceError
from rollcall.sources.feeds.incident import FeedEntry, FeedReading, RejectedEntry, Withdrawal

Item = TypeVar("Item")

MAX_FEED_CORNERS = 1_000_000
"""Of all areas of a feed: 25 bytes of CAP make a circle of 96, so the size alone is no bound."""


class EntryError(ValueError):
    """One entry is malformed; says why, without quoting what cannot be shown."""


@dataclass(frozen=True, slots=True)
class EntryReading:
    """What one well-formed entry says.

    Attributes:
        entry: Its incident; None if it has none for us.
        withdrawals: Alerts that it replaces or cancels.
        left_out: Why it has no incident for us.
    """

    entry: FeedEntry | None = None
    withdrawals: tuple[Withdrawal, ...] = ()
    left_out: str | None = None


def collect_entries(
    feed: str,
    items: Iterable[Item],
    name: Callable[[Item], str],
    read: Callable[[Item], EntryReading],
) -> FeedReading:
    """Read every entry of a feed; report those that are malformed or left out.

    Args:
        feed: The feed, as people are shown it.
        items: Its entries.
        name: Gives the id of an entry; must not fail.
        read: Reads an entry; raises `EntryError` where it is malformed.

    Raises:
        SourceError: There are entries, and all are malformed: this is not the feed it was.
    """
    readings: list[EntryReading] = []
    rejected: list[RejectedEntry] = []
    corner_count = 0
    for item in items:
        try:
            reading = _read_within(corner_count, item, read)
        except EntryError as exc:
            rejected.append(RejectedEntry(feed, name(item), str(exc)))
            continue
        corner_count += _count_corners(reading)
        readings.append(reading)
        if reading.left_out:
            rejected.append(RejectedEntry(feed, name(item), reading.left_out))
    if rejected and not readings:
        raise SourceError(_describe_useless(feed, rejected))
    return FeedReading(
        entries=tuple(reading.entry for reading in readings if reading.entry),
        rejected=tuple(rejected),
        withdrawals=tuple(each for reading in readings for each in reading.withdrawals),
    )


def _read_within(
    corner_count: int, item: Item, read: Callable[[Item], EntryReading]
) -> EntryReading:
    if corner_count > MAX_FEED_CORNERS:
        raise EntryError(f"the areas before it have more than {MAX_FEED_CORNERS:,} corners")
    return read(item)


def _count_corners(reading: EntryReading) -> int:
    area = (reading.entry.incident.area if reading.entry else None) or {}
    geometries = [feature["geometry"] for feature in area.get("features", [])] or [area]
    return sum(len(ring) for geometry in geometries for ring in geometry.get("coordinates", []))


def _describe_useless(feed: str, rejected: list[RejectedEntry]) -> str:
    first = rejected[0]
    told = f"{first.entry_id}: {first.reason}"
    if len(rejected) == 1:
        return f"{feed} cannot be used: {told}"
    return f"{feed} cannot be used: none of its {len(rejected)} entries can be read ({told})"
