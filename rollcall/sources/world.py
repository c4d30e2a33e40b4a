"""From a snapshot to the world that filters look at."""

from datetime import datetime

import polars as pl

from rollcall.domain.world import World
from rollcall.sources.reference import load_airport_codes
from rollcall.sources.snapshot import Snapshot

_PEOPLE_COLUMNS = (
    "person_id", "name", "email", "phone", "language", "home_country", "groups", "tags",
    "has_app", "last_app_contact_at",
)  # fmt: skip
_FACILITY_COLUMNS = ("facility_id", "country", "tags", "latitude", "longitude")
_EMERGENCY_COLUMNS = ("emergency_id", "person_id", "started_at", "ended_at")
_BOOKING_COLUMNS = ("booking_id", "person_id", "iata", "country", "starts_at", "ends_at")


def read_world(snapshot: Snapshot, as_of: datetime) -> World:
    """Read from a snapshot what filters look at."""
    positions = snapshot.frame("positions").rename(
        {"source": "position_source", "at": "position_at"}
    )
    people = snapshot.frame("people", _PEOPLE_COLUMNS)
    return World(
        as_of=as_of,
        people=people.join(positions, on="person_id", how="left", validate="1:1"),
        facilities=snapshot.frame("facilities", _FACILITY_COLUMNS),
        contacts=snapshot.frame("facility_contacts", ("facility_id", "person_id", "is_manager")),
        bookings=_read_bookings(snapshot),
        emergencies=snapshot.frame("emergencies", _EMERGENCY_COLUMNS),
        airport_codes=load_airport_codes(),
    )


def _read_bookings(snapshot: Snapshot) -> pl.DataFrame:
    """Read bookings with their country: their own, else that of their airport."""
    airports = snapshot.frame("airports", ("iata", "country")).rename({"country": "of_airport"})
    bookings = snapshot.frame("bookings", _BOOKING_COLUMNS)
    return bookings.join(airports, on="iata", how="left", validate="m:1").select(
        "booking_id",
        "person_id",
        "iata",
        pl.coalesce("country", "of_airport").alias("country"),
        "starts_at",
        "ends_at",
    )
