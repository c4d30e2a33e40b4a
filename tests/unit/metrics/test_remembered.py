from datetime import UTC, datetime, timedelta

import pytest

from rollcall.metrics.remembered import KEPT_S, Remembered


class HandClock:
    def __init__(self) -> None:
        self.at = datetime(2026, 11, 23, 6, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at


def test_answer_is_asked_for_once_while_it_is_fresh() -> None:
    clock, asked = HandClock(), iter(range(10))
    remembered = Remembered(lambda: next(asked), clock)
    assert [remembered.get(), remembered.get()] == [0, 0]
    clock.at += timedelta(seconds=KEPT_S + 0.5)
    assert remembered.get() == 1


def test_question_that_fails_is_asked_again_and_its_old_answer_is_not_told() -> None:
    clock, answers = HandClock(), iter([1, None, 3])

    def ask() -> int:
        answer = next(answers)
        if answer is None:
            raise LookupError
        return answer

    remembered = Remembered(ask, clock)
    assert remembered.get() == 1
    clock.at += timedelta(seconds=KEPT_S + 0.5)
    with pytest.raises(LookupError):
        remembered.get()
    assert remembered.get() == 3
