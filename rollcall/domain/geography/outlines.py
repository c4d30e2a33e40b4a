"""The country of a position: whose outline holds it, else the nearest (contract §2)."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import polars as pl
import shapely

from rollcall.domain.geography.boundary import Boundary
from rollcall.domain.geography.cells import MIXED, NONE, Indices, classify_cells, number_cells
from rollcall.domain.geography.geodesy import POLE_DEGREES, SEAM_DEGREES, Floats, wrap_longitudes

NEAREST_WITHIN_M = 25_000.0
"""The contract's limit for a position that no outline holds."""


class CountryIndex:
    """Outlines of countries, made ready for millions of positions.

    Args:
        codes: The country of each outline, ISO 3166-1 alpha-2 or XK.
        outlines: WGS 84 degrees within ±180 and ±90; a country may have many.
    """

    def __init__(self, codes: Sequence[str], outlines: Sequence[shapely.Polygon]) -> None:
        # the first outline that holds a point wins, so that of two it is the smaller code's
        order = sorted(range(len(codes)), key=lambda index: codes[index])
        # the null at the end is where NONE, -1, points to
        self._codes = pl.Series([*(codes[index] for index in order), None], dtype=pl.String)
        self._outlines = [outlines[index] for index in order]
        shapely.prepare(self._outlines)
        self._cells = classify_cells(self._outlines)

    @cached_property
    def _boundary(self) -> Boundary:
        return Boundary(self._outlines)

    def countries_at(self, latitudes: Floats, longitudes: Floats) -> pl.Series:
        """Return the country of each position (String), null in no country or nowhere.

        A position on the border of several countries, or equally near to several, is in that of the
        smallest code.

        Args:
            latitudes: Degrees; NaN where unknown.
            longitudes: Degrees, on any turn; NaN where unknown.
        """
        is_somewhere = np.isfinite(longitudes) & (np.abs(latitudes) <= POLE_DEGREES)
        known = np.flatnonzero(is_somewhere)
        found = np.full(len(latitudes), NONE)
        found[known] = self._find(latitudes[known], wrap_longitudes(longitudes[known]))
        return self._codes[found].alias("country")

    def _find(self, latitudes: Floats, longitudes: Floats) -> Indices:
        found = self._find_holding(latitudes, longitudes)
        seam = np.flatnonzero(longitudes == -SEAM_DEGREES)
        if len(seam):
            # 180 and -180 are the same place, and outlines are cut there
            other = self._find_holding(latitudes[seam], -longitudes[seam])
            found[seam] = _first_of(found[seam], other)
        lost = np.flatnonzero(found == NONE)
        within_m = np.full(len(lost), NEAREST_WITHIN_M)
        nearest = self._boundary.find_nearest(latitudes[lost], longitudes[lost], within_m)
        found[lost] = nearest.owners
        return found

    def _find_holding(self, latitudes: Floats, longitudes: Floats) -> Indices:
        """Return the first outline that holds each point, `NONE` where none does."""
        cells = number_cells(latitudes, longitudes)
        found = self._cells.sole[cells]
        mixed = np.flatnonzero(found == MIXED)
        found[mixed] = NONE
        places, candidates = self._cells.list_candidates(cells[mixed])
        points = mixed[places]
        order = np.argsort(candidates, kind="stable")
        present, starts = np.unique(candidates[order], return_index=True)
        ends = np.append(starts, len(order))[1:]
        for outline, start, end in zip(present, starts, ends, strict=True):
            asked = points[order[start:end]]
            left = asked[found[asked] == NONE]
            is_held = shapely.intersects_xy(
                self._outlines[outline], longitudes[left], latitudes[left]
            )
            found[left[is_held]] = outline
        return found


def _first_of(some: Indices, others: Indices) -> Indices:
    """Return the smaller of each two indices, where both are something."""
    smaller = np.minimum(some, others)
    return np.where(smaller == NONE, np.maximum(some, others), smaller)
