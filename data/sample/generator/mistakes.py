"""Rows that a real source has and that must not load: each is reported, none harms another."""

from generator.people import AS_OF
from generator.travel import Row, write_instant

_NOW = write_instant(AS_OF)


def add_mistakes(tables: dict[str, list[Row]]) -> None:
    """Append one bad row each of six kinds, and one phone that is none; changes the tables.

    The person with the phone that is none is kept: only the number is reported.
    """
    tables["people"].append(_write_person("p9001", "Robin Nowhere", home_country="ZZ", phone=""))
    tables["people"].append(_write_person("p9002", "Kim Nophone", home_country="GB", phone="n/a"))
    tables["locations"].append(_write_location("p0001", latitude="95.0"))
    tables["locations"].append(_write_location("p9999", latitude="35.6"))
    bookings = tables["bookings"]
    bookings.append({**bookings[0], "kind": "other"})
    bookings.append({**bookings[1], "booking_id": "b90001", "starts_at": "2026-11-31T08:00:00Z"})
    backwards = {"starts_at": bookings[2]["ends_at"], "ends_at": bookings[2]["starts_at"]}
    bookings.append({**bookings[2], "booking_id": "b90002", **backwards})


def _write_person(person_id: str, name: str, home_country: str, phone: str) -> Row:
    return {
        "person_id": person_id,
        "name": name,
        "email": f"{name.lower().replace(' ', '.')}@example.org",
        "phone": phone,
        "home_country": home_country,
        "has_app": "false",
    }


def _write_location(person_id: str, latitude: str) -> Row:
    return {
        "person_id": person_id,
        "latitude": latitude,
        "longitude": "139.7",
        "reported_at": _NOW,
        "country": "JP",
    }
