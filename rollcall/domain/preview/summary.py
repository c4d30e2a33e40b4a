"""An audience in numbers: where they are, how they can be reached, whom nobody can place."""

from collections import Counter
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Literal

from rollcall.domain.audience import Audience, Recipient, looks_deliverable

Way = Literal["email", "sms", "app"]
"""A way somebody could be reached, whatever the message uses."""

WAYS: tuple[Way, ...] = ("email", "sms", "app")

UNKNOWN_COUNTRY = "unknown"


@dataclass(frozen=True, slots=True)
class Summary:
    """An audience in numbers.

    Attributes:
        people_count: Everybody who is meant, also who cannot be reached.
        by_country: People by the country where they are (`unknown` where it is not known), most
            first.
        by_position_source: People by the source of their position, most first.
        reachable: People by the ways they can be reached: one of several ways counts for each.
        only_way_ids: The ids of people with one way only, by that way.
        no_way_ids: The ids of people without any way.
        unknown_whereabouts_ids: The ids of people without known country and coordinates.
        facility_ids: The facilities matched.
        silent_facility_ids: Those of them that stand for nobody.
    """

    people_count: int
    by_country: dict[str, int]
    by_position_source: dict[str, int]
    reachable: dict[Way, int]
    only_way_ids: dict[Way, tuple[str, ...]]
    no_way_ids: tuple[str, ...]
    unknown_whereabouts_ids: tuple[str, ...]
    facility_ids: tuple[str, ...]
    silent_facility_ids: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the summary as programs get it."""
        return {
            "people": self.people_count,
            "by_country": self.by_country,
            "by_position_source": self.by_position_source,
            "reachable": {**self.reachable, "none": len(self.no_way_ids)},
            "only_channel": {way: list(ids) for way, ids in self.only_way_ids.items()},
            "no_channel": list(self.no_way_ids),
            "unknown_whereabouts": list(self.unknown_whereabouts_ids),
            "facilities": list(self.facility_ids),
            "facilities_for_nobody": list(self.silent_facility_ids),
        }


def summarise_audience(audience: Audience, ways: Mapping[str, tuple[Way, ...]]) -> Summary:
    """Count an audience.

    Args:
        audience: Who is meant.
        ways: How each of them can be reached, by `person_id` (`list_ways`).
    """
    recipients = audience.recipients
    return Summary(
        people_count=len(recipients),
        by_country=_count(one.position.country or UNKNOWN_COUNTRY for one in recipients),
        by_position_source=_count(one.position.source for one in recipients),
        reachable={way: sum(way in having for having in ways.values()) for way in WAYS},
        only_way_ids={way: _find_with(ways, (way,)) for way in WAYS},
        no_way_ids=_find_with(ways, ()),
        unknown_whereabouts_ids=tuple(one.person_id for one in recipients if _is_lost(one)),
        facility_ids=audience.facility_ids,
        silent_facility_ids=audience.silent_facility_ids,
    )


def list_ways(
    recipients: Iterable[Recipient], app_user_ids: AbstractSet[str]
) -> dict[str, tuple[Way, ...]]:
    """Return how everybody can be reached, by `person_id`.

    Args:
        recipients: Who is meant.
        app_user_ids: The ids of people who have the app.
    """
    return {one.person_id: _ways(one, app_user_ids) for one in recipients}


def _ways(one: Recipient, app_user_ids: AbstractSet[str]) -> tuple[Way, ...]:
    has = {
        "email": bool(one.email) and looks_deliverable(one.email or ""),
        "sms": bool(one.phone),
        "app": one.person_id in app_user_ids,
    }
    return tuple(way for way in WAYS if has[way])


def _find_with(ways: Mapping[str, tuple[Way, ...]], wanted: tuple[Way, ...]) -> tuple[str, ...]:
    return tuple(person_id for person_id, having in ways.items() if having == wanted)


def _is_lost(one: Recipient) -> bool:
    return one.position.country is None and one.position.latitude is None


def _count(values: Iterable[str]) -> dict[str, int]:
    return dict(Counter(values).most_common())
