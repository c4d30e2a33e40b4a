"""What `data/reference` holds: outlines of countries, places, codes, levels of receipts."""

import csv
from functools import cache
from pathlib import Path

import polars as pl
import shapely

from rollcall.domain.geography.airports import AirportCodes, settle_countries
from rollcall.domain.geography.outlines import CountryIndex
from rollcall.domain.receipt_levels import read_carrier_only_countries
from rollcall.sources.airports import load_airports

REFERENCE = Path(__file__).parents[2] / "data" / "reference"
COUNTRIES_PARQUET = REFERENCE / "countries.parquet"
LAND_GEOJSON = REFERENCE / "land.geojson.gz"
CITIES_CSV = REFERENCE / "cities.csv"
METROPOLITAN_CSV = REFERENCE / "metropolitan_codes.csv"
RECEIPT_LEVELS_CSV = REFERENCE / "receipt_levels.csv"
AIRPORT_SEPARATOR = ";"


@cache
def load_country_index() -> CountryIndex:
    """Return the outlines of all countries, ready for positions; takes about half a second once."""
    outlines = pl.read_parquet(COUNTRIES_PARQUET, columns=["country", "geometry"])
    polygons = shapely.from_wkb(outlines["geometry"].to_numpy())
    return CountryIndex(outlines["country"].to_list(), list(polygons))


@cache
def load_airport_codes() -> AirportCodes:
    """Return the codes that a criterion may name: airports', and metropolitan ones."""
    rows = _read_rows(METROPOLITAN_CSV)
    return AirportCodes(
        airports=frozenset(load_airports()["iata"]),
        metropolitan={
            row["code"]: frozenset(row["airports"].split(AIRPORT_SEPARATOR)) for row in rows
        },
    )


@cache
def load_carrier_only_countries() -> frozenset[str]:
    """Return the countries in which no handset's receipt is to be had, whatever a provider says."""
    return read_carrier_only_countries(_read_rows(RECEIPT_LEVELS_CSV))


@cache
def load_booking_places() -> pl.DataFrame:
    """Return what a booking's `iata` can name: airports, and metropolitan codes.

    One row per code: `iata`, `country`, `latitude`, `longitude`. A metropolitan code has the
    country of its airports where they agree, and no coordinates; where it is an airport's as well,
    it is the airport.
    """
    airports = load_settled_airports()
    members = [
        (code, airport)
        for code, airport_codes in load_airport_codes().metropolitan.items()
        for airport in sorted(airport_codes)
    ]
    cities = (
        pl.DataFrame(members, schema=["iata", "airport"], orient="row")
        .join(airports.select("iata", "country"), left_on="airport", right_on="iata")
        .group_by("iata", maintain_order=True)
        .agg(pl.col("country").unique())
        .filter(pl.col("country").list.len() == 1)
        .with_columns(pl.col("country").list.first())
        .join(airports, on="iata", how="anti")
    )
    return pl.concat([airports, cities], how="diagonal").sort("iata")


@cache
def load_settled_airports() -> pl.DataFrame:
    """Return `load_airports`, each with the country that a report from there would have."""
    airports = load_airports()
    outlined = load_country_index().countries_at(
        airports["latitude"].to_numpy(), airports["longitude"].to_numpy()
    )
    return airports.with_columns(country=settle_countries(airports["country"], outlined))


def _read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
