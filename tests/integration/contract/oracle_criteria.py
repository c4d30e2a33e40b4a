"""The contract's §3 in loops and dicts: whether a person or a facility meets each criterion."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tests.integration.contract.oracle_areas import area_holds

Row = dict[str, Any]
Tables = dict[str, list[Row]]


@dataclass(frozen=True)
class Place:
    """Where somebody is."""

    source: str
    country: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    at: datetime | None = None


@dataclass(frozen=True)
class Reference:
    """What is known of the world besides the tables.

    Attributes:
        airports: Country, latitude and longitude by IATA code.
        metropolitan: The airports of each metropolitan code.
        countries: Every country code there is.
        grounds: The country, or None for the high seas, at coordinates (latitude, longitude).
    """

    airports: dict[str, tuple[str, float, float]]
    metropolitan: dict[str, set[str]]
    countries: set[str]
    grounds: dict[tuple[float, float], str | None]

    def country_of_code(self, iata: str | None) -> str | None:
        """Return the country of an airport's code, or the one that a city's airports are in."""
        if iata is None:
            return None
        members = [iata] if iata in self.airports else self.metropolitan.get(iata, set())
        countries = {self.airports[one][0] for one in members if one in self.airports}
        return countries.pop() if len(countries) == 1 else None


@dataclass(frozen=True)
class Facts:
    """What criteria are looked up in.

    Attributes:
        tables: Rows by table, values typed.
        places: Where everybody is.
        reference: What is known besides the tables.
        as_of: The moment.
    """

    tables: Tables
    places: dict[str, Place]
    reference: Reference
    as_of: datetime

    def bookings_of(self, person: Row) -> list[Row]:
        return [
            booking
            for booking in self.tables["bookings"]
            if booking["person_id"] == person["person_id"] and booking["status"] != "cancelled"
        ]

    def country_of(self, booking: Row) -> str | None:
        return booking["country"] or self.reference.country_of_code(booking["iata"])


def person_meets(criteria: Row, person: Row, facts: Facts) -> bool:
    """Tell whether a person meets every criterion of a filter."""
    for name, wanted in criteria.items():
        if name in ("tags_match", "area_match"):
            continue
        if name == "tags":
            if not _carries(criteria, person):
                return False
        elif not PERSON_CRITERIA[name](wanted, person, facts):
            return False
    return True


def facility_meets(criteria: Row, facility: Row) -> bool:
    """Tell whether a facility meets every criterion of a filter; most are never met by one."""
    for name, wanted in criteria.items():
        if name in ("tags_match", "area_match"):
            continue
        if name == "countries":
            is_met = _is_listed(facility["country"], wanted)
        elif name == "area":
            is_met = area_holds(wanted, facility["latitude"], facility["longitude"])
        elif name == "tags":
            is_met = _carries(criteria, facility)
        else:
            is_met = name == "recipient_type" and wanted == "facilities"
        if not is_met:
            return False
    return True


def _is_listed(code: str | None, wanted: Iterable[str]) -> bool:
    return code is not None and code in [one.upper() for one in wanted]


def _carries(criteria: Row, row: Row) -> bool:
    carried = [tag in row["tags"] for tag in criteria["tags"]]
    return all(carried) if criteria.get("tags_match") == "all" else any(carried)


def _is_in_country(wanted: list[str], person: Row, facts: Facts) -> bool:
    return _is_listed(facts.places[person["person_id"]].country, wanted)


def _has_emergency(wanted: bool, person: Row, facts: Facts) -> bool:
    active = [
        emergency
        for emergency in facts.tables["emergencies"]
        if emergency["person_id"] == person["person_id"]
        and emergency["started_at"] <= facts.as_of
        and not (emergency["ended_at"] is not None and emergency["ended_at"] <= facts.as_of)
    ]
    return wanted == (len(active) > 0)


def _belongs(wanted: list[str], person: Row, _facts: Facts) -> bool:
    return any(group in person["groups"] for group in wanted)


def _is_at_home(wanted: str, person: Row, facts: Facts) -> bool:
    country = facts.places[person["person_id"]].country
    if country is None or person["home_country"] is None:
        return False
    is_home: bool = country == person["home_country"]
    return is_home == (wanted == "at_home")


def _was_in_contact(wanted: float, person: Row, facts: Facts) -> bool:
    if not person["has_app"] or person["last_app_contact_at"] is None:
        return False
    contact_at: datetime = person["last_app_contact_at"]
    return contact_at >= facts.as_of - timedelta(hours=wanted)


def _is_in_area(wanted: Row, person: Row, facts: Facts) -> bool:
    place = facts.places[person["person_id"]]
    return area_holds(wanted, place.latitude, place.longitude)


def _is_person(wanted: str, _person: Row, _facts: Facts) -> bool:
    return wanted == "people"


def _is_travelling(wanted: bool, person: Row, facts: Facts) -> bool:
    for booking in facts.bookings_of(person):
        if booking["starts_at"] <= facts.as_of < booking["ends_at"]:
            return wanted
    return not wanted


def _travels_to_iata(direction: str) -> "PersonCriterion":
    def meets(wanted: Row, person: Row, facts: Facts) -> bool:
        codes = {code.upper() for code in wanted["codes"]}
        for code in list(codes):
            codes |= facts.reference.metropolitan.get(code, set())
        return any(
            booking["iata"] in codes
            for booking in facts.bookings_of(person)
            if _is_meant(direction, wanted, booking, facts.as_of)
        )

    return meets


def _travels_to_country(direction: str) -> "PersonCriterion":
    def meets(wanted: Row, person: Row, facts: Facts) -> bool:
        return any(
            _is_listed(facts.country_of(booking), wanted["countries"])
            for booking in facts.bookings_of(person)
            if _is_meant(direction, wanted, booking, facts.as_of)
        )

    return meets


def _is_meant(direction: str, wanted: Row, booking: Row, as_of: datetime) -> bool:
    starts_at, ends_at = booking["starts_at"], booking["ends_at"]
    from_at = datetime.fromisoformat(wanted["from_at"]) if wanted.get("from_at") else None
    until_at = datetime.fromisoformat(wanted["until_at"]) if wanted.get("until_at") else None
    if direction == "upcoming":
        from_at = from_at or as_of
        is_meant = starts_at > as_of
    else:
        until_at = until_at or as_of
        is_meant = ends_at <= as_of
    begins_before_the_end = until_at is None or starts_at < until_at
    ends_after_the_start = (
        from_at is None or ends_at > from_at or (starts_at == ends_at and starts_at >= from_at)
    )
    return bool(is_meant and begins_before_the_end and ends_after_the_start)


PersonCriterion = Callable[[Any, Row, Facts], bool]

PERSON_CRITERIA: dict[str, PersonCriterion] = {
    "countries": _is_in_country,
    "emergency": _has_emergency,
    "groups": _belongs,
    "home": _is_at_home,
    "last_app_contact_within_hours": _was_in_contact,
    "area": _is_in_area,
    "recipient_type": _is_person,
    "travelling_now": _is_travelling,
    "upcoming_travel_to_iata": _travels_to_iata("upcoming"),
    "upcoming_travel_to_country": _travels_to_country("upcoming"),
    "past_travel_to_iata": _travels_to_iata("past"),
    "past_travel_to_country": _travels_to_country("past"),
}
