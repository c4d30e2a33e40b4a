"""What the oracle knows of the world: airports, city codes, and whose ground some points are."""

import csv
from pathlib import Path

import airportsdata
import pycountry

from tests.integration.contract.oracle_criteria import Reference

METROPOLITAN_CSV = Path(__file__).parents[3] / "data" / "reference" / "metropolitan_codes.csv"

AIRPORT_COUNTRIES = {
    "HND": "JP",
    "NRT": "JP",
    "KIX": "JP",
    "LHR": "GB",
    "LGW": "GB",
    "CDG": "FR",
    "JFK": "US",
    "SIN": "SG",
    "BKK": "TH",
    "DMK": "TH",
    "NAN": "FJ",
}
"""As any traveller knows them; BKK is an airport's code and a city's."""

CITY_CODES = ("LON", "NYC", "TYO", "PAR", "BKK")
"""Cities' codes among which worlds choose."""

GROUNDS: dict[tuple[float, float], str | None] = {
    (35.68, 139.69): "JP",
    (51.51, -0.13): "GB",
    (48.86, 2.35): "FR",
    (38.9, -77.04): "US",
    (52.52, 13.4): "DE",
    (40.42, -3.7): "ES",
    (39.91, 116.4): "CN",
    (37.57, 126.98): "KR",
    (28.61, 77.21): "IN",
    (55.75, 37.62): "RU",
    (-15.79, -47.88): "BR",
    (-34.6, -58.4): "AR",
    (-33.45, -70.67): "CL",
    (-35.28, 149.13): "AU",
    (-41.29, 174.78): "NZ",
    (-1.29, 36.82): "KE",
    (30.04, 31.24): "EG",
    (9.06, 7.49): "NG",
    (-25.75, 28.19): "ZA",
    (33.34, 44.4): "IQ",
    (35.69, 51.39): "IR",
    (39.93, 32.86): "TR",
    (19.43, -99.13): "MX",
    (45.42, -75.7): "CA",
    (64.15, -21.94): "IS",
    (59.33, 18.07): "SE",
    (50.45, 30.52): "UA",
    (42.66, 21.17): "XK",
    (-18.14, 178.44): "FJ",
    (21.03, 105.85): "VN",
    (1.3, 103.85): "SG",
    # the high seas, more than 25 km from any land
    (-5.0, -130.0): None,
    (30.0, -45.0): None,
    (-40.0, -120.0): None,
    (-30.0, 85.0): None,
    (40.0, 180.0): None,
    (40.0, -180.0): None,
}
"""Country by (latitude, longitude): the middle of capitals, and the middle of oceans."""


def load_reference() -> Reference:
    """Return what the oracle knows; the airports are those that worlds choose among."""
    everywhere = airportsdata.load("IATA")
    with METROPOLITAN_CSV.open(encoding="utf-8", newline="") as file:
        metropolitan = {
            row["code"]: set(row["airports"].split(";")) for row in csv.DictReader(file)
        }
    return Reference(
        airports={
            iata: (country, everywhere[iata]["lat"], everywhere[iata]["lon"])
            for iata, country in AIRPORT_COUNTRIES.items()
        },
        metropolitan=metropolitan,
        countries={country.alpha_2 for country in pycountry.countries} | {"XK"},
        grounds=GROUNDS,
    )
