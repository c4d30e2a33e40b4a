"""Airports by IATA code: where a flight lands."""

from functools import cache

import airportsdata
import polars as pl


@cache
def load_airports() -> pl.DataFrame:
    """Return the world's airports (airportsdata, MIT licence).

    One row per IATA code: `iata`, `country` (ISO 3166-1 alpha-2), `latitude`, `longitude` (WGS 84
    degrees), ordered by code. Metropolitan codes such as LON are not among them.
    """
    airports = airportsdata.load("IATA")
    rows = [
        (iata, airport["country"], airport["lat"], airport["lon"])
        for iata, airport in sorted(airports.items())
    ]
    schema = {
        "iata": pl.String,
        "country": pl.String,
        "latitude": pl.Float64,
        "longitude": pl.Float64,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")
