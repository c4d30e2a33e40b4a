"""Which of many due runs a dispatcher asks for first."""

import asyncio
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

from prefect.client.schemas.objects import FlowRun

from rollcall.clock import SystemClock
from rollcall.dispatcher.pool_side import ANSWER_WITHIN_S, MOST_CLAIMS, PoolSide

NOW = datetime(2026, 11, 27, 3, 0, tzinfo=UTC)


class RecordingSide(PoolSide):
    """Writes down what it asks for; each claim takes until it is let go."""

    asked: list[UUID]
    go_on: asyncio.Event

    async def _run(self, _client: Any, flow_run: FlowRun) -> None:
        self.asked.append(flow_run.id)
        await self.go_on.wait()


def due_run(late_min: int) -> FlowRun:
    at = NOW - timedelta(minutes=late_min)
    return FlowRun(id=uuid4(), flow_id=uuid4(), next_scheduled_start_time=at)


def make_side() -> RecordingSide:
    app: Any = SimpleNamespace(clock=SystemClock())
    side = RecordingSide(app, {}, "d1", lambda _: None)
    side.asked, side.go_on = [], asyncio.Event()
    return side


class Due:
    """A Prefect client that has these runs due."""

    def __init__(self, runs: list[FlowRun]) -> None:
        self.runs = runs

    async def get_scheduled_flow_runs_for_work_pool(self, *_: Any, **__: Any) -> list[Any]:
        return [SimpleNamespace(flow_run=one) for one in self.runs]


async def look(side: RecordingSide, client: Any) -> list[UUID]:
    before = len(side.asked)
    await side._look(client)
    await asyncio.sleep(0)
    return side.asked[before:]


async def test_the_latest_are_asked_for_first_and_few_at_once() -> None:
    side, runs = make_side(), [due_run(late_min) for late_min in (50, 3, 40, 1, 30, 2, 20)]
    by_lateness = [runs[index].id for index in (3, 5, 1, 6, 4, 2, 0)]
    assert await look(side, Due(runs)) == by_lateness[:MOST_CLAIMS]
    assert await look(side, Due(runs)) == []
    click = due_run(0)
    side.go_on.set()
    await asyncio.gather(*side.running.values())
    side.go_on.clear()
    left = [one for one in runs if one.id not in by_lateness[:MOST_CLAIMS]]
    assert await look(side, Due([*left, click])) == [click.id, *by_lateness[MOST_CLAIMS:]]
    side.go_on.set()


async def test_runs_that_nobody_is_given_do_not_hold_up_the_others() -> None:
    side, runs = make_side(), [due_run(late_min) for late_min in range(MOST_CLAIMS + 1)]
    side.go_on.set()
    assert await look(side, Due(runs)) == [one.id for one in runs[:MOST_CLAIMS]]
    await asyncio.sleep(0)
    assert (await look(side, Due(runs)))[0] == runs[-1].id


async def test_what_nobody_is_given_is_not_looked_for_at_once_again() -> None:
    side, runs = make_side(), [due_run(late_min) for late_min in range(MOST_CLAIMS + 1)]
    side.go_on.set()
    rings = []
    for _ in range(5):
        await look(side, Due(runs))
        await asyncio.gather(*side.running.values())
        rings.append(await side._bell.wait(0.01))
    assert rings == [True, False, False, False, False]


async def test_a_claim_without_an_answer_makes_room_for_others() -> None:
    side, runs = make_side(), [due_run(late_min) for late_min in range(2 * MOST_CLAIMS)]
    assert len(await look(side, Due(runs))) == MOST_CLAIMS
    await asyncio.sleep(ANSWER_WITHIN_S + 0.1)
    assert await look(side, Due(runs)) == [one.id for one in runs[MOST_CLAIMS:]]
    side.go_on.set()
