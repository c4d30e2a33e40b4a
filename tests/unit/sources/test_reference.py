import csv
import runpy
import sys
from pathlib import Path

import airportsdata
import numpy as np
import polars as pl
import pycountry
import pytest
import shapely

from rollcall.domain.countries import is_country_code, load_country_names
from rollcall.errors import SelectionError
from rollcall.sources.airports import load_airports
from rollcall.sources.reference import (
    COUNTRIES_PARQUET,
    METROPOLITAN_CSV,
    RECEIPT_LEVELS_CSV,
    REFERENCE,
    load_airport_codes,
    load_carrier_only_countries,
    load_country_index,
    load_settled_airports,
)

with RECEIPT_LEVELS_CSV.open(encoding="utf-8", newline="") as file:
    RECEIPT_LEVELS = list(csv.DictReader(file))


def country_at(latitude: float, longitude: float) -> str | None:
    found = load_country_index().countries_at(np.array([latitude]), np.array([longitude]))
    country: str | None = found[0]
    return country


def settled_country(iata: str) -> str:
    settled = load_settled_airports().filter(pl.col("iata") == iata)
    return str(settled["country"].item())


def test_every_country_has_an_outline() -> None:
    countries = pl.read_parquet(COUNTRIES_PARQUET)["country"]
    assert set(countries) == set(load_country_names())
    assert len(set(countries)) == len(pycountry.countries) + 1


def test_every_outline_has_its_own_country() -> None:
    outlines = pl.read_parquet(COUNTRIES_PARQUET, columns=["country", "geometry"])
    inside = shapely.point_on_surface(shapely.from_wkb(outlines["geometry"].to_numpy()))
    found = load_country_index().countries_at(shapely.get_y(inside), shapely.get_x(inside))
    assert found.to_list() == outlines["country"].to_list()


def test_the_country_of_an_airport_s_position_is_right() -> None:
    airports = load_airports()
    found = load_country_index().countries_at(
        airports["latitude"].to_numpy(), airports["longitude"].to_numpy()
    )
    share = (found == load_settled_airports()["country"]).sum() / len(found)
    assert share >= 0.998
    assert found.null_count() == 0


@pytest.mark.parametrize(
    ("latitude", "longitude", "country"),
    [
        (35.68, 139.77, "JP"),
        (21.03, 105.85, "VN"),  # Hanoi, which tables of time zones place in Thailand
        (42.66, 21.17, "XK"),
        (18.45, -66.07, "PR"),
        (44.95, 34.1, "UA"),  # Simferopol
        (35.34, 33.32, "CY"),  # Kyrenia
        (34.59, 32.99, "CY"),  # Akrotiri
        (27.15, -13.2, "EH"),  # Laayoune
        (28.43, -11.1, "MA"),  # Tan-Tan
        (21.95, 33.74, "EG"),  # Bir Tawil, no state's: the nearest country
        (64.73, 177.5, "RU"),
        (65.5, -175.0, "RU"),
        (-90.0, 0.0, "AQ"),
        (-40.0, -120.0, None),
    ],
)
def test_places_are_where_they_are(latitude: float, longitude: float, country: str | None) -> None:
    assert country_at(latitude, longitude) == country


@pytest.mark.parametrize(
    ("iata", "country"),
    [
        ("SJU", "PR"),
        ("STT", "VI"),
        ("MHQ", "AX"),
        ("LYR", "SJ"),
        ("MIA", "US"),
        ("HEL", "FI"),
        ("OSL", "NO"),
        ("LUX", "LU"),  # airportsdata's position for it is in France
    ],
)
def test_a_booking_and_a_report_from_an_airport_agree(iata: str, country: str) -> None:
    assert settled_country(iata) == country


def test_metropolitan_codes_stand_for_airports_that_exist() -> None:
    codes = load_airport_codes()
    assert codes.expand_codes(["LON"], "codes") >= {"LON", "LHR", "LGW", "LCY", "STN", "LTN"}
    assert codes.expand_codes(["JNB"], "codes") >= {"JNB"}
    members = set().union(*codes.metropolitan.values())
    assert members <= codes.airports
    assert codes.metropolitan.keys() >= airportsdata.load_iata_macs().keys()


def test_an_unknown_airport_is_refused() -> None:
    with pytest.raises(SelectionError, match="'XXQ'"):
        load_airport_codes().expand_codes(["XXQ"], "codes")


def test_the_script_makes_the_metropolitan_codes_that_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = REFERENCE / "build_metropolitan_codes.py"
    monkeypatch.setattr(sys, "argv", [str(script), str(tmp_path)])
    runpy.run_path(str(script), run_name="__main__")
    assert (tmp_path / METROPOLITAN_CSV.name).read_bytes() == METROPOLITAN_CSV.read_bytes()


@pytest.mark.parametrize("row", RECEIPT_LEVELS, ids=lambda row: row["country"])
def test_every_level_of_receipts_has_a_country_and_says_where_it_is_from(
    row: dict[str, str],
) -> None:
    assert is_country_code(row["country"])
    assert row["level"] == "carrier"
    assert row["note"]
    for source in row["source"].split(" | "):
        title, _, address = source.rpartition(", ")
        assert title
        assert address.startswith("https://")


def test_no_country_has_two_levels_of_receipts() -> None:
    countries = [row["country"] for row in RECEIPT_LEVELS]
    assert countries == sorted(set(countries))


def test_countries_without_handset_receipts_are_the_listed_ones() -> None:
    countries = load_carrier_only_countries()
    assert countries == {row["country"] for row in RECEIPT_LEVELS}
    assert {"US", "CA", "PR"} <= countries
    assert {"SE", "GB", "JP"} & countries == set()
