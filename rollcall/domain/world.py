"""What is known about people and facilities at one moment: the frames that filters look at."""

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from rollcall.domain.geography.airports import AirportCodes


@dataclass(frozen=True, slots=True)
class World:
    """The tables that a selection is evaluated on; timestamps are UTC, coordinates WGS 84 degrees.

    Attributes:
        as_of: The moment the positions hold for.
        people: One row per person: `person_id, name, email, phone, language, home_country`
            (String), `groups, tags` (List[String], never null), `has_app` (Boolean),
            `last_app_contact_at` (Datetime), and where they are: `country` (String), `latitude,
            longitude, accuracy_m` (Float64), `position_source` (String), `position_at` (Datetime).
        facilities: One row per facility: `facility_id, country` (String), `tags` (List[String]),
            `latitude, longitude` (Float64).
        contacts: One row per facility and contact: `facility_id, person_id` (String),
            `is_manager` (Boolean).
        bookings: One row per booking that was not cancelled: `booking_id, person_id, iata`
            (String), `country` (its own, else that of `iata`), `starts_at, ends_at` (Datetime).
        emergencies: One row per emergency: `emergency_id, person_id` (String), `started_at,
            ended_at` (Datetime).
        airport_codes: The codes that a criterion may name.
    """

    as_of: datetime
    people: pl.DataFrame
    facilities: pl.DataFrame
    contacts: pl.DataFrame
    bookings: pl.DataFrame
    emergencies: pl.DataFrame
    airport_codes: AirportCodes

    def known_groups(self) -> set[str]:
        """Return every group somebody belongs to."""
        return _members(self.people["groups"])

    def known_tags(self) -> set[str]:
        """Return every tag that a person or a facility carries."""
        return _members(self.people["tags"]) | _members(self.facilities["tags"])


def _members(lists: pl.Series) -> set[str]:
    return set(lists.explode(empty_as_null=True).drop_nulls().unique().to_list())
