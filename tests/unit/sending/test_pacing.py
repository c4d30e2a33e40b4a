from datetime import UTC, datetime, timedelta

import pytest

from rollcall.sending.pacing import Pace

NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def test_without_a_limit_nobody_waits() -> None:
    pace = Pace(None)
    assert pace.is_free(NOW)
    assert [pace.reserve(NOW) for _ in range(1000)] == [0.0] * 1000


def test_places_are_handed_out_at_the_rate_and_never_in_a_burst() -> None:
    pace = Pace(10.0)
    assert [pace.reserve(NOW) for _ in range(4)] == pytest.approx([0.0, 0.1, 0.2, 0.3])


def test_time_that_nobody_used_is_not_saved_up() -> None:
    pace = Pace(10.0)
    pace.reserve(NOW)
    assert [pace.reserve(at(60)) for _ in range(2)] == pytest.approx([0.0, 0.1])


def test_a_share_is_a_part_of_the_rate_from_the_next_place_on() -> None:
    pace = Pace(10.0)
    pace.reserve(NOW)
    pace.share = 0.5
    assert [pace.reserve(NOW) for _ in range(3)] == pytest.approx([0.1, 0.3, 0.5])


def test_a_request_for_patience_closes_for_so_long_and_is_never_shortened() -> None:
    pace = Pace(None)
    pace.close_for(30, NOW)
    pace.close_for(1, at(1))
    assert not pace.is_free(at(29))
    assert pace.reserve(at(10)) == pytest.approx(20.0)
    assert pace.is_free(at(30))
