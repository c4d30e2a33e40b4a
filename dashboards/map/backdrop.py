"""What a map stands on: land, names of cities and airports; made once, sent packed."""

import gzip
from functools import cache
from typing import Final

import airportsdata
import orjson
import polars as pl

from rollcall.sources.reference import CITIES_CSV, LAND_GEOJSON

_DIGITS: Final = 3
"""A thousandth of a degree is at most 111 m: names need not stand more exactly."""


@cache
def pack_land() -> bytes:
    """Return the land of countries as GeoJSON, packed by gzip."""
    return LAND_GEOJSON.read_bytes()


@cache
def pack_airports() -> bytes:
    """Return airports as a list of `[name, latitude, longitude]`, packed by gzip."""
    airports = sorted(airportsdata.load("IATA").items())
    rows = [
        [_name_airport(iata, one["city"]), *(round(one[side], _DIGITS) for side in ("lat", "lon"))]
        for iata, one in airports
    ]
    return _pack(rows)


@cache
def pack_cities() -> bytes:
    """Return cities as a list of `[name, latitude, longitude]`, the largest first, packed."""
    cities = pl.read_csv(CITIES_CSV)
    return _pack(cities.select("name", "latitude", "longitude").rows())


def _name_airport(iata: str, city: str) -> str:
    return f"{city} · {iata}" if city else iata


def _pack(told: object) -> bytes:
    return gzip.compress(orjson.dumps(told), mtime=0)
