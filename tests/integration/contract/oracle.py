"""The contract's §2 to §4 in loops and dicts, written from docs/contract.md alone.

It shares nothing with the product: no SQL, no frames, no models. Slow and plain on purpose.
"""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

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


@dataclass
class Meant:
    """Everybody a selection means, with the reasons (each as JSON, without an order)."""

    via: dict[str, set[str]] = field(default_factory=dict)
    facility_ids: set[str] = field(default_factory=set)

    def add(self, person_id: str, **reason: object) -> None:
        self.via.setdefault(person_id, set()).add(json.dumps(reason, sort_keys=True))


class UnknownNameError(Exception):
    """A selection names what the tables do not hold."""


@dataclass(frozen=True)
class Oracle:
    """What should come out for these tables at this moment.

    Attributes:
        tables: Rows by table, values typed.
        airports: Country, latitude and longitude by IATA code.
        as_of: The moment.
    """

    tables: Tables
    airports: dict[str, tuple[str, float, float]]
    as_of: datetime

    # -- §2

    def locate(self, person: Row) -> Place:
        evidence = self._latest_evidence(person["person_id"])
        if evidence:
            return evidence
        for facility in self.tables["facilities"]:
            if facility["facility_id"] == person["facility_id"]:
                return Place(
                    "workplace", facility["country"], facility["latitude"], facility["longitude"]
                )
        return Place("none")

    def _latest_evidence(self, person_id: str) -> Place | None:
        report = self._latest_report(person_id)
        booking = self._latest_booking(person_id)
        if report is None or booking is None:
            return report or booking
        assert report.at
        assert booking.at
        return booking if booking.at > report.at else report

    def _latest_report(self, person_id: str) -> Place | None:
        latest: Row | None = None
        for report in self.tables["locations"]:
            if report["person_id"] != person_id or report["reported_at"] > self.as_of:
                continue
            if latest is None or report["reported_at"] > latest["reported_at"]:
                latest = report
        if latest is None:
            return None
        return Place(
            "report",
            latest["country"],
            latest["latitude"],
            latest["longitude"],
            latest["reported_at"],
        )

    def _latest_booking(self, person_id: str) -> Place | None:
        latest: Row | None = None
        for booking in self.tables["bookings"]:
            if booking["person_id"] != person_id or booking["status"] == "cancelled":
                continue
            if not booking["starts_at"] <= self.as_of < booking["ends_at"]:
                continue
            if latest is None or _began(booking) > _began(latest):
                latest = booking
        if latest is None:
            return None
        country, latitude, longitude = self.airports.get(latest["iata"], (None, None, None))
        return Place(
            "booking", latest["country"] or country, latitude, longitude, latest["starts_at"]
        )

    # -- §3

    def _matches_person(self, criteria: Row, person: Row) -> bool:
        if "countries" in criteria and self.locate(person).country not in criteria["countries"]:
            return False
        if "groups" in criteria and not set(person["groups"]) & set(criteria["groups"]):
            return False
        if criteria.get("recipient_type") == "facilities":
            return False
        return _carries(criteria, person)

    def _matches_facility(self, criteria: Row, facility: Row) -> bool:
        if "countries" in criteria and facility["country"] not in criteria["countries"]:
            return False
        if "groups" in criteria or criteria.get("recipient_type") == "people":
            return False
        return _carries(criteria, facility)

    # -- §4

    def select(self, selection: Row, *, managers_only: bool) -> Meant:
        self._refuse_unknown(selection)
        self._refuse_unknown(selection.get("exclude", {}))
        meant = self._name(selection)
        excluded = self._name(selection.get("exclude", {}))
        meant.facility_ids -= excluded.facility_ids
        for contact in self.tables["facility_contacts"]:
            is_asked = contact["is_manager"] or not managers_only
            if contact["facility_id"] in meant.facility_ids and is_asked:
                meant.add(contact["person_id"], by="facility", facility_id=contact["facility_id"])
        for person_id in excluded.via:
            meant.via.pop(person_id, None)
        return meant

    def _name(self, naming: Row) -> Meant:
        meant = Meant(facility_ids=set(naming.get("facilities", [])))
        for person in self.tables["people"]:
            self._name_person(naming, person, meant)
        for facility in self.tables["facilities"]:
            for criteria in naming.get("filters", []):
                if self._matches_facility(criteria, facility):
                    meant.facility_ids.add(facility["facility_id"])
        return meant

    def _name_person(self, naming: Row, person: Row, meant: Meant) -> None:
        person_id = person["person_id"]
        if naming.get("everyone"):
            meant.add(person_id, by="everyone")
        if person_id in naming.get("people", []):
            meant.add(person_id, by="person")
        for group in naming.get("groups", []):
            if group in person["groups"]:
                meant.add(person_id, by="group", group=group)
        for index, criteria in enumerate(naming.get("filters", [])):
            if self._matches_person(criteria, person):
                meant.add(person_id, by="filter", index=index)

    def _refuse_unknown(self, naming: Row) -> None:
        people, facilities = self.tables["people"], self.tables["facilities"]
        person_ids = {person["person_id"] for person in people}
        facility_ids = {facility["facility_id"] for facility in facilities}
        groups = {group for person in people for group in person["groups"]}
        tags = {tag for row in [*people, *facilities] for tag in row["tags"]}
        _require(naming.get("people", []), person_ids)
        _require(naming.get("facilities", []), facility_ids)
        _require(naming.get("groups", []), groups)
        for criteria in naming.get("filters", []):
            _require(criteria.get("groups", []), groups)
            _require(criteria.get("tags", []), tags)


def _began(booking: Row) -> tuple[datetime, str]:
    return booking["starts_at"], booking["booking_id"]


def _carries(criteria: Row, row: Row) -> bool:
    if "tags" not in criteria:
        return True
    carried = [tag in row["tags"] for tag in criteria["tags"]]
    return all(carried) if criteria.get("tags_match") == "all" else any(carried)


def _require(names: list[str], known: set[str]) -> None:
    for name in names:
        if name not in known:
            raise UnknownNameError(name)
