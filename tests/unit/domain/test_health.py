from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollcall.domain.health import (
    FAILURES_IN_A_ROW,
    FIRST_PAUSE_S,
    LONGEST_PAUSE_S,
    LOST_IN_A_ROW,
    PROBE_PATIENCE_S,
    Health,
)

NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def opened() -> Health:
    health = Health()
    for _ in range(FAILURES_IN_A_ROW):
        health.note_failure(NOW)
    return health


def test_nothing_known_is_trusted() -> None:
    assert (Health().success, Health().is_open(NOW), Health().admit(NOW)) == (1.0, False, True)


@pytest.mark.parametrize(("was_lost", "count"), [(False, FAILURES_IN_A_ROW), (True, LOST_IN_A_ROW)])
def test_opens_after_so_many_failures_and_not_before(count: int, *, was_lost: bool) -> None:
    health = Health()
    for _ in range(count - 1):
        health.note_failure(NOW, was_lost=was_lost)
    assert not health.is_open(NOW)
    health.note_failure(NOW, was_lost=was_lost)
    assert health.is_open(NOW)


@given(st.lists(st.booleans(), min_size=10, max_size=200))
def test_stays_between_nothing_and_everything(results: list[bool]) -> None:
    health = Health()
    for result in results:
        if result:
            health.note_success()
        else:
            health.note_failure(NOW)
        assert 0 <= health.success <= 1


def test_a_route_that_fails_two_of_three_is_never_given_up() -> None:
    health = Health()
    for _ in range(500):
        health.note_failure(NOW)
        health.note_failure(NOW)
        health.note_success()
        assert not health.is_open(NOW)


def test_an_answer_ends_a_row_of_lost_ones() -> None:
    health = Health()
    for _ in range(LOST_IN_A_ROW - 1):
        health.note_failure(NOW, was_lost=True)
    health.note_answer()
    health.note_failure(NOW, was_lost=True)
    assert not health.is_open(NOW)


def test_while_open_nothing_passes_then_one_probe() -> None:
    health = opened()
    assert not health.admit(at(FIRST_PAUSE_S - 0.001))
    assert [health.admit(at(FIRST_PAUSE_S)) for _ in range(3)] == [True, False, False]


def test_pauses_double_up_to_a_limit() -> None:
    health, now_s, pauses = opened(), 0.0, []
    for _ in range(6):
        assert health.open_until
        pauses.append((health.open_until - at(now_s)).total_seconds())
        now_s += pauses[-1]
        assert health.admit(at(now_s))
        health.note_failure(at(now_s))
    assert pauses == [FIRST_PAUSE_S, 10, 20, 40, LONGEST_PAUSE_S, LONGEST_PAUSE_S]


def test_a_success_closes_and_the_next_pause_is_short_again() -> None:
    health = opened()
    health.admit(at(5))
    health.note_failure(at(5))
    health.note_success()
    assert health.is_closed()
    for _ in range(FAILURES_IN_A_ROW):
        health.note_failure(at(9))
    assert health.open_until == at(9 + FIRST_PAUSE_S)


def test_a_probe_that_nobody_reports_on_is_forgotten() -> None:
    health = opened()
    assert health.admit(at(5))
    assert not health.admit(at(5 + PROBE_PATIENCE_S - 1))
    assert health.admit(at(5 + PROBE_PATIENCE_S))


def test_after_a_probe_that_was_not_made_or_shows_nothing_the_next_follows_at_once() -> None:
    health = opened()
    assert health.admit(at(FIRST_PAUSE_S))
    assert not health.admit(at(FIRST_PAUSE_S))
    health.note_nothing()
    assert health.admit(at(FIRST_PAUSE_S))
    health.note_answer()
    assert health.admit(at(FIRST_PAUSE_S))
    assert not health.is_closed()


def test_many_results_at_once_weigh_as_if_they_came_one_by_one() -> None:
    together, single = Health(), Health()
    together.note_failure(NOW, weight=4)
    for _ in range(4):
        single.note_failure(NOW)
    assert together.success == pytest.approx(single.success)
