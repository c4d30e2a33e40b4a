"""The eight tables of a source (contract §1), as data."""

from dataclasses import dataclass
from typing import Literal

ColumnKind = Literal[
    "text",
    "phone",  # text that becomes E.164
    "list",
    "boolean",
    "number",
    "latitude",
    "longitude",
    "timestamp",
    "country",
    "airport",
    "choice",
    "geojson",
]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    Attributes:
        name: As in the source's header, in small letters.
        kind: What its values are; says how they are read and checked.
        required: The column must be there and no value may be empty.
        default: What an empty value stands for, None for "unknown".
        choices: The values allowed, where `kind` is `choice`.
    """

    name: str
    kind: ColumnKind = "text"
    required: bool = False
    default: str | bool | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a source.

    Attributes:
        name: The file's stem, and the table's name in the snapshot.
        columns: In the contract's order.
        key: The columns that no two rows share; empty where rows have no key.
        references: Tables whose key column, of the same name here, must name an existing row.
        period: Two columns of which the second may not be before the first.
        required: Whether a source must have it.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    period: tuple[str, str] | None = None
    required: bool = False

    def column_names(self) -> list[str]:
        """Return the names of the columns, in order."""
        return [column.name for column in self.columns]


PEOPLE = Table(
    name="people",
    columns=(
        Column("person_id", required=True),
        Column("name", required=True),
        Column("email"),
        Column("phone", "phone"),
        Column("home_country", "country"),
        Column("language"),
        Column("has_app", "boolean", default=False),
        Column("last_app_contact_at", "timestamp"),
        Column("facility_id"),
        Column("groups", "list"),
        Column("tags", "list"),
        Column("time_zone"),
    ),
    key=("person_id",),
    required=True,
)

FACILITIES = Table(
    name="facilities",
    columns=(
        Column("facility_id", required=True),
        Column("name", required=True),
        Column("country", "country", required=True),
        Column("latitude", "latitude"),
        Column("longitude", "longitude"),
        Column("tags", "list"),
    ),
    key=("facility_id",),
)

FACILITY_CONTACTS = Table(
    name="facility_contacts",
    columns=(
        Column("facility_id", required=True),
        Column("person_id", required=True),
        Column("is_manager", "boolean", default=False),
    ),
    key=("facility_id", "person_id"),
    references=("facilities", "people"),
)

BOOKINGS = Table(
    name="bookings",
    columns=(
        Column("booking_id", required=True),
        Column("person_id", required=True),
        Column(
            "kind", "choice", required=True, choices=("flight", "hotel", "car", "rail", "other")
        ),
        Column("iata", "airport"),
        Column("country", "country"),
        Column("starts_at", "timestamp", required=True),
        Column("ends_at", "timestamp", required=True),
        Column("status", default="confirmed"),
    ),
    key=("booking_id",),
    references=("people",),
    period=("starts_at", "ends_at"),
)

LOCATIONS = Table(
    name="locations",
    columns=(
        Column("person_id", required=True),
        Column("latitude", "latitude", required=True),
        Column("longitude", "longitude", required=True),
        Column("reported_at", "timestamp", required=True),
        Column("accuracy_m", "number"),
        Column("country", "country"),
    ),
    references=("people",),
)

EMERGENCIES = Table(
    name="emergencies",
    columns=(
        Column("emergency_id", required=True),
        Column("person_id", required=True),
        Column("started_at", "timestamp", required=True),
        Column("ended_at", "timestamp"),
    ),
    key=("emergency_id",),
    references=("people",),
    period=("started_at", "ended_at"),
)

INCIDENTS = Table(
    name="incidents",
    columns=(
        Column("incident_id", required=True),
        Column("title", required=True),
        Column(
            "severity", "choice", required=True, choices=("minor", "moderate", "severe", "extreme")
        ),
        Column("latitude", "latitude", required=True),
        Column("longitude", "longitude", required=True),
        Column("occurred_at", "timestamp", required=True),
        Column("country", "country"),
        Column("url"),
        Column("area", "geojson"),
    ),
    key=("incident_id",),
)

COUNTRY_RISK = Table(
    name="country_risk",
    columns=(
        Column("country", "country", required=True),
        Column("level", "choice", required=True, choices=("low", "medium", "high", "extreme")),
    ),
    key=("country",),
)

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        PEOPLE,
        FACILITIES,
        FACILITY_CONTACTS,
        BOOKINGS,
        LOCATIONS,
        EMERGENCIES,
        INCIDENTS,
        COUNTRY_RISK,
    )
}
"""Every table by name, in the contract's order; referenced tables may come before or after."""
