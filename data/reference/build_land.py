"""Make `land.geojson.gz` from the npm package world-atlas (ISC licence; Natural Earth).

    npm pack world-atlas@2.0.2 && tar -xzf world-atlas-2.0.2.tgz
    python data/reference/build_land.py package            # writes it beside this file
    python data/reference/build_land.py package /tmp/copy  # or into another folder

The land of each country as a map draws it: its outline in `countries.parquet`, which reaches out to
sea, cut off at the coasts of Natural Earth, 1:50 million. One Feature per country (GeoJSON, WGS 84,
a thousandth of a degree), cut at the antimeridian. The same inputs and library versions give the
same bytes.
"""

import gzip
import json
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import shapely
from shapely import affinity

GRID_DEGREES = 0.001
"""At most 111 m; the coasts are no more exact than that."""

_TURN = 360.0


def main(package: Path, folder: Path) -> None:
    """Cut the countries at the coasts, and write them into a folder."""
    coasts = shapely.STRtree(list(read_coasts(package / "land-50m.json")))
    outlines = pl.read_parquet(Path(__file__).with_name("countries.parquet")).sort("country")
    features = []
    for country, parts in outlines.group_by("country", maintain_order=True):
        land = cut_at_coasts(shapely.union_all(shapely.from_wkb(parts["geometry"])), coasts)
        if not land.is_empty:
            features.append(describe(str(country[0]), land))
    told = json.dumps({"type": "FeatureCollection", "features": features}, separators=(",", ":"))
    (folder / "land.geojson.gz").write_bytes(gzip.compress(told.encode(), mtime=0))


def read_coasts(path: Path) -> Iterator[shapely.Polygon]:
    """Yield the polygons of a TopoJSON file, none of which crosses the antimeridian."""
    topology = json.loads(path.read_text("utf-8"))
    arcs = [list(walk(arc, topology["transform"])) for arc in topology["arcs"]]
    for geometry in topology["objects"]["land"]["geometries"]:
        for rings in geometry["arcs"]:
            yield from cut_at_antimeridian([join_arcs(ring, arcs) for ring in rings])


def walk(arc: list[list[int]], transform: dict[str, Any]) -> Iterator[tuple[float, float]]:
    """Yield the places of an arc, which are steps from one to the next on a grid."""
    x = y = 0
    (scale_x, scale_y), (from_x, from_y) = transform["scale"], transform["translate"]
    for step_x, step_y in arc:
        x, y = x + step_x, y + step_y
        yield x * scale_x + from_x, y * scale_y + from_y


def join_arcs(ring: list[int], arcs: list[list[tuple[float, float]]]) -> list[tuple[float, float]]:
    """Return a ring's places; an arc with a negative number is walked backwards (~number)."""
    places: list[tuple[float, float]] = []
    for number in ring:
        places += (arcs[number] if number >= 0 else arcs[~number][::-1])[bool(places) :]
    return places


def cut_at_antimeridian(rings: list[list[tuple[float, float]]]) -> Iterator[shapely.Polygon]:
    """Yield the parts of a polygon whose rings jump from one side of the world to the other."""
    shell, *holes = (unwrap(ring) for ring in rings)
    shape = shapely.make_valid(shapely.Polygon(shell, holes))
    for turns in (-1, 0, 1):
        window = shapely.box(-180 + turns * _TURN, -90, 180 + turns * _TURN, 90)
        for part in shapely.get_parts(shape.intersection(window)):
            if part.geom_type == "Polygon":
                yield affinity.translate(part, -turns * _TURN)


def unwrap(ring: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return a ring without jumps; one around the pole is closed along it."""
    unwrapped, turned = [ring[0]], 0.0
    for (before, _), (x, y) in pairwise(ring):
        turned += _TURN * ((before - x > _TURN / 2) - (x - before > _TURN / 2))
        unwrapped.append((x + turned, y))
    if turned:
        unwrapped += [(unwrapped[-1][0], -90.0), (unwrapped[0][0], -90.0)]
    return unwrapped


def cut_at_coasts(outline: shapely.Geometry, coasts: shapely.STRtree) -> shapely.Geometry:
    """Return what of an outline is land."""
    near = coasts.geometries[coasts.query(outline, predicate="intersects")]
    land = [part for one in near for part in shapely.get_parts(one.intersection(outline))]
    polygons = [part for part in land if part.geom_type == "Polygon"]
    return shapely.set_precision(shapely.union_all(polygons), GRID_DEGREES)


def describe(country: str, land: shapely.Geometry) -> dict[str, Any]:
    """Return a Feature."""
    geometry = json.loads(shapely.to_geojson(land))
    rounded = {"type": geometry["type"], "coordinates": round_all(geometry["coordinates"])}
    return {"type": "Feature", "properties": {"country": country}, "geometry": rounded}


def round_all(coordinates: Any) -> Any:
    """Return numbers in lists in lists without the digits that say nothing."""
    if isinstance(coordinates, list):
        return [round_all(one) for one in coordinates]
    return round(coordinates, 3)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if sys.argv[2:] else Path(__file__).parent)
