"""The intake by itself: few commits for many callbacks, a bound on memory, nobody left waiting."""

import asyncio
import threading
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from rollcall.clock import SystemClock
from rollcall.domain.receipts import Receipt
from rollcall.errors import LedgerError
from rollcall.ledger.arrivals import Arrival
from rollcall.ledger.patience import PATIENCE
from rollcall.portal.grouping import GROUP_ROWS, MOST_WAITING_ROWS
from rollcall.portal.intake import Intake


class HurriedClock:
    """A clock on which patience is over every time that one looks."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 23, 6, tzinfo=UTC)

    def now(self) -> datetime:
        self.moment += PATIENCE
        return self.moment


class Recorder:
    """Notes what is committed; can be held up, and refuses the reference `poison`."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.may_go_on = threading.Event()
        self.may_go_on.set()

    @property
    def references(self) -> list[str]:
        return [one for group in self.groups for one in group]

    def __call__(self, arrivals: Sequence[Arrival]) -> None:
        assert self.may_go_on.wait(30)
        references = [str(one.reference) for arrival in arrivals for one in arrival.receipts]
        if "poison" in references:
            raise ValueError("the values of +12025550100 cannot be stored")
        self.groups.append(references)


def an_arrival(*references: str) -> Arrival:
    return Arrival("alpha", tuple(Receipt("delivered", one) for one in references))


async def test_many_callbacks_are_few_commits() -> None:
    recorder = Recorder()
    async with Intake(recorder, SystemClock(), 30) as intake:
        await asyncio.gather(*(intake.take(an_arrival(f"a-{n}")) for n in range(2_000)))
    assert sorted(recorder.references) == sorted(f"a-{n}" for n in range(2_000))
    assert len(recorder.groups) <= 2_000 // GROUP_ROWS + 2
    assert max(map(len, recorder.groups)) <= GROUP_ROWS


async def test_what_cannot_be_stored_fails_alone() -> None:
    recorder = Recorder()
    names = ["a-1", "poison", "a-2", "a-3"]
    async with Intake(recorder, SystemClock(), 30) as intake:
        answers = await asyncio.gather(
            *(intake.take(an_arrival(one)) for one in names), return_exceptions=True
        )
    assert [isinstance(one, LedgerError) for one in answers] == [False, True, False, False]
    assert sorted(recorder.references) == ["a-1", "a-2", "a-3"]


async def test_memory_is_bounded_while_the_ledger_does_not_answer() -> None:
    recorder = Recorder()
    recorder.may_go_on.clear()
    half = an_arrival(*(f"a-{n}" for n in range(MOST_WAITING_ROWS // 2)))
    async with Intake(recorder, SystemClock(), 0.05) as intake:
        for _ in range(2):
            with pytest.raises(LedgerError, match="takes too long"):
                await intake.take(half)
        with pytest.raises(LedgerError, match="too many"):
            await intake.take(an_arrival("a-1"))
        recorder.may_go_on.set()
        async with asyncio.timeout(20):
            while len(recorder.groups) < 2:  # noqa: ASYNC110 - told by nobody: both have gone
                await asyncio.sleep(0.01)
            while True:
                try:
                    await intake.take(an_arrival("a-1"))
                except LedgerError:
                    continue
                break
    assert recorder.groups[2] == ["a-1"]


async def test_when_patience_ends_it_is_told_and_the_next_is_taken() -> None:
    failures = [LedgerError("the ledger does not answer")] * 2
    kept: list[Arrival] = []

    def record(arrivals: Sequence[Arrival]) -> None:
        if failures:
            raise failures.pop()
        kept.extend(arrivals)

    async with Intake(record, HurriedClock(), 30) as intake:
        for _ in range(2):
            with pytest.raises(LedgerError, match="does not answer"):
                await intake.take(an_arrival("a-1"))
        await intake.take(an_arrival("a-2"))
    assert kept == [an_arrival("a-2")]


async def test_who_goes_away_does_not_disturb_the_others() -> None:
    recorder = Recorder()
    recorder.may_go_on.clear()
    async with Intake(recorder, SystemClock(), 30) as intake:
        takes = [asyncio.create_task(intake.take(an_arrival(one))) for one in ("a-1", "a-2")]
        await asyncio.sleep(0)  # both have asked
        takes[0].cancel()
        recorder.may_go_on.set()
        await takes[1]
    assert "a-2" in recorder.references


async def test_nothing_to_record_needs_no_commit() -> None:
    recorder = Recorder()
    async with Intake(recorder, SystemClock()) as intake:
        await intake.take(an_arrival())
    assert recorder.groups == []


async def test_the_fault_is_logged_without_what_it_says(caplog: pytest.LogCaptureFixture) -> None:
    async with Intake(Recorder(), SystemClock()) as intake:
        with pytest.raises(LedgerError) as told:
            await intake.take(an_arrival("poison"))
    assert "+12025550100" not in f"{caplog.text}{told.value}"
    assert [(one.route_id, one.fault) for one in caplog.records] == [("alpha", "ValueError")]  # type: ignore[attr-defined] # extra
