"""Keys in order, so that those equal to or beginning with a text are found by halving."""

from collections.abc import Iterable
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl

Rows = npt.NDArray[np.uint32]
"""Places of entries in their section, in any order; one may be there twice."""

_LAST_CHARACTER = "\U0010ffff"
"""Never used in text (a noncharacter of Unicode), and greater than all that is."""


class SortedKeys:
    """The keys of a section's entries in the order of their code points, each with its row.

    Args:
        keys: Texts; nulls are left out.
        rows: The row (UInt32) of each.
    """

    def __init__(self, keys: pl.Series, rows: pl.Series) -> None:
        pairs = pl.DataFrame({"key": keys, "row": rows}).drop_nulls().sort("key").rechunk()
        self._keys = pairs["key"]
        self._rows: Rows = pairs["row"].to_numpy()

    def estimate_bytes(self) -> int:
        """Return about how much memory they take."""
        return int(self._keys.estimated_size() + self._rows.nbytes)

    def equal(self, text: str) -> Rows:
        """Return the rows whose key is the text."""
        return self._rows[self._place(text, "left") : self._place(text, "right")]

    def beginning(self, text: str) -> Rows:
        """Return the rows whose key begins with the text."""
        return self._rows[self._place(text, "left") : self._place(text + _LAST_CHARACTER, "right")]

    def _place(self, text: str, side: Literal["left", "right"]) -> int:
        return int(self._keys.search_sorted(text, side))


def mark_any(found: Iterable[Rows], row_count: int) -> npt.NDArray[np.bool_]:
    """Mark the rows that are in any of some lists of them."""
    marks = np.zeros(row_count, dtype=np.bool_)
    for rows in found:
        marks[rows] = True
    return marks


def mark_all(found: Iterable[Rows], row_count: int) -> npt.NDArray[np.bool_]:
    """Mark the rows that are in every one of some lists of them."""
    marks = np.ones(row_count, dtype=np.bool_)
    for rows in found:
        marks &= mark_any([rows], row_count)
    return marks
