"""What happens around the people: incidents, emergencies, risk; who answers for an office."""

import json
from datetime import timedelta
from random import Random
from typing import Final

from generator.people import AS_OF, Person
from generator.places import FACILITIES
from generator.travel import Row, write_instant

_MANILA_FLOOD: Final = {
    "type": "Polygon",
    "coordinates": [
        [[120.93, 14.55], [121.05, 14.55], [121.05, 14.68], [120.93, 14.68], [120.93, 14.55]]
    ],
}

_INCIDENTS: Final = (
    ("quake-tokyo", "Magnitude 7.1 earthquake off Chiba", "severe", 35.42, 140.61, 48, "JP"),
    (
        "flood-manila",
        "Flooding in Metro Manila after a typhoon",
        "severe",
        14.61,
        121.0,
        1500,
        "PH",
    ),
    ("strike-paris", "Rail and metro strike in Paris", "minor", 48.857, 2.352, 420, "FR"),
    ("unrest-nairobi", "Demonstrations in central Nairobi", "moderate", -1.286, 36.82, 900, "KE"),
    ("smog-delhi", "Hazardous air quality in New Delhi", "moderate", 28.61, 77.21, 4300, "IN"),
    ("storm-recife", "Flash floods in Recife", "moderate", -8.05, -34.88, 2600, "BR"),
    ("fog-istanbul", "Istanbul airport closed by fog", "minor", 41.26, 28.74, 180, "TR"),
    ("cyclone-taiwan", "Typhoon landfall in eastern Taiwan", "extreme", 23.98, 121.6, 11_000, "TW"),
)
"""Id, title, severity, latitude, longitude, minutes before AS_OF, country."""

_RISK_LEVELS: Final = {
    "low": "DE FR GB JP SE CH SG KR TW AE PT NZ CA",
    "medium": "US BR IN TR PH VN MX ZA",
    "high": "KE ET NG LB",
    "extreme": "AF SD YE",
}


def write_facilities() -> list[Row]:
    """Write the offices, one row each."""
    return [
        {
            "facility_id": facility.facility_id,
            "name": facility.name,
            "country": facility.place.country,
            "latitude": f"{facility.place.latitude:.3f}",
            "longitude": f"{facility.place.longitude:.3f}",
            "tags": ";".join(facility.tags),
        }
        for facility in FACILITIES
    ]


def choose_contacts(chance: Random, people: list[Person]) -> list[Row]:
    """Choose three to six people of every office as its contacts, the first of them its manager."""
    contacts: list[Row] = []
    for facility in FACILITIES:
        staff = [person for person in people if person.office == facility]
        chosen = chance.sample(staff, chance.randrange(3, 7))
        contacts.extend(
            {
                "facility_id": facility.facility_id,
                "person_id": person.person_id,
                "is_manager": "true" if position == 0 else "false",
            }
            for position, person in enumerate(chosen)
        )
    return contacts


def choose_emergencies(chance: Random, people: list[Person]) -> list[Row]:
    """Write two calls for help: one that is still open, one that has ended."""
    in_tokyo = [person for person in people if person.office.facility_id == "tokyo"]
    in_nairobi = [person for person in people if person.office.facility_id == "nairobi"]
    return [
        _write_emergency("e1", chance.choice(in_tokyo), started_min=38, ended_min=None),
        _write_emergency("e2", chance.choice(in_nairobi), started_min=880, ended_min=610),
    ]


def _write_emergency(
    emergency_id: str, person: Person, started_min: int, ended_min: int | None
) -> Row:
    ended_at = "" if ended_min is None else write_instant(AS_OF - timedelta(minutes=ended_min))
    return {
        "emergency_id": emergency_id,
        "person_id": person.person_id,
        "started_at": write_instant(AS_OF - timedelta(minutes=started_min)),
        "ended_at": ended_at,
    }


def write_incidents() -> list[Row]:
    """Write the incidents, one row each."""
    return [
        {
            "incident_id": incident_id,
            "title": title,
            "severity": severity,
            "latitude": str(latitude),
            "longitude": str(longitude),
            "occurred_at": write_instant(AS_OF - timedelta(minutes=minutes_before)),
            "country": country,
            "url": f"https://example.org/incidents/{incident_id}",
            "area": json.dumps(_MANILA_FLOOD) if incident_id == "flood-manila" else "",
        }
        for incident_id, title, severity, latitude, longitude, minutes_before, country in _INCIDENTS
    ]


def write_country_risk() -> list[Row]:
    """Write the risk level of some countries, ordered by code."""
    levels = {code: level for level, codes in _RISK_LEVELS.items() for code in codes.split()}
    return [{"country": code, "level": levels[code]} for code in sorted(levels)]
