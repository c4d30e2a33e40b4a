"""The people of the organisation: who they are, how to reach them, where they work."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

from generator.names import CULTURES, Name, invent_name
from generator.phones import PhoneBook, write_nationally
from generator.places import FACILITIES, Facility

AS_OF: Final = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
"""The moment the sample is about: Monday, 15:00 in Tokyo."""

PEOPLE_COUNT: Final = 2000

_DEPARTMENTS: Final = {
    "logistics": 22,
    "medical": 18,
    "water-and-sanitation": 16,
    "communications": 10,
    "finance": 10,
    "people-and-culture": 8,
    "it": 8,
    "security": 5,
    "leadership": 3,
}
_FIELD_DEPARTMENTS: Final = frozenset({"logistics", "medical", "water-and-sanitation"})
_DOMAINS: Final = ("example.org", "example.org", "example.org", "example.com", "example.net")
"""RFC 2606 §3: these belong to nobody who could get mail."""


@dataclass(frozen=True)
class Person:
    """One row of `people.csv`, with the office still as an object."""

    person_id: str
    name: str
    email: str
    phone: str
    home_country: str
    language: str
    has_app: bool
    last_app_contact_at: datetime | None
    office: Facility
    groups: tuple[str, ...]
    tags: tuple[str, ...]


def invent_people(chance: Random) -> list[Person]:
    """Invent everybody, ordered by id; nobody shares a number or an address with another."""
    phone_book, taken = PhoneBook(chance), Counter[str]()
    offices = chance.choices(
        FACILITIES, weights=[office.staff_weight for office in FACILITIES], k=PEOPLE_COUNT
    )
    people = [
        _invent_person(chance, f"p{number:04d}", office, phone_book, taken)
        for number, office in enumerate(offices, start=1)
    ]
    return _lose_addresses(chance, people)


def happens(chance: Random, share: float) -> bool:
    """Decide by chance; `share` is between 0 and 1."""
    return chance.random() < share


def _invent_person(
    chance: Random, person_id: str, office: Facility, phone_book: PhoneBook, taken: Counter[str]
) -> Person:
    home_country = _choose_home(chance, office)
    name = invent_name(chance, home_country)
    department = chance.choices(list(_DEPARTMENTS), weights=list(_DEPARTMENTS.values()))[0]
    has_app = happens(chance, 0.72)
    return Person(
        person_id=person_id,
        name=name.full,
        email=_invent_email(chance, name, taken),
        phone=phone_book.take(home_country),
        home_country=home_country,
        language="" if happens(chance, 0.05) else chance.choice(CULTURES[home_country].languages),
        has_app=has_app,
        last_app_contact_at=_invent_contact(chance) if has_app else None,
        office=office,
        groups=_choose_groups(chance, department),
        tags=_choose_tags(chance, department),
    )


def _choose_home(chance: Random, office: Facility) -> str:
    country = office.place.country
    is_local = happens(chance, 0.78)
    return country if is_local else chance.choice(list(CULTURES))


def _invent_email(chance: Random, name: Name, taken: Counter[str]) -> str:
    local_part = f"{name.ascii_given}.{name.ascii_family}"
    taken[local_part] += 1
    number = taken[local_part] if taken[local_part] > 1 else ""
    return f"{local_part}{number}@{chance.choice(_DOMAINS)}"


def _invent_contact(chance: Random) -> datetime:
    """Most phones were heard from today, a few not for weeks."""
    return AS_OF - timedelta(minutes=round(chance.expovariate(1 / (60 * 40))) + 1)


def _choose_groups(chance: Random, department: str) -> tuple[str, ...]:
    teams = ("emergency-response", "first-aid", "drivers")
    joined = [team for team in teams if happens(chance, 0.08)]
    return (department, *joined)


def _choose_tags(chance: Random, department: str) -> tuple[str, ...]:
    chances = {
        "field-staff": 0.75 if department in _FIELD_DEPARTMENTS else 0.1,
        "contractor": 0.12,
        "vip": 0.5 if department == "leadership" else 0.003,
        "no-contact": 0.012,
    }
    return tuple(tag for tag, share in chances.items() if happens(chance, share))


def _lose_addresses(chance: Random, people: list[Person]) -> list[Person]:
    """Take away what records of real people lack: 5 % of phones, 3 % of emails, both of a few.

    Some others have their number as it is dialled at home.
    """
    order = chance.sample(range(len(people)), len(people))
    no_phone, no_email = set(order[:100]), set(order[94:154])  # six are in both
    changed = [
        replace(
            person,
            phone="" if index in no_phone else person.phone,
            email="" if index in no_email else person.email,
        )
        for index, person in enumerate(people)
    ]
    return _write_some_nationally(changed, order[154:])


def _write_some_nationally(people: list[Person], candidates: list[int]) -> list[Person]:
    written = list(people)
    for index in candidates[:60]:
        person = written[index]
        national = write_nationally(person.phone, person.home_country)
        written[index] = replace(person, phone=national or person.phone)
    return written
