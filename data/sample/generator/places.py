"""Cities with their airport, and the organisation's offices in some of them.

Coordinates are those of the city centres, WGS 84 degrees, rounded to about 100 m.
"""

import math
from typing import Final, NamedTuple

_EARTH_RADIUS_KM: Final = 6371.0


class Place(NamedTuple):
    """A city that people work in or travel to."""

    country: str
    city: str
    latitude: float
    longitude: float
    iata: str
    time_zone: str


PLACES: Final = (
    Place("JP", "Tokyo", 35.681, 139.767, "HND", "Asia/Tokyo"),
    Place("JP", "Osaka", 34.702, 135.496, "KIX", "Asia/Tokyo"),
    Place("JP", "Sapporo", 43.062, 141.354, "CTS", "Asia/Tokyo"),
    Place("JP", "Fukuoka", 33.590, 130.401, "FUK", "Asia/Tokyo"),
    Place("TW", "Taipei", 25.048, 121.517, "TPE", "Asia/Taipei"),
    Place("DE", "Berlin", 52.520, 13.405, "BER", "Europe/Berlin"),
    Place("DE", "Munich", 48.137, 11.575, "MUC", "Europe/Berlin"),
    Place("FR", "Paris", 48.857, 2.352, "CDG", "Europe/Paris"),
    Place("FR", "Lyon", 45.764, 4.836, "LYS", "Europe/Paris"),
    Place("GB", "London", 51.507, -0.128, "LHR", "Europe/London"),
    Place("GB", "Manchester", 53.481, -2.242, "MAN", "Europe/London"),
    Place("US", "New York", 40.713, -74.006, "JFK", "America/New_York"),
    Place("US", "San Francisco", 37.775, -122.419, "SFO", "America/Los_Angeles"),
    Place("KE", "Nairobi", -1.286, 36.817, "NBO", "Africa/Nairobi"),
    Place("KE", "Mombasa", -4.044, 39.668, "MBA", "Africa/Nairobi"),
    Place("BR", "São Paulo", -23.551, -46.633, "GRU", "America/Sao_Paulo"),
    Place("BR", "Recife", -8.054, -34.881, "REC", "America/Recife"),
    Place("IN", "Bengaluru", 12.972, 77.594, "BLR", "Asia/Kolkata"),
    Place("IN", "New Delhi", 28.614, 77.209, "DEL", "Asia/Kolkata"),
    Place("TR", "Istanbul", 41.009, 28.978, "IST", "Europe/Istanbul"),
    Place("TR", "Ankara", 39.920, 32.854, "ESB", "Europe/Istanbul"),
    Place("PH", "Manila", 14.599, 120.984, "MNL", "Asia/Manila"),
    Place("PH", "Cebu City", 10.316, 123.885, "CEB", "Asia/Manila"),
    Place("AE", "Dubai", 25.205, 55.271, "DXB", "Asia/Dubai"),
    Place("AE", "Abu Dhabi", 24.454, 54.377, "AUH", "Asia/Dubai"),
    Place("SE", "Stockholm", 59.329, 18.069, "ARN", "Europe/Stockholm"),
    Place("SG", "Singapore", 1.290, 103.852, "SIN", "Asia/Singapore"),
    Place("KR", "Seoul", 37.567, 126.978, "ICN", "Asia/Seoul"),
    Place("CH", "Geneva", 46.204, 6.143, "GVA", "Europe/Zurich"),
    Place("ET", "Addis Ababa", 9.025, 38.747, "ADD", "Africa/Addis_Ababa"),
    Place("VN", "Hanoi", 21.028, 105.854, "HAN", "Asia/Ho_Chi_Minh"),
    Place("MX", "Mexico City", 19.433, -99.133, "MEX", "America/Mexico_City"),
)

BY_CITY: Final = {place.city: place for place in PLACES}


class Facility(NamedTuple):
    """An office, clinic or warehouse."""

    facility_id: str
    name: str
    city: str
    staff_weight: int
    tags: tuple[str, ...]

    @property
    def place(self) -> Place:
        """The city it stands in."""
        return BY_CITY[self.city]


FACILITIES: Final = (
    Facility("tokyo", "Tokyo office", "Tokyo", 105, ("office", "regional-hub")),
    Facility("osaka", "Osaka warehouse", "Osaka", 25, ("warehouse",)),
    Facility("taipei", "Taipei office", "Taipei", 70, ("office",)),
    Facility("berlin", "Berlin headquarters", "Berlin", 290, ("office", "headquarters")),
    Facility("munich", "Munich office", "Munich", 60, ("office",)),
    Facility("paris", "Paris office", "Paris", 170, ("office",)),
    Facility("lyon", "Lyon training centre", "Lyon", 30, ("training",)),
    Facility("london", "London office", "London", 200, ("office", "regional-hub")),
    Facility("manchester", "Manchester support centre", "Manchester", 40, ("office",)),
    Facility("new-york", "New York office", "New York", 170, ("office", "regional-hub")),
    Facility("san-francisco", "San Francisco office", "San Francisco", 60, ("office",)),
    Facility("nairobi", "Nairobi office", "Nairobi", 190, ("office", "regional-hub")),
    Facility("mombasa", "Mombasa warehouse", "Mombasa", 40, ("warehouse",)),
    Facility("sao-paulo", "São Paulo office", "São Paulo", 110, ("office", "regional-hub")),
    Facility("recife", "Recife clinic", "Recife", 30, ("clinic",)),
    Facility("bengaluru", "Bengaluru office", "Bengaluru", 120, ("office",)),
    Facility("new-delhi", "New Delhi office", "New Delhi", 60, ("office",)),
    Facility("istanbul", "İstanbul office", "Istanbul", 90, ("office",)),
    Facility("manila", "Manila office", "Manila", 100, ("office",)),
    Facility("cebu", "Cebu clinic", "Cebu City", 30, ("clinic",)),
    Facility("dubai", "Dubai logistics hub", "Dubai", 90, ("office", "warehouse")),
)


def measure_distance_km(start: Place, end: Place) -> float:
    """Measure the great circle between two places by the haversine formula."""
    latitude_a, latitude_b = math.radians(start.latitude), math.radians(end.latitude)
    longitudes = math.radians(end.longitude - start.longitude)
    haversine = (
        math.sin((latitude_b - latitude_a) / 2) ** 2
        + math.cos(latitude_a) * math.cos(latitude_b) * math.sin(longitudes / 2) ** 2
    )
    return 2 * _EARTH_RADIUS_KM * math.asin(math.sqrt(haversine))
