"""What people report with the app: where they are, as closely as they agree to; emergencies."""

import math
from dataclasses import dataclass
from typing import Final, Literal, Self, get_args

import polars as pl

LocationConsent = Literal["none", "city", "precise"]
"""How closely somebody lets their location be stored."""

CONSENTS: Final[tuple[LocationConsent, ...]] = get_args(LocationConsent)

CITY_STEP_DIGITS: Final = 1
"""City level: coordinates are rounded to 0.1°, before anything is stored."""

CITY_SPREAD_M: Final = 7_900.0
"""How far a point may be from where it is rounded to: half the diagonal of a cell of 0.1° at the
equator, its largest (0.05° of WGS 84 are 5,529 m of latitude and 5,566 m of longitude)."""

_PRECISE_DIGITS: Final = 5
"""About a metre: more says nothing."""

_MOST_ACCURACY_M: Final = 20_100_000.0
"""Half way round the Earth: who knows less knows nothing."""

Schema = dict[str, pl.DataType | type[pl.DataType]]

CONTACT_SCHEMA: Final[Schema] = {
    "person_id": pl.String,
    "last_app_contact_at": pl.Datetime("us", "UTC"),
}
LOCATION_SCHEMA: Final[Schema] = {
    "person_id": pl.String,
    "latitude": pl.Float64,
    "longitude": pl.Float64,
    "accuracy_m": pl.Float64,
    "reported_at": pl.Datetime("us", "UTC"),
}
EMERGENCY_SCHEMA: Final[Schema] = {
    "emergency_id": pl.String,
    "person_id": pl.String,
    "started_at": pl.Datetime("us", "UTC"),
    "ended_at": pl.Datetime("us", "UTC"),
}


@dataclass(frozen=True, slots=True)
class Fix:
    """Where a device says it is, in WGS 84 degrees.

    Attributes:
        latitude: From -90 to 90.
        longitude: From -180 to 180.
        accuracy_m: How far off it may be, where the device says so.
    """

    latitude: float
    longitude: float
    accuracy_m: float | None = None

    def __post_init__(self) -> None:
        """Refuse what is no place.

        Raises:
            ValueError: It is none; the message does not quote it.
        """
        is_place = abs(self.latitude) <= 90 and abs(self.longitude) <= 180  # noqa: PLR2004 - degrees
        is_accuracy = self.accuracy_m is None or 0 <= self.accuracy_m <= _MOST_ACCURACY_M
        if not (is_place and is_accuracy):  # NaN is neither
            raise ValueError("that is no place on Earth")

    def coarsened(self, consent: LocationConsent) -> Self | None:
        """Return what may be stored of it; None: nothing."""
        if consent == "none":
            return None
        if consent == "precise":
            return self._rounded(_PRECISE_DIGITS, self.accuracy_m)
        # a finer accuracy than before would tell more than was agreed to, and a point that may be
        # kilometres away must not look as if it were exact
        accuracy_m = math.ceil((self.accuracy_m or 0.0) / 100) * 100 + CITY_SPREAD_M
        return self._rounded(CITY_STEP_DIGITS, accuracy_m)

    def _rounded(self, digits: int, accuracy_m: float | None) -> Self:
        # adding zero makes -0.0 a plain 0.0
        latitude, longitude = (
            round(self.latitude, digits) + 0.0,
            round(self.longitude, digits) + 0.0,
        )
        return type(self)(latitude, longitude, accuracy_m)


@dataclass(frozen=True, slots=True)
class AppReports:
    """What was reported with the app by a moment, as a selection takes it into account.

    Attributes:
        contacts: One row per person with a device: person_id, last_app_contact_at.
        locations: One row per person, their latest report: person_id, latitude, longitude,
            accuracy_m, reported_at.
        emergencies: One row per emergency that was active then: emergency_id, person_id,
            started_at, ended_at.
    """

    contacts: pl.DataFrame
    locations: pl.DataFrame
    emergencies: pl.DataFrame

    @property
    def is_empty(self) -> bool:
        """Tell whether nobody has reported anything."""
        return all(one.is_empty() for one in (self.contacts, self.locations, self.emergencies))
