"""Write the sample source: `python data/sample/generate.py [FOLDER]`.

Without a folder it is written beside this file. The seed is fixed and only the standard library is
used: every run writes the same bytes.
"""

import csv
import sys
from pathlib import Path
from random import Random
from typing import Final

from generator.events import (
    choose_contacts,
    choose_emergencies,
    write_country_risk,
    write_facilities,
    write_incidents,
)
from generator.mistakes import add_mistakes
from generator.people import Person, invent_people
from generator.travel import (
    Row,
    invent_late_reports,
    invent_reports,
    invent_trips,
    write_bookings,
    write_instant,
)

SEED: Final = 20261123

COLUMNS: Final = {
    "people": (
        "person_id name email phone home_country language has_app last_app_contact_at facility_id "
        "groups tags time_zone"
    ),
    "facilities": "facility_id name country latitude longitude tags",
    "facility_contacts": "facility_id person_id is_manager",
    "bookings": "booking_id person_id kind iata country starts_at ends_at status",
    "locations": "person_id latitude longitude reported_at accuracy_m country",
    "emergencies": "emergency_id person_id started_at ended_at",
    "incidents": "incident_id title severity latitude longitude occurred_at country url area",
    "country_risk": "country level",
}
"""The contract's tables and columns, in its order."""


def invent_tables() -> dict[str, list[Row]]:
    """Invent all eight tables, mistakes included."""
    chance = Random(SEED)  # noqa: S311 - a sample that repeats is the point
    people = invent_people(chance)
    trips = invent_trips(chance, people)
    tables = {
        "people": [_write_person(person) for person in people],
        "facilities": write_facilities(),
        "facility_contacts": choose_contacts(chance, people),
        "bookings": write_bookings(chance, trips),
        "locations": invent_reports(chance, people, trips) + invent_late_reports(chance, people),
        "emergencies": choose_emergencies(chance, people),
        "incidents": write_incidents(),
        "country_risk": write_country_risk(),
    }
    add_mistakes(tables)
    return tables


def write_tables(folder: Path) -> None:
    """Write one CSV per table into a folder that exists, over what is there."""
    for table, rows in invent_tables().items():
        with (folder / f"{table}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS[table].split(), restval="", lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)


def _write_person(person: Person) -> Row:
    last_at = person.last_app_contact_at
    return {
        "person_id": person.person_id,
        "name": person.name,
        "email": person.email,
        "phone": person.phone,
        "home_country": person.home_country,
        "language": person.language,
        "has_app": "true" if person.has_app else "false",
        "last_app_contact_at": write_instant(last_at) if last_at else "",
        "facility_id": person.office.facility_id,
        "groups": ";".join(person.groups),
        "tags": ";".join(person.tags),
        "time_zone": person.office.place.time_zone,
    }


if __name__ == "__main__":
    write_tables(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
