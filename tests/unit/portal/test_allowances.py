"""Allowances: a burst, then so many a second; memory is bounded."""

from datetime import UTC, datetime, timedelta

import pytest

from rollcall.portal.allowances import Allowance

NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)


def test_a_burst_is_allowed_and_then_it_is_told_when_to_come_again() -> None:
    allowance = Allowance(burst=3, per_s=0.5)
    assert [allowance.take("a", NOW) for _ in range(4)] == [0, 0, 0, 2.0]
    assert allowance.take("a", NOW + timedelta(seconds=1)) == pytest.approx(1.0)
    assert allowance.take("a", NOW + timedelta(seconds=2)) == 0


def test_one_does_not_use_up_what_another_has() -> None:
    allowance = Allowance(burst=1, per_s=1)
    assert (allowance.take("a", NOW), allowance.take("b", NOW)) == (0, 0)
    assert allowance.take("a", NOW) > 0


def test_a_clock_that_is_set_back_takes_nothing_away_for_long() -> None:
    allowance = Allowance(burst=1, per_s=1)
    allowance.take("a", NOW)
    assert allowance.take("a", NOW - timedelta(hours=1)) == pytest.approx(1.0)
    assert allowance.take("a", NOW - timedelta(hours=1) + timedelta(seconds=1)) == 0


def test_it_is_remembered_of_so_many_only() -> None:
    allowance = Allowance(burst=1, per_s=0.001, most=2)
    for who in ("a", "b", "c"):
        assert allowance.take(who, NOW) == 0
    assert allowance.take("c", NOW) > 0
    assert allowance.take("a", NOW) == 0  # forgotten: nothing is held against them
