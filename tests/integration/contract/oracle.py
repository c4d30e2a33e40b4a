"""The contract's §2 and §4 in loops and dicts, written from docs/contract.md alone.

It shares nothing with the product: no SQL, no frames, no models. Slow and plain on purpose.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from tests.integration.contract.oracle_criteria import (
    Facts,
    Place,
    Reference,
    Row,
    Tables,
    facility_meets,
    person_meets,
)

LEADS_IN_A_CIRCLE = "lead in a circle"


@dataclass
class Meant:
    """Everybody a selection means, with the reasons (each as JSON, without an order)."""

    via: dict[str, set[str]] = field(default_factory=dict)
    facility_ids: set[str] = field(default_factory=set)

    def add(self, person_id: str, **reason: object) -> None:
        self.via.setdefault(person_id, set()).add(json.dumps(reason, sort_keys=True))


class Oracle:
    """What should come out for these tables at this moment.

    Args:
        tables: Rows by table, values typed.
        reference: What else is known.
        as_of: The moment.
        saved_filters: Selections by name.
    """

    def __init__(
        self, tables: Tables, reference: Reference, as_of: datetime, saved_filters: dict[str, Row]
    ) -> None:
        self.tables = tables
        self.reference = reference
        self.as_of = as_of
        self.saved_filters = saved_filters
        self.places = {person["person_id"]: self._locate(person) for person in tables["people"]}
        self.facts = Facts(tables, self.places, reference, as_of)

    # -- §2

    def _locate(self, person: Row) -> Place:
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
            if latest is None or report["reported_at"] >= latest["reported_at"]:
                latest = report
        if latest is None:
            return None
        here = latest["latitude"], latest["longitude"]
        country = latest["country"] or self.reference.grounds[here]
        return Place("report", country, *here, latest["reported_at"])

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
        country = latest["country"] or self.reference.country_of_code(latest["iata"])
        _, latitude, longitude = self.reference.airports.get(latest["iata"], (None, None, None))
        return Place("booking", country, latitude, longitude, latest["starts_at"])

    # -- §4

    def select(self, selection: Row, *, managers_only: bool) -> Meant:
        meant = Meant()
        for facility in self.tables["facilities"]:
            if self._selects_facility(selection, facility):
                meant.facility_ids.add(facility["facility_id"])
        for person in self.tables["people"]:
            for reason in self._reasons(selection, person):
                meant.add(person["person_id"], **reason)
        for contact in self.tables["facility_contacts"]:
            is_asked = contact["is_manager"] or not managers_only
            if is_asked and self._stands_for(selection, contact):
                meant.add(contact["person_id"], by="facility", facility_id=contact["facility_id"])
        return meant

    def _reasons(self, selection: Row, person: Row) -> list[Row]:
        if list(self._ways(selection.get("exclude", {}), person)):
            return []
        return list(self._ways(selection, person))

    def _ways(self, naming: Row, person: Row) -> Iterator[Row]:
        if naming.get("everyone"):
            yield {"by": "everyone"}
        if person["person_id"] in naming.get("people", []):
            yield {"by": "person"}
        for group in naming.get("groups", []):
            if group in person["groups"]:
                yield {"by": "group", "group": group}
        for name in naming.get("saved_filters", []):
            if self._reasons(self.saved_filters[name], person):
                yield {"by": "saved_filter", "name": name}
        yield from self._filters_met(naming, person)

    def _filters_met(self, naming: Row, person: Row) -> Iterator[Row]:
        for index, criteria in enumerate(naming.get("filters", [])):
            if person_meets(criteria, person, self.facts):
                yield {"by": "filter", "index": index}

    def _selects_facility(self, selection: Row, facility: Row) -> bool:
        return self._names_facility(selection, facility) and not self._names_facility(
            selection.get("exclude", {}), facility
        )

    def _names_facility(self, naming: Row, facility: Row) -> bool:
        return self._names_itself(naming, facility) or any(
            self._selects_facility(self.saved_filters[name], facility)
            for name in naming.get("saved_filters", [])
        )

    def _names_itself(self, naming: Row, facility: Row) -> bool:
        return facility["facility_id"] in naming.get("facilities", []) or any(
            facility_meets(criteria, facility) for criteria in naming.get("filters", [])
        )

    def _stands_for(self, selection: Row, contact: Row) -> bool:
        """Tell whether somebody is meant as the contact of a facility.

        Whom a selection excludes, none of its facilities stands for; a dynamic filter speaks for
        the facilities that it named, and no others.
        """
        facility = _pick(self.tables["facilities"], "facility_id", contact)
        person = _pick(self.tables["people"], "person_id", contact)
        excluded = selection.get("exclude", {})
        if self._names_facility(excluded, facility) or list(self._ways(excluded, person)):
            return False
        return self._names_itself(selection, facility) or any(
            self._stands_for(self.saved_filters[name], contact)
            for name in selection.get("saved_filters", [])
        )

    # -- mistakes

    def find_mistakes(self, selection: Row) -> set[str]:
        """Return what a selection names and nothing carries, or that it leads in a circle."""
        return set(self._mistakes(selection, ()))

    def _mistakes(self, selection: Row, inside: tuple[str, ...]) -> Iterator[str]:
        for naming in (selection, selection.get("exclude", {})):
            yield from self._unknown_names(naming)
            for name in naming.get("saved_filters", []):
                if name in inside:
                    yield LEADS_IN_A_CIRCLE
                elif name not in self.saved_filters:
                    yield name
                else:
                    yield from self._mistakes(self.saved_filters[name], (*inside, name))

    def _unknown_names(self, naming: Row) -> Iterator[str]:
        people, facilities = self.tables["people"], self.tables["facilities"]
        groups = {group for person in people for group in person["groups"]}
        tags = {tag for row in [*people, *facilities] for tag in row["tags"]}
        yield from _missing(naming.get("people", []), {one["person_id"] for one in people})
        yield from _missing(
            naming.get("facilities", []), {one["facility_id"] for one in facilities}
        )
        yield from _missing(naming.get("groups", []), groups)
        for criteria in naming.get("filters", []):
            yield from _missing(criteria.get("groups", []), groups)
            yield from _missing(criteria.get("tags", []), tags)
            yield from self._unknown_codes(criteria)

    def _unknown_codes(self, criteria: Row) -> Iterator[str]:
        airports = {*self.reference.airports, *self.reference.metropolitan}
        yield from _missing(criteria.get("countries", []), self.reference.countries)
        for direction in ("upcoming", "past"):
            to_iata = criteria.get(f"{direction}_travel_to_iata", {})
            to_country = criteria.get(f"{direction}_travel_to_country", {})
            yield from _missing(map(str.upper, to_iata.get("codes", [])), airports)
            yield from _missing(to_country.get("countries", []), self.reference.countries)


def _began(booking: Row) -> tuple[datetime, str]:
    return booking["starts_at"], booking["booking_id"]


def _pick(rows: list[Row], key: str, reference: Row) -> Row:
    return next(row for row in rows if row[key] == reference[key])


def _missing(names: Iterable[str], known: set[str]) -> Iterator[str]:
    for name in names:
        if name not in known:
            yield name
