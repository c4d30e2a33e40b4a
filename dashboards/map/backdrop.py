"""What a map stands on: outlines of countries, cities and airports; made once, sent packed."""

import gzip
from functools import cache
from typing import Any, Final

import airportsdata
import orjson
import polars as pl
import shapely

from rollcall.sources.reference import COUNTRIES_PARQUET, REFERENCE

_DIGITS: Final = 3
"""A thousandth of a degree is at most 111 m: outlines are not drawn more exactly than that."""

_TOLERANCE: Final = 0.005
"""By which outlines may differ from the reference, in degrees."""


@cache
def pack_land() -> bytes:
    """Return the outlines of countries as GeoJSON, packed by gzip; takes half a second once."""
    outlines = pl.read_parquet(COUNTRIES_PARQUET, columns=["country", "geometry"])
    shapes = shapely.simplify(shapely.from_wkb(outlines["geometry"].to_numpy()), _TOLERANCE)
    features = [
        {"type": "Feature", "properties": {"country": country}, "geometry": _write(shape)}
        for country, shape in zip(outlines["country"], shapes, strict=True)
        if not shape.is_empty
    ]
    return _pack({"type": "FeatureCollection", "features": features})


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
    cities = pl.read_csv(REFERENCE / "cities.csv")
    return _pack(cities.select("name", "latitude", "longitude").rows())


def _name_airport(iata: str, city: str) -> str:
    return f"{city} · {iata}" if city else iata


def _write(shape: shapely.Polygon) -> dict[str, Any]:
    rings = [shape.exterior, *shape.interiors]
    corners = [shapely.get_coordinates(ring).round(_DIGITS).tolist() for ring in rings]
    return {"type": "Polygon", "coordinates": corners}


def _pack(told: object) -> bytes:
    return gzip.compress(orjson.dumps(told), mtime=0)
