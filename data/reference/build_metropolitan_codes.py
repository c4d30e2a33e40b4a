"""Make `metropolitan_codes.csv` from the PyPI package airportsdata (MIT licence).

    python data/reference/build_metropolitan_codes.py            # writes it beside this file
    python data/reference/build_metropolitan_codes.py /tmp/copy  # or into another folder

One row per code, by code: `code`, `airports` (IATA codes, `;` between them, in order), `source`
(`airportsdata`, or `rollcall` for what is kept by hand below). Where a code is an airport's as well
(BKK, IST), that airport is among them. The same version of airportsdata gives the same bytes.
"""

import csv
import sys
from pathlib import Path

import airportsdata

KEPT_BY_HAND = {
    "BUH": ("BBU", "OTP"),  # Bucharest
    "DTT": ("DET", "DTW", "YIP"),  # Detroit
    "EAP": ("BSL", "MLH"),  # Basel, Mulhouse: one airport with a code for each side
    "YMQ": ("YHU", "YMX", "YUL"),  # Montreal
}
"""City codes that carriers use and airportsdata lacks."""


def main(folder: Path) -> None:
    """Put both together and write them into a folder."""
    airports = airportsdata.load("IATA")
    rows = {code: (members, "rollcall") for code, members in KEPT_BY_HAND.items()}
    for code, city in airportsdata.load_iata_macs().items():
        own = {code} & airports.keys()
        rows[code] = (tuple(sorted(own | city["airports"].keys())), "airportsdata")
    if unknown := {iata for members, _ in rows.values() for iata in members} - airports.keys():
        raise ValueError(f"airportsdata knows no {sorted(unknown)}: has an airport closed?")
    with (folder / "metropolitan_codes.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["code", "airports", "source"])
        writer.writerows([code, ";".join(rows[code][0]), rows[code][1]] for code in sorted(rows))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).parent)
