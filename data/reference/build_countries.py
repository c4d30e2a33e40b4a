"""Make `countries.parquet` from the npm package @rapideditor/country-coder (ISC licence).

    npm pack @rapideditor/country-coder && tar -xzf rapideditor-country-coder-*.tgz
    python data/reference/build_countries.py package            # writes it beside this file
    python data/reference/build_countries.py package /tmp/copy  # or into another folder

One row per polygon: `country` (ISO 3166-1 alpha-2, or XK), `name` (the feature's in English),
`geometry` (WGS 84, longitude before latitude) and its bounding box, as GeoParquet 1.1, by country,
then name, then place. The same package and library versions give the same bytes.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas
import pycountry
import shapely

CODES = {country.alpha_2 for country in pycountry.countries} | {"XK"}

DISPUTED = {
    "Crimea": "UA",  # the package says RU; UN General Assembly resolution 68/262
    "Northern Cyprus": "CY",  # the package says nothing; UN Security Council resolution 541
    "Akrotiri": "CY",  # the package says GB; ISO 3166-1 has no code for the base areas
    "Dhekelia": "CY",  # as Akrotiri
}
"""Whose code a feature gets where the package's answer is not taken; README.md has the others."""

NOBODYS = {"Bir Tawil"}
"""Features that no state claims: a position there gets the nearest country."""

SAHARA = shapely.box(-20, 15, 0, 27 + 40 / 60)
"""South of 27°40' north the package's Morocco is Western Sahara, which has a code of its own."""


def main(package: Path, folder: Path) -> None:
    """Read the package's borders and write the outlines into a folder."""
    borders = json.loads((package / "src/data/borders.json").read_text(encoding="utf-8"))
    features = [feature for feature in borders["features"] if feature["geometry"]]
    rows = sorted((row for feature in features for row in list_polygons(feature)), key=sort_key)
    outlines = geopandas.GeoDataFrame(rows, crs="EPSG:4326")
    if missing := sorted(CODES - set(outlines["country"])):
        raise ValueError(f"no feature is {', '.join(missing)}: the package has changed")
    path = folder / "countries.parquet"
    outlines.to_parquet(path, compression="zstd", write_covering_bbox=True, index=False)


def list_polygons(feature: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a row for each polygon of a feature, mended where its rings touch themselves."""
    name = feature["properties"]["nameEn"]
    shape = shapely.make_valid(shapely.geometry.shape(feature["geometry"]))
    if name == "Morocco":
        sahara = shape.intersection(SAHARA)
        yield {"country": "EH", "name": "Western Sahara (Moroccan side)", "geometry": sahara}
        shape = shape.difference(SAHARA)
    for part in shapely.get_parts(shape):
        if part.geom_type == "Polygon" and name not in NOBODYS:
            yield {"country": find_code(feature["properties"]), "name": name, "geometry": part}


def find_code(properties: dict[str, Any]) -> str:
    """Return the ISO code of a feature: its own, else its territory's, else its country's."""
    if properties["nameEn"] in DISPUTED:
        return DISPUTED[properties["nameEn"]]
    own, groups, country = (properties.get(key) for key in ("iso1A2", "groups", "country"))
    for code in (own, *(groups or ()), country):
        if code in CODES:
            return str(code)
    raise ValueError(f"{properties['nameEn']} has no ISO code: say whose it is in DISPUTED")


def sort_key(row: dict[str, Any]) -> tuple[str, str, tuple[float, ...]]:
    """Order polygons the same on every run."""
    return row["country"], row["name"], row["geometry"].bounds


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if sys.argv[2:] else Path(__file__).parent)
