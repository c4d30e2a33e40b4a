"""What the ledger tells of a dispatcher is what it last saw of Prefect."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from rollcall.clock import SystemClock
from rollcall.dispatcher import service
from rollcall.dispatcher.pool_side import PoolSide
from rollcall.dispatcher.service import DispatcherWork
from rollcall.ledger.dispatchers import list_dispatchers
from rollcall.ledger.engine import Ledger
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
    app: Any = SimpleNamespace(clock=SystemClock(), ledger=ledger)
    with temporary_settings({PREFECT_API_URL: "http://127.0.0.1:9/api"}):
        work = DispatcherWork(app, lambda _: None)
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
