"""Airports: which codes there are, what a metropolitan code stands for, whose country one is in."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from rollcall.errors import SelectionError

FILED_UNDER = {"PR": "US", "VI": "US", "AX": "FI", "SJ": "NO"}
"""Territories with an ISO code of their own that airportsdata files under another country's."""


@dataclass(frozen=True, slots=True)
class AirportCodes:
    """The codes that a criterion may name.

    Attributes:
        airports: Every airport's IATA code.
        metropolitan: The airports that each metropolitan code stands for; some of these codes
            (BKK, IST) are an airport's as well.
    """

    airports: frozenset[str]
    metropolitan: Mapping[str, frozenset[str]]

    def expand_codes(self, codes: Iterable[str], where: str) -> frozenset[str]:
        """Return all that a booking's `iata` may be to match one of the codes.

        A code stands for itself, for bookings name cities as well, and a metropolitan code for all
        its airports besides.

        Args:
            codes: Airports' or metropolitan codes, in capitals.
            where: How they are called in a mistake's sentence.

        Raises:
            SelectionError: Names the first code that is neither.
        """
        expanded: set[str] = set()
        for code in codes:
            if code not in self.airports and code not in self.metropolitan:
                raise SelectionError(f"selection: {where}: unknown airport code {code!r}")
            expanded |= {code} | self.metropolitan.get(code, frozenset())
        return frozenset(expanded)


def settle_countries(stated: pl.Series, outlined: pl.Series) -> pl.Series:
    """Return the country of each airport, so that who lands there and who reports there agree.

    It is the stated one, except in territories that are filed under another country's code: there a
    report's position says PR, and a booking that says US would make a Puerto Rican be away at home.
    Anything else that differs is an error of outline or position, and what is stated is right.

    Args:
        stated: The country that the list of airports gives.
        outlined: The country whose outline holds the airport; null where none does.
    """
    filed_under = outlined.replace_strict(FILED_UNDER, default=None, return_dtype=pl.String)
    return outlined.zip_with((filed_under == stated).fill_null(value=False), stated)
