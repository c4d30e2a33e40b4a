"""The overview of a million people: its picture, its figures, and what its map asks for.

    python -m benchmarks.overview [PEOPLE]

Prints a table: medians of 5 (the picture itself is made once), what each may take, and the bytes
that a browser gets (docs/performance.md); ends with 1 where something took longer. 300 incidents,
half of them with an area, are where people are. Figures are counted while the picture is made,
which nobody waits for; what the map asks for, and a drawn area, somebody does.
"""

import os
import platform
import resource
import sys
import tempfile
import time
from dataclasses import dataclass, field
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

PICTURE_LIMIT_S = 60.0
FIGURE_LIMIT_S = 10.0
AREA_LIMIT_S = 0.5
WINDOW_LIMIT_S = 0.5

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


@dataclass
class Report:
    """A table that is printed while it is measured.

    Attributes:
        slow: What took longer than it may.
    """

    slow: list[str] = field(default_factory=list)

    def add(self, what: str, taken_s: float, limit_s: float, size_bytes: int | None = None) -> None:
        """Print one row."""
        size = f"{size_bytes / 1000:9.0f} kB" if size_bytes is not None else ""
        print(f"{what:<42} {taken_s:9.3f} {limit_s:7.2f} {size}", flush=True)
        if taken_s > limit_s:
            self.slow.append(what)


def measure_windows(picture: Picture, report: Report) -> None:
    """Print what the map asks for while it is moved."""
    for name, window in WINDOWS.items():
        told = describe_people(picture, window)
        kind = "cells" if "cells" in told else "points"
        shown = f"{len(told[kind]):,} {kind}"
        taken_s = median_s(lambda window=window: describe_people(picture, window))  # type: ignore[misc]
        what = f"{name} ({told['people_count']:,}: {shown})"
        report.add(what, taken_s, WINDOW_LIMIT_S, len(orjson.dumps(told)))


def measure_figures(picture: Picture, report: Report) -> None:
    """Print how long each figure takes to count, and a marked area."""
    for tile in picture.tiles:
        if tile.selection is not None:
            taken_s = _count_s(picture, tile.selection)
            report.add(f"{tile.title} ({tile.people_count:,})", taken_s, FIGURE_LIMIT_S)
    marked = Selection(filters=(Filter(area=AREA, recipient_type="people"),))
    report.add("a drawn area, 50 corners", _count_s(picture, marked), AREA_LIMIT_S)


def _count_s(picture: Picture, selection: Selection) -> float:
    return median_s(lambda: select_audience(selection, picture.world, as_rows=True))


def make_picture(scratch: Path, people_count: int, report: Report) -> Picture:
    """Generate and validate a source; print how long its picture takes, once."""
    source = write_big_world(scratch / "source", people_count)
    risks = pl.DataFrame({"country": ["JP", "GB", "UA"], "level": ["low", "high", "extreme"]})
    risks.write_csv(source / "country_risk.csv")
    version = KeptSources(scratch / "kept", SystemClock()).open(source)
    incidents = make_incidents(source)
    nobody = AppReports(
        contacts=pl.DataFrame(schema=CONTACT_SCHEMA),
        locations=pl.DataFrame(schema=LOCATION_SCHEMA),
        emergencies=pl.DataFrame(schema=EMERGENCY_SCHEMA),
    )
    began_s, before_s = time.perf_counter(), time.process_time()
    picture = build_picture(version, nobody, incidents, AS_OF)
    cpu_s = time.process_time() - before_s
    taken_s = time.perf_counter() - began_s
    report.add(f"the picture, once ({cpu_s:.0f} s of the CPU)", taken_s, PICTURE_LIMIT_S)
    return picture


def main() -> None:
    """Generate, build, measure, print."""
    people_count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"{people_count} people; seconds, medians of 5, and limits; kB before packing\n")
    report = Report()
    with tempfile.TemporaryDirectory() as scratch:
        picture = make_picture(Path(scratch), people_count, report)
    measure_figures(picture, report)
    measure_windows(picture, report)
    peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"\npeak memory {peak_gb:.1f} GB; load {os.getloadavg()[0]:.1f}")
    print(f"too slow: {', '.join(report.slow) or 'nothing'}")
    sys.exit(1 if report.slow else 0)


if __name__ == "__main__":
    main()
