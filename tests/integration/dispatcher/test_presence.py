"""What a dispatcher tells of itself: in the ledger, and where its health is asked."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from rollcall.clock import SystemClock
from rollcall.dispatcher import ledger_side, service
from rollcall.dispatcher.keeping_deployed import LATE_AFTER_S
from rollcall.dispatcher.pool_side import PoolSide
from rollcall.dispatcher.service import DispatcherWork
from rollcall.ledger.dispatchers import list_dispatchers
from rollcall.ledger.engine import Ledger
from tests.integration.ledger.outages import outage_of
from tests.integration.sending.sends import until


class Server:
    """A Prefect client whose server is there or not; nothing is due."""

    answers = False

    async def get_scheduled_flow_runs_for_work_pool(self, *_: Any, **__: Any) -> list[Any]:
        if not self.answers:
            raise httpx.ConnectError("refused")
        return []


async def test_that_prefect_answers_or_went_away_is_told_at_once(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "SEEN_EVERY_S", 3600.0)  # by itself it tells nothing more
    with temporary_settings({PREFECT_API_URL: "http://127.0.0.1:9/api"}):
        work = DispatcherWork(_app_of(ledger), lambda _: None)
    pool, server = work._pool, Server()
    assert isinstance(pool, PoolSide)
    telling = asyncio.create_task(work._say_present_for_ever())
    try:
        await until(_tells(ledger, "away"))
        for server.answers, told in ((True, "answers"), (False, "away"), (True, "answers")):
            await pool._look(server)  # type: ignore[arg-type]
            await until(_tells(ledger, told))
    finally:
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)


def _tells(ledger: Ledger, told: str) -> Callable[[], bool]:
    return lambda: [one.prefect for one in list_dispatchers(ledger)] == [told]


async def test_dispatcher_is_ill_while_the_ledger_does_not_answer_and_well_again_after(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "LEDGER_LATE_S", 1.0)
    monkeypatch.setattr(ledger_side, "LOOK_EVERY_S", 0.05)
    app = _app_of(ledger)
    work = DispatcherWork(app, lambda _: None)
    looking = asyncio.create_task(work._ledger.work())

    async def is_well() -> bool:
        return (await work.check()).is_well

    try:
        assert await is_well()
        with outage_of(ledger, "messages"):
            await _until_so(is_well, wanted=False)
        await _until_so(is_well, wanted=True)
        facts = (await work.check()).facts
        assert (facts["prefect"], facts["deployments"]) == (None, None)
    finally:
        app.steps.stopping.set()
        await asyncio.wait_for(looking, 30)
    assert not await is_well()  # it ends


async def test_deployments_that_cannot_be_made_make_it_ill_and_stand_in_the_ledger(
    ledger: Ledger,
) -> None:
    with temporary_settings({PREFECT_API_URL: "http://127.0.0.1:9/api"}):
        work = DispatcherWork(_app_of(ledger), lambda _: None)
    pool, deploying = work._pool, work._deploying
    assert pool is not None
    assert deploying is not None
    assert (await work.check()).is_well  # that Prefect is away is no illness
    pool._note(answers=True)
    assert (await work.check()).is_well
    assert work._describe().prefect == "answers"
    pool.since -= LATE_AFTER_S + 1
    told = await work.check()
    assert (told.is_well, told.facts["deployments"]) == (False, "failing")
    assert work._describe().prefect == "undeployed"
    deploying.is_made = True
    assert (await work.check()).is_well
    assert work._describe().prefect == "answers"


async def _until_so(ask: Callable[[], Awaitable[bool]], *, wanted: bool) -> None:
    async with asyncio.timeout(30):
        while await ask() is not wanted:  # noqa: ASYNC110 - nothing rings for it
            await asyncio.sleep(0.01)


def _app_of(ledger: Ledger) -> Any:
    settings = SimpleNamespace(data_dir=Path("data"))
    steps = SimpleNamespace(stopping=asyncio.Event())
    return SimpleNamespace(clock=SystemClock(), ledger=ledger, settings=settings, steps=steps)
