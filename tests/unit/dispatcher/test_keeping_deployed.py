"""Deployments that cannot be made are told of, and made as soon as they can be."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from rollcall.dispatcher import keeping_deployed
from rollcall.dispatcher.keeping_deployed import LATE_AFTER_S, Deploying, Tell
from rollcall.errors import ConfigError

Try = Callable[[], bool]


def fails(error: Exception) -> Try:
    def attempt() -> bool:
        raise error

    return attempt


def pool_that(*, answers: bool, since_s_ago: float) -> Any:
    since = time.monotonic() - since_s_ago
    return SimpleNamespace(answers=answers, since=since, has_pool=True)


class Server:
    """Answers or not, and lets deployments be made as it is told to, then at last."""

    def __init__(self, *tries: Try, answers: bool = True, since_s_ago: float = 0.0) -> None:
        pool = pool_that(answers=answers, since_s_ago=since_s_ago)
        self.tries = list(tries)
        self.told: list[str] = []
        self.states: list[str] = []
        self.made = asyncio.Event()
        self.deploying = Deploying(pool, self.told.append, self.make, self.forget)

    async def forget(self) -> None:
        self.states.append("forgotten")

    async def make(self, _: Tell) -> bool:
        self.states.append(self.deploying.state)
        was_needed = self.tries.pop(0)() if self.tries else True
        self.deploying.pool.has_pool = True
        self.made.set()
        return was_needed

    async def states_until_made(self) -> list[str]:
        async with self.working():
            await asyncio.wait_for(self.made.wait(), 10)
        return [*self.states, self.deploying.state]

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.deploying.work())
        yield
        await asyncio.sleep(0)  # what was made is noted
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping_deployed, "DEPLOY_AGAIN_S", 0.0)


async def test_deployments_that_are_there_are_made_and_nothing_is_said() -> None:
    server = Server(lambda: False)
    assert await server.states_until_made() == ["pending", "made"]
    assert server.told == []


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (ConfigError("prefect.yaml is no YAML"), "prefect.yaml is no YAML"),
        (OSError("the folder"), "OSError, although Prefect answers"),
    ],
)
async def test_one_that_goes_on_failing_is_said_once_and_counts_from_the_second_time_on(
    error: Exception, why: str
) -> None:
    server = Server(*[fails(error)] * 3)
    states = await server.states_until_made()
    assert states == ["pending", "pending", "failing", "failing", "made"]
    assert server.told == [
        f"not deployed, so that no schedule and no reminder runs: {why}",
        "the deployments of prefect.yaml are in Prefect",
    ]


async def test_that_the_server_is_away_is_no_fault_of_the_deployments() -> None:
    server = Server(*[fails(OSError())] * 3, answers=False, since_s_ago=2 * LATE_AFTER_S)
    assert await server.states_until_made() == [*["pending"] * 4, "made"]
    assert server.told == ["the deployments of prefect.yaml are in Prefect"]


async def test_deployments_that_get_lost_with_prefects_database_are_made_anew() -> None:
    server = Server(since_s_ago=2 * LATE_AFTER_S)
    async with server.working():
        await asyncio.wait_for(server.made.wait(), 10)
        server.made.clear()
        server.deploying.pool.has_pool = False
        await asyncio.wait_for(server.made.wait(), 10)
    assert server.states == ["failing", "forgotten", "pending"]
    assert server.deploying.state == "made"
    assert "the work pool is gone from Prefect" in server.told[1]


async def test_a_try_that_does_not_end_counts_as_failing_in_the_end() -> None:
    server = Server(since_s_ago=LATE_AFTER_S + 1)
    assert server.deploying.state == "failing"
