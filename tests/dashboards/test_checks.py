"""Looks at drafts go on while pages do: begun once, told once, and anew for another draft."""

from collections.abc import Iterator
from threading import Event
from typing import cast

import pytest

from dashboards.queries.checks import CheckedBy, Checks
from rollcall.desk.composing import CheckedDraft
from rollcall.errors import SourceError

ANA = CheckedBy("Ana", "draft")
FOUND = cast(CheckedDraft, "found")
PATIENCE_S = 60.0


class Slow:
    """A look that takes until it is told to end."""

    def __init__(self) -> None:
        self.count = 0
        self.may_end = Event()

    def __call__(self) -> CheckedDraft:
        self.count += 1
        assert self.may_end.wait(PATIENCE_S)
        return FOUND


@pytest.fixture
def slow() -> Iterator[Slow]:
    slow = Slow()
    yield slow
    slow.may_end.set()


def test_it_is_begun_once_however_often_it_is_asked_for_meanwhile(slow: Slow) -> None:
    checks = Checks(patience_s=0)
    for _ in range(3):
        assert checks.look(ANA, "body", slow) is None
        assert not checks.is_over(ANA)
    slow.may_end.set()
    checks.patience_s = PATIENCE_S
    assert checks.look(ANA, "body", slow) == FOUND
    assert slow.count == 1
    assert checks.is_over(ANA)


def test_what_was_told_is_looked_at_anew_the_next_time(slow: Slow) -> None:
    checks = Checks(patience_s=PATIENCE_S)
    slow.may_end.set()
    for count in (1, 2):
        assert checks.look(ANA, "body", slow) == FOUND
        assert slow.count == count


def test_a_draft_that_was_changed_meanwhile_is_looked_at_as_it_is_now(slow: Slow) -> None:
    checks = Checks(patience_s=0)
    other = cast(CheckedDraft, "another")
    assert checks.look(ANA, "body", slow) is None
    assert checks.look(ANA, "another body", lambda: other) is None
    slow.may_end.set()
    checks.patience_s = PATIENCE_S
    assert checks.look(ANA, "another body", lambda: other) == other


def test_why_it_cannot_be_sent_is_told_once_and_then_tried_again() -> None:
    checks = Checks(patience_s=PATIENCE_S)

    def fail() -> CheckedDraft:
        raise SourceError("people.csv cannot be read")

    with pytest.raises(SourceError, match="cannot be read"):
        checks.look(ANA, "body", fail)
    assert checks.look(ANA, "body", lambda: FOUND) == FOUND
