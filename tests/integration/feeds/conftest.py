"""A server for feeds, and a client that reaches loopback whatever proxy the machine has."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from rollcall.sources.feeds.download import open_client
from tests.integration.feeds.feed_server import FeedServer, serve_feeds


class SettableClock:
    """A clock that stands still until it is told to move on."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 23, 6, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment

    def advance(self, **duration: float) -> None:
        self.moment += timedelta(**duration)


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
async def server() -> AsyncIterator[FeedServer]:
    async with serve_feeds() as feeds:
        yield feeds


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with open_client() as opened:
        yield opened
