"""Where people go: trips as bookings, and the positions their phones report."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Final

from generator.people import AS_OF, Person, happens
from generator.places import BY_CITY, PLACES, Place, measure_distance_km

Row = dict[str, str]

_CRUISE_KM_PER_HOUR: Final = 820
_DESTINATION_WEIGHTS: Final = [9 if place.city in {"Tokyo", "Osaka"} else 2 for place in PLACES]
"""The organisation's yearly conference is in Tokyo this week: the demo's earthquake finds
guests."""

_JITTER_DEGREES: Final = 0.03
"""Three kilometres about the centre: a city's worth, and on land in every one of them."""


@dataclass(frozen=True)
class Trip:
    """There and back again."""

    person: Person
    destination: Place
    departs_at: datetime
    lands_at: datetime
    returns_at: datetime
    home_at: datetime
    is_cancelled: bool

    def holds(self, moment: datetime) -> bool:
        """Tell whether the traveller is at the destination at a moment."""
        return not self.is_cancelled and self.lands_at <= moment < self.returns_at


def invent_trips(chance: Random, people: list[Person]) -> list[Trip]:
    """Invent past, present and coming trips for about half of the people; nobody's overlap."""
    trips: list[Trip] = []
    for person in people:
        if happens(chance, 0.2):
            trips.append(_invent_trip(chance, person, first_day=-60, last_day=-30))
        if happens(chance, 0.3):
            trips.append(_invent_trip(chance, person, first_day=-8, last_day=2))
        if happens(chance, 0.2):
            trips.append(_invent_trip(chance, person, first_day=25, last_day=60))
    return trips


def _invent_trip(chance: Random, person: Person, first_day: int, last_day: int) -> Trip:
    home = person.office.place
    destination = chance.choices(PLACES, weights=_DESTINATION_WEIGHTS)[0]
    while destination == home:
        destination = chance.choices(PLACES, weights=_DESTINATION_WEIGHTS)[0]
    minutes = chance.randrange(first_day * 288, last_day * 288) * 5
    departs_at = AS_OF + timedelta(minutes=minutes)
    travel = timedelta(hours=1 + measure_distance_km(home, destination) / _CRUISE_KM_PER_HOUR)
    lands_at = _round_minutes(departs_at + travel)
    returns_at = lands_at + timedelta(hours=chance.randrange(30, 300))
    return Trip(
        person=person,
        destination=destination,
        departs_at=departs_at,
        lands_at=lands_at,
        returns_at=returns_at,
        home_at=_round_minutes(returns_at + travel),
        is_cancelled=happens(chance, 0.06),
    )


def write_bookings(chance: Random, trips: list[Trip]) -> list[Row]:
    """Write the legs of all trips, one row per booking, ids in order."""
    legs = [leg for trip in trips for leg in _write_legs(chance, trip)]
    return [{"booking_id": f"b{number:05d}", **leg} for number, leg in enumerate(legs, start=1)]


def _write_legs(chance: Random, trip: Trip) -> Iterator[Row]:
    there, home = trip.destination, trip.person.office.place
    is_by_rail = there.country == home.country and there.country in {"JP", "DE", "FR", "GB"}
    kind = "rail" if is_by_rail else "flight"
    yield _write_leg(trip, kind, there, trip.departs_at, trip.lands_at)
    hotel_at = trip.lands_at + timedelta(hours=1)
    yield _write_leg(trip, "hotel", there, hotel_at, trip.returns_at)
    if happens(chance, 0.12):
        yield _write_leg(trip, "car", there, hotel_at, trip.returns_at - timedelta(hours=3))
    yield _write_leg(trip, kind, home, trip.returns_at, trip.home_at)


def _write_leg(trip: Trip, kind: str, place: Place, starts_at: datetime, ends_at: datetime) -> Row:
    """Name the airport of flights and hotels; a flight's country follows from its airport."""
    return {
        "person_id": trip.person.person_id,
        "kind": kind,
        "iata": place.iata if kind in {"flight", "hotel"} else "",
        "country": "" if kind == "flight" else place.country,
        "starts_at": write_instant(starts_at),
        "ends_at": write_instant(ends_at),
        "status": "cancelled" if trip.is_cancelled else "confirmed",
    }


def invent_reports(chance: Random, people: list[Person], trips: list[Trip]) -> list[Row]:
    """Let the app report where its users are, several times over the last days."""
    trips_by_person: dict[str, list[Trip]] = {}
    for trip in trips:
        trips_by_person.setdefault(trip.person.person_id, []).append(trip)
    reports: list[Row] = []
    for person in people:
        if person.last_app_contact_at is not None and happens(chance, 0.85):
            own_trips = trips_by_person.get(person.person_id, [])
            reports.extend(_report_person(chance, person, person.last_app_contact_at, own_trips))
    return reports


def _report_person(
    chance: Random, person: Person, last_at: datetime, trips: list[Trip]
) -> Iterator[Row]:
    hours_before = sorted(chance.uniform(0, 120) for _ in range(chance.randrange(1, 6)))
    for hours in reversed(hours_before):
        reported_at = last_at - timedelta(minutes=round(hours * 60))
        yield _write_report(chance, person, _find_place(person, trips, reported_at), reported_at)


def _find_place(person: Person, trips: list[Trip], moment: datetime) -> Place:
    visits = (trip.destination for trip in trips if trip.holds(moment))
    return next(visits, person.office.place)


def _write_report(chance: Random, person: Person, place: Place, reported_at: datetime) -> Row:
    """Leave the country out now and then: phones know coordinates, not borders."""
    return {
        "person_id": person.person_id,
        "latitude": f"{place.latitude + chance.uniform(-_JITTER_DEGREES, _JITTER_DEGREES):.5f}",
        "longitude": f"{place.longitude + chance.uniform(-_JITTER_DEGREES, _JITTER_DEGREES):.5f}",
        "reported_at": write_instant(reported_at),
        "accuracy_m": str(chance.choice((5, 8, 12, 20, 35, 65, 150, 1200))),
        "country": "" if happens(chance, 0.04) else place.country,
    }


def invent_late_reports(chance: Random, people: list[Person]) -> list[Row]:
    """Report from after the sample's moment: a selection as of then must not know of them."""
    tokyo = BY_CITY["Tokyo"]
    return [
        _write_report(chance, person, tokyo, AS_OF + timedelta(minutes=7 * number))
        for number, person in enumerate(chance.sample(people, 10), start=1)
    ]


def write_instant(moment: datetime) -> str:
    """Write an aware UTC moment as the contract does."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _round_minutes(moment: datetime) -> datetime:
    return moment - timedelta(
        minutes=moment.minute % 5, seconds=moment.second, microseconds=moment.microsecond
    )
