"""The overview of a million people: its picture, its figures, and what its map asks for.

    python -m benchmarks.overview [PEOPLE]

Prints a table: medians of 5 (the picture itself is made once), and the bytes that a browser gets
(docs/dashboards.md). 300 incidents, half of them with an area, are where people are.
"""

import os
import platform
import resource
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import numpy as np
import orjson
import polars as pl
import shapely

from benchmarks.big_world import AS_OF, SEED, write_big_world
from benchmarks.selection import AREA, median_s
from dashboards.map.people import Window, describe_people
from dashboards.overview.picture import MOST_INCIDENTS, Picture, build_picture
from rollcall.clock import SystemClock
from rollcall.domain.app_reports import (
    CONTACT_SCHEMA,
    EMERGENCY_SCHEMA,
    LOCATION_SCHEMA,
    AppReports,
)
from rollcall.domain.selecting import select_audience
from rollcall.domain.selection import Filter, Selection
from rollcall.sources.feeds.incident import Incident
from rollcall.sources.kept import KeptSources

WINDOWS = {
    "the world": Window(-180, -85, 180, 85, 2),
    "a continent": Window(-15, 35, 40, 62, 4),
    "a country": Window(-6, 49, 3, 56, 6),
    "a city": Window(-0.6, 51.2, 0.3, 51.8, 10),
    "a quarter": Window(-0.15, 51.49, -0.10, 51.52, 14),
}


def make_incidents(folder: Path) -> list[Incident]:
    """Return incidents at reported positions; every other one has a ragged area of 200 corners."""
    draw = np.random.default_rng(SEED)
    places = pl.read_parquet(folder / "locations.parquet", columns=["latitude", "longitude"])
    places = places.filter(pl.col("latitude").is_between(-80, 80))
    chosen = places[draw.integers(0, places.height, MOST_INCIDENTS)]
    return [
        Incident(
            incident_id=f"i{number}",
            title=f"Incident {number}",
            severity="severe",
            latitude=latitude,
            longitude=longitude,
            occurred_at=AS_OF - timedelta(minutes=number),
            area=_ring(latitude, longitude, draw) if number % 2 else None,
        )
        for number, (latitude, longitude) in enumerate(chosen.iter_rows())
    ]


def _ring(latitude: float, longitude: float, draw: np.random.Generator) -> dict[str, object]:
    angles = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    reach = draw.uniform(0.5, 1.0, 200)
    x = np.clip(longitude + reach * np.cos(angles), -180, 180)
    y = latitude + reach * np.sin(angles)
    area: dict[str, object] = shapely.geometry.mapping(shapely.Polygon(np.stack([x, y], axis=1)))
    return area


def report(what: str, taken_s: float, size_bytes: int | None = None) -> None:
    """Print one row of the table."""
    size = f"{size_bytes / 1000:9.0f} kB" if size_bytes is not None else ""
    print(f"{what:<34} {taken_s:9.3f} {size}")


def measure_windows(picture: Picture) -> None:
    """Print what the map asks for while it is moved."""
    for name, window in WINDOWS.items():
        told = describe_people(picture, window)
        kind = "cells" if "cells" in told else "points"
        shown = f"{len(told[kind]):,} {kind}"
        taken_s = median_s(lambda window=window: describe_people(picture, window))  # type: ignore[misc]
        report(f"{name} ({told['people_count']:,}: {shown})", taken_s, len(orjson.dumps(told)))


def measure_figures(picture: Picture) -> None:
    """Print how long each figure takes to count, and a marked area."""
    for tile in picture.tiles:
        if tile.selection is not None:
            report(f"{tile.title} ({tile.people_count:,})", _count_s(picture, tile.selection))
    marked = Selection(filters=(Filter(area=AREA, recipient_type="people"),))
    report("a drawn area, 50 corners", _count_s(picture, marked))


def _count_s(picture: Picture, selection: Selection) -> float:
    return median_s(lambda: select_audience(selection, picture.world, as_rows=True))


def main() -> None:
    """Generate, build, measure, print."""
    people_count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"{people_count} people; seconds, medians of 5; kB before packing\n")
    with tempfile.TemporaryDirectory() as scratch:
        source = write_big_world(Path(scratch) / "source", people_count)
        risks = pl.DataFrame({"country": ["JP", "GB", "UA"], "level": ["low", "high", "extreme"]})
        risks.write_csv(source / "country_risk.csv")
        version = KeptSources(Path(scratch) / "kept", SystemClock()).open(source)
        incidents = make_incidents(source)
        nobody = AppReports(
            contacts=pl.DataFrame(schema=CONTACT_SCHEMA),
            locations=pl.DataFrame(schema=LOCATION_SCHEMA),
            emergencies=pl.DataFrame(schema=EMERGENCY_SCHEMA),
        )
        began_s = time.perf_counter()
        picture = build_picture(version, nobody, incidents, AS_OF)
        report("the picture, once", time.perf_counter() - began_s)
    measure_figures(picture)
    measure_windows(picture)
    peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"\npeak memory {peak_gb:.1f} GB")


if __name__ == "__main__":
    main()
