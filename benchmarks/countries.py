"""How often is the country of a position right, and how long does a million positions take?

    python -m benchmarks.countries

Asks for the country at the position of every airport of airportsdata, which states each one's
country, and counts the answers that are that country; territories that airportsdata files under
another country's code (Puerto Rico, Åland …) count as right with their own. Then it asks for a
million positions around airports (seeded; 30 km off on average), as people's are, and for a million
anywhere on earth, most of them at sea, where the nearest country has to be looked for.
"""

import statistics
import time
from collections.abc import Callable

import airportsdata
import numpy as np
import polars as pl

from rollcall.domain.geography.airports import settle_countries
from rollcall.domain.geography.geodesy import Floats
from rollcall.domain.geography.outlines import CountryIndex
from rollcall.sources.reference import load_country_index

POSITION_COUNT = 1_000_000
SPREAD_DEGREES = 0.25
REPEATS = 5
MOST_LISTED = 20


def main() -> None:
    """Check, measure, print."""
    started = time.perf_counter()
    index = load_country_index()
    index.countries_at(np.array([0.0]), np.array([-150.0]))
    print(f"{'read and build the index (once)':<44} {time.perf_counter() - started:8.2f} s")
    report_share("with an IATA code", index, pl.DataFrame([*airportsdata.load("IATA").values()]))
    report_share("all", index, pl.DataFrame([*airportsdata.load("ICAO").values()]))
    chance = np.random.default_rng(20261123)
    for name, (latitudes, longitudes) in draw_positions(chance).items():
        taken_s = median_s(lambda y=latitudes, x=longitudes: index.countries_at(y, x))  # type: ignore[misc]
        print(f"a million positions {name:<24} {taken_s:8.2f} s")


def report_share(name: str, index: CountryIndex, airports: pl.DataFrame) -> None:
    """Print the share of airports whose country is right, and the wrong ones if they are few."""
    found = index.countries_at(airports["lat"].to_numpy(), airports["lon"].to_numpy())
    answers = airports.with_columns(found, right=settle_countries(airports["country"], found))
    wrong = answers.filter(pl.col("country").ne_missing(pl.col("right")))
    share_pct = 100 * (1 - len(wrong) / len(answers))
    print(f"airports {name:<35} {share_pct:8.2f} % right of {len(answers):,}")
    if len(wrong) <= MOST_LISTED:
        rows = wrong.select("iata", "right", "country").iter_rows()
        print("    wrong:", ", ".join(f"{iata} {right} → {found}" for iata, right, found in rows))


def draw_positions(chance: np.random.Generator) -> dict[str, tuple[Floats, Floats]]:
    """Return latitudes and longitudes of a million positions near airports, and of one anywhere."""
    airports = pl.DataFrame(list(airportsdata.load("IATA").values())).select("lat", "lon")
    near = airports[chance.integers(0, len(airports), POSITION_COUNT)].to_numpy()
    near = near + chance.normal(0, SPREAD_DEGREES, near.shape)
    anywhere = np.degrees(np.arcsin(chance.uniform(-1, 1, POSITION_COUNT)))
    return {
        "around airports": (np.clip(near[:, 0], -90, 90), near[:, 1]),
        "anywhere on earth": (anywhere, chance.uniform(-180, 180, POSITION_COUNT)),
    }


def median_s(action: Callable[[], object]) -> float:
    """Return the median time of several runs."""
    times = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        action()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


if __name__ == "__main__":
    main()
