"""Sort people by the time zone in which they are asked."""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ZoneGroups:
    """Everybody who is asked, in exactly one group.

    Attributes:
        by_zone: Ids of people by the name of the zone in which they are asked, both in order.
        unknown: How many have a zone of a name that is not known, by that name.
    """

    by_zone: dict[str, list[str]]
    unknown: dict[str, int]


def group_by_zone(
    person_ids: Iterable[str],
    zone_of: Mapping[str, str],
    known: AbstractSet[str],
    fallback: str,
) -> ZoneGroups:
    """Group people by their own time zone, and by another where they have none that is known.

    Args:
        person_ids: Who is asked.
        zone_of: The name of the zone of those who have one, as written.
        known: The names of all zones.
        fallback: For those who have none, or one that is not known.
    """
    by_zone: dict[str, list[str]] = {}
    unknown: dict[str, int] = {}
    for person_id in sorted(set(person_ids)):
        written = zone_of.get(person_id, "").strip()
        if written and written not in known:
            unknown[written] = unknown.get(written, 0) + 1
        by_zone.setdefault(written if written in known else fallback, []).append(person_id)
    return ZoneGroups(dict(sorted(by_zone.items())), unknown)
