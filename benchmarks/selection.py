"""Selection at a million people: every criterion alone, five together, the whole command.

    python -m benchmarks.selection [PEOPLE]

Prints a table: medians of 5, and beside them the same questions in plain GeoPandas and pandas, and
in PostGIS where it is installed, in the same run. The ratio is the claim (docs/performance.md).
"""

import math
import os
import platform
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas
import pandas as pd
import shapely

from benchmarks.big_world import AS_OF, moment, write_big_world
from benchmarks.postgis import find_five, find_in_area, serve_people
from rollcall.clock import SystemClock, format_instant
from rollcall.domain.criteria import match_filter
from rollcall.domain.selecting import select_audience
from rollcall.domain.selection import Filter, parse_selection
from rollcall.domain.world import World
from rollcall.sources.kept import KeptSources
from rollcall.sources.snapshot import build_snapshot
from rollcall.sources.world import read_world

REPEATS = 5


def circle_of(vertex_count: int, radius_degrees: float) -> dict[str, Any]:
    """Return a ragged ring around London, as GeoJSON."""
    ring = [
        (
            -0.1 + (radius_degrees + 0.1 * (index % 2)) * math.cos(angle),
            51.5 + (radius_degrees + 0.1 * (index % 2)) * math.sin(angle) / 2,
        )
        for index in range(vertex_count)
        for angle in [2 * math.pi * index / vertex_count]
    ]
    return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}


AREA = circle_of(50, 6.0)
BIG_AREA = circle_of(10_000, 20.0)
SOON = {"from_at": format_instant(moment(1)), "until_at": format_instant(moment(30))}

CRITERIA: dict[str, dict[str, Any]] = {
    "countries": {"countries": ["JP", "GB", "US"]},
    "emergency": {"emergency": False},
    "groups": {"groups": ["group00000001", "group00000002"]},
    "home": {"home": "away"},
    "last_app_contact": {"last_app_contact_within_hours": 48},
    "area, 50 vertices": {"area": AREA},
    "area, 10,000 vertices": {"area": BIG_AREA},
    "area, possible": {"area": AREA, "area_match": "possible"},
    "tags": {"tags": ["tag00000001"]},
    "recipient_type": {"recipient_type": "people"},
    "travelling_now": {"travelling_now": True},
    "upcoming by IATA": {"upcoming_travel_to_iata": {"codes": ["LON", "HND"], **SOON}},
    "upcoming by country": {"upcoming_travel_to_country": {"countries": ["JP"]}},
    "past by country": {"past_travel_to_country": {"countries": ["JP"]}},
    "five, polygon among them": {
        "area": AREA,
        "home": "away",
        "last_app_contact_within_hours": 24 * 60,
        "tags": ["tag00000001", "tag00000002", "tag00000003"],
        "recipient_type": "people",
    },
}


def median_s(action: Callable[[], object]) -> float:
    """Return the median time of several runs, in seconds."""
    taken: list[float] = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        action()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def match(world: World, criteria: dict[str, Any]) -> list[str]:
    """Return who meets a filter."""
    return match_filter(Filter.model_validate(criteria), world, "filters[0]")[0]


def find_with_geopandas(people: geopandas.GeoDataFrame, area: dict[str, Any]) -> "list[str]":
    """Answer the question of the area criterion the way a GeoPandas script does."""
    wanted = geopandas.GeoDataFrame(geometry=[shapely.geometry.shape(area)], crs="EPSG:4326")
    found: list[str] = people.sjoin(wanted, predicate="intersects")["person_id"].tolist()
    return found


def find_five_with_pandas(people: geopandas.GeoDataFrame) -> "list[str]":
    """Answer the question of five criteria with plain pandas masks and a spatial join."""
    wanted = set(CRITERIA["five, polygon among them"]["tags"])
    since = pd.Timestamp(moment(-60))
    chosen = people[
        (people["country"] != people["home_country"])
        & people["country"].notna()
        & people["has_app"]
        & (people["last_app_contact_at"] >= since)
        & people["tags"].map(lambda tags: bool(wanted & set(tags)))
    ]
    return find_with_geopandas(chosen, AREA)


def to_geopandas(world: World) -> geopandas.GeoDataFrame:
    """Return the people as a GeoPandas user would have them."""
    columns = ("person_id", "country", "home_country", "has_app", "last_app_contact_at", "tags")
    people = world.people.select(*columns, "latitude", "longitude").to_pandas()
    points = geopandas.points_from_xy(people["longitude"], people["latitude"], crs="EPSG:4326")
    return geopandas.GeoDataFrame(people, geometry=points)


def report(what: str, taken_s: float, peer_s: float | None = None) -> None:
    """Print one row of the table."""
    ratio = f"{peer_s:9.3f} {peer_s / taken_s:8.1f} x" if peer_s else ""
    print(f"{what:<34} {taken_s:9.3f} {ratio}")


def main() -> None:
    """Generate, load, measure, print."""
    people_count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"{people_count} people; seconds, medians of {REPEATS}; then GeoPandas + pandas\n")
    with tempfile.TemporaryDirectory() as scratch:
        source = write_big_world(Path(scratch) / "source", people_count)
        version = KeptSources(Path(scratch) / "kept", SystemClock()).open(source)
        report("load with positions", median_s(lambda: build_snapshot(version, AS_OF).close()))
        with build_snapshot(version, AS_OF) as snapshot:
            report("read the world", median_s(lambda: read_world(snapshot, AS_OF)))
            world = read_world(snapshot, AS_OF)
        measure_criteria(world)
    peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"\npeak memory before the peers {peak_gb:.1f} GB")
    measure_peers(world)
    measure_postgis(world)


def measure_criteria(world: World) -> None:
    """Print every criterion alone, and the whole selection."""
    for name, criteria in CRITERIA.items():
        found = match(world, criteria)
        report(f"{name} ({len(found)})", median_s(lambda criteria=criteria: match(world, criteria)))  # type: ignore[misc]
    five = parse_selection({"filters": [CRITERIA["five, polygon among them"]]})
    report("whole selection, five criteria", median_s(lambda: select_audience(five, world)))


def measure_peers(world: World) -> None:
    """Print the questions that GeoPandas answers too, beside ours."""
    people = to_geopandas(world)
    for name in ("area, 50 vertices", "area, 10,000 vertices"):
        area = CRITERIA[name]["area"]
        ours = median_s(lambda name=name: match(world, CRITERIA[name]))  # type: ignore[misc]
        peer = median_s(lambda area=area: find_with_geopandas(people, area))  # type: ignore[misc]
        report(name, ours, peer)
    five = CRITERIA["five, polygon among them"]
    assert sorted(match(world, five)) == sorted(find_five_with_pandas(people))
    report(
        "five, polygon among them",
        median_s(lambda: match(world, five)),
        median_s(lambda: find_five_with_pandas(people)),
    )


def measure_postgis(world: World) -> None:
    """Print the same questions beside PostGIS, where it is installed."""
    with serve_people(world) as connection:
        if connection is None:
            print("\nPostGIS is not installed")
            return
        print("\nthen PostGIS")
        for name in ("area, 50 vertices", "area, 10,000 vertices"):
            area = CRITERIA[name]["area"]
            ours = median_s(lambda name=name: match(world, CRITERIA[name]))  # type: ignore[misc]
            peer = median_s(lambda area=area: find_in_area(connection, area))  # type: ignore[misc]
            report(name, ours, peer)
        five = CRITERIA["five, polygon among them"]
        asked = (five["area"], moment(-60), five["tags"])
        assert sorted(match(world, five)) == sorted(find_five(connection, *asked))
        ours = median_s(lambda: match(world, five))
        report("five, polygon among them", ours, median_s(lambda: find_five(connection, *asked)))


if __name__ == "__main__":
    main()
