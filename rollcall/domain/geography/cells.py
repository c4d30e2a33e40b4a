"""A grid over the world: which outlines each cell may hold, so that few points need a real test."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from rollcall.domain.geography.geodesy import Floats

CELL_DEGREES = 0.5
COLUMN_COUNT, ROW_COUNT = int(360 / CELL_DEGREES), int(180 / CELL_DEGREES)

NONE = -1
MIXED = -2

Indices = NDArray[np.int64]


class CellTable(NamedTuple):
    """What is known of every cell; cells are numbered by row from the south-west.

    Attributes:
        sole: The outline that fills the cell alone, `NONE`, or `MIXED`: a point must be tested.
        cells: The mixed cells, in order, once for each outline that touches one.
        outlines: Those outlines, in order within a cell.
    """

    sole: Indices
    cells: Indices
    outlines: Indices

    def list_candidates(self, cells: Indices) -> tuple[Indices, Indices]:
        """Return the outlines of mixed cells: the cell's place in the argument, and the outline."""
        first, last = (np.searchsorted(self.cells, cells, side) for side in ("left", "right"))
        counts = last - first
        places = np.repeat(np.arange(len(cells)), counts)
        offsets = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        return places, self.outlines[np.repeat(first, counts) + offsets]


def number_cells(latitudes: Floats, longitudes: Floats) -> Indices:
    """Return the cell of each point; degrees within ±90 and ±180, edges included."""
    rows = ((latitudes + 90) / CELL_DEGREES).astype(np.int64)
    columns = ((longitudes + 180) / CELL_DEGREES).astype(np.int64)
    cells: Indices = np.minimum(rows, ROW_COUNT - 1) * COLUMN_COUNT
    return cells + np.minimum(columns, COLUMN_COUNT - 1)


def classify_cells(outlines: Sequence[shapely.Polygon]) -> CellTable:
    """Find out which outlines touch which cells.

    Args:
        outlines: Within ±180 and ±90 degrees; prepared, for speed.
    """
    touched = [_list_touched(outline) for outline in outlines]
    cells = np.concatenate([one for one, _ in touched])
    owners = np.repeat(np.arange(len(outlines)), [len(one) for one, _ in touched])
    fills = np.concatenate([one for _, one in touched])
    counts = np.bincount(cells, minlength=ROW_COUNT * COLUMN_COUNT)
    sole = np.where(counts > 0, MIXED, NONE)
    is_sole = fills & (counts[cells] == 1)
    sole[cells[is_sole]] = owners[is_sole]
    mixed, owners = cells[~is_sole], owners[~is_sole]
    order = np.lexsort((owners, mixed))
    return CellTable(sole, mixed[order], owners[order])


def _list_touched(outline: shapely.Polygon) -> tuple[Indices, NDArray[np.bool_]]:
    """Return the cells that an outline touches, and whether it fills each."""
    west, south, east, north = outline.bounds
    corners = number_cells(np.array([south, north]), np.array([west, east]))
    (low, high), (left, right) = corners // COLUMN_COUNT, corners % COLUMN_COUNT
    # the cell before an edge that it ends on is left out: a point there has the number of this one
    rows, columns = np.arange(low, high + 1), np.arange(left, right + 1)
    cells = (rows[:, None] * COLUMN_COUNT + columns).ravel()
    x = cells % COLUMN_COUNT * CELL_DEGREES - 180
    y = cells // COLUMN_COUNT * CELL_DEGREES - 90
    squares = shapely.box(x, y, x + CELL_DEGREES, y + CELL_DEGREES)
    is_touched = shapely.intersects(outline, squares)
    cells, squares = cells[is_touched], squares[is_touched]
    return cells, shapely.contains_properly(outline, squares)
