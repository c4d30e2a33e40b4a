"""Which bookings meet a travel criterion: upcoming or past, within a period (contract §3)."""

from datetime import datetime
from typing import Literal

import polars as pl

from rollcall.domain.selection import Period

Direction = Literal["upcoming", "past"]


def find_travellers(
    bookings: pl.DataFrame,
    goes_there: pl.Expr,
    period: Period,
    direction: Direction,
    as_of: datetime,
) -> pl.Series:
    """Return the ids of people with a booking that meets a travel criterion.

    The arguments are those of `find_bookings`.
    """
    is_met = _meets(goes_there, period, direction, as_of)
    found = bookings.lazy().filter(is_met).select("person_id").unique()
    return found.collect()["person_id"]


def find_bookings(
    bookings: pl.DataFrame,
    goes_there: pl.Expr,
    period: Period,
    direction: Direction,
    as_of: datetime,
) -> pl.DataFrame:
    """Return the bookings that meet a travel criterion.

    Args:
        bookings: As in `World.bookings`.
        goes_there: Whether a booking leads to where the criterion says.
        period: When; half open, with the contract's defaults for what is not given.
        direction: Upcoming starts after `as_of`, past ended by then.
        as_of: The moment of the selection, aware.
    """
    return bookings.filter(_meets(goes_there, period, direction, as_of))


def _meets(goes_there: pl.Expr, period: Period, direction: Direction, as_of: datetime) -> pl.Expr:
    if direction == "upcoming":
        is_meant = pl.col("starts_at") > as_of
        return is_meant & goes_there & _overlaps(period.from_at or as_of, period.until_at)
    is_meant = pl.col("ends_at") <= as_of
    return is_meant & goes_there & _overlaps(period.from_at, period.until_at or as_of)


def _overlaps(from_at: datetime | None, until_at: datetime | None) -> pl.Expr:
    """Return whether a booking overlaps `[from_at, until_at)`; one without length is a moment."""
    starts_at, ends_at = pl.col("starts_at"), pl.col("ends_at")
    overlaps = pl.lit(True)
    if from_at is not None:
        is_moment = starts_at == ends_at
        overlaps &= (ends_at > from_at) | (is_moment & (starts_at >= from_at))
    if until_at is not None:
        overlaps &= starts_at < until_at
    return overlaps
