"""Which bookings meet a travel criterion; hours are after the moment of the selection."""

import polars as pl
import pytest

from rollcall.domain.selection import Period
from rollcall.domain.travel import Direction, find_travellers
from tests.unit.domain.conftest import AS_OF, BOOKINGS, booking, hour

Hours = float | None


def meets(direction: Direction, starts: float, ends: float, from_: Hours, until: Hours) -> bool:
    bookings = pl.DataFrame([booking("ana", starts, ends)], schema=BOOKINGS)
    period = Period(
        from_at=None if from_ is None else hour(from_),
        until_at=None if until is None else hour(until),
    )
    found = find_travellers(bookings, pl.lit(True), period, direction, AS_OF).to_list()
    return found == ["ana"]


@pytest.mark.parametrize(
    ("starts", "ends", "from_", "until", "is_met"),
    [
        # without a period: whatever starts later
        (1, 2, None, None, True),
        (0, 2, None, None, False),
        (-1, 2, None, None, False),
        (0.001, 0.001, None, None, True),
        # overlap at the edges of a half-open period
        (1, 3, 3, 5, False),
        (1, 3.001, 3, 5, True),
        (5, 6, 3, 5, False),
        (4.999, 6, 3, 5, True),
        (1, 9, 3, 5, True),
        # one without length is a moment
        (3, 3, 3, 5, True),
        (5, 5, 3, 5, False),
        (2.999, 2.999, 3, 5, False),
        # half a period: the other half has the default
        (1, 3, None, 1, False),
        (1, 3, None, 1.001, True),
        (1, 3, 3, None, False),
        (1, 3, 2, None, True),
        # a period in the past takes nothing that is still to come
        (1, 2, -9, 0, False),
        (0, 2, -9, 9, False),
        # a period of no length
        (1, 3, 2, 2, True),
        (2, 2, 2, 2, False),
    ],
)
def test_upcoming_travel_starts_later_and_overlaps_the_period(
    starts: float, ends: float, from_: Hours, until: Hours, is_met: bool
) -> None:
    assert meets("upcoming", starts, ends, from_, until) == is_met


@pytest.mark.parametrize(
    ("starts", "ends", "from_", "until", "is_met"),
    [
        # without a period: whatever ended by now
        (-2, -1, None, None, True),
        (-2, 0, None, None, True),
        (-2, 0.001, None, None, False),
        (-1, -1, None, None, True),
        # a moment right now starts where the default period ends
        (0, 0, None, None, False),
        (0, 0, None, 1, True),
        # overlap at the edges of a half-open period
        (-5, -3, -3, -1, False),
        (-5, -2.999, -3, -1, True),
        (-1, -0.5, -3, -1, False),
        (-1.001, -0.5, -3, -1, True),
        (-9, -0.5, -3, -1, True),
        # one without length is a moment
        (-3, -3, -3, -1, True),
        (-1, -1, -3, -1, False),
        # half a period
        (-5, -3, -3, None, False),
        (-5, -3, -4, None, True),
        (-5, -3, None, -5, False),
        (-5, -3, None, -4, True),
        # a period to come takes nothing that is over
        (-2, -1, 0, 9, False),
        (-2, -1, 3, None, False),
    ],
)
def test_past_travel_ended_by_now_and_overlaps_the_period(
    starts: float, ends: float, from_: Hours, until: Hours, is_met: bool
) -> None:
    assert meets("past", starts, ends, from_, until) == is_met


def test_traveller_is_found_once_however_many_bookings_meet() -> None:
    rows = [booking("ana", 1, 2), booking("ana", 1, 2), booking("bo", 2, 3), booking("cy", -2, -1)]
    bookings = pl.DataFrame(rows, schema=BOOKINGS)
    found = find_travellers(bookings, pl.lit(True), Period(), "upcoming", AS_OF)
    assert sorted(found) == ["ana", "bo"]


def test_booking_that_may_or_may_not_go_there_does_not_count() -> None:
    bookings = pl.DataFrame([booking("ana", 1, 2)], schema=BOOKINGS)
    goes_there = pl.col("iata").is_in(["HND"])
    assert find_travellers(bookings, goes_there, Period(), "upcoming", AS_OF).to_list() == []
