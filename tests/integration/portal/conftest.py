"""A portal in this process, with a ledger and a provider of its own."""

import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import func, select

from rollcall.clock import SystemClock
from rollcall.ledger.engine import Ledger
from rollcall.ledger.tables import Receipt as ReceiptRow
from rollcall.portal.app import make_app
from rollcall.portal.intake import Intake
from rollcall.portal.reception import Caller
from rollcall.wiring import build_arrivals_recorder
from tests.integration.portal.member import SetClock, visiting
from tests.integration.portal.processes import PortalProcess, running
from tests.integration.portal.scripted import (
    PUBLIC_URL,
    SECRET,
    ScriptedRoute,
    report_body,
    sign,
)

PATIENCE_S = 30.0
"""How long a provider waits here; the machine may be busy with other tests."""

HASTY_S = 0.3
"""How long one waits that is to see a 503."""


@dataclass(frozen=True)
class Provider:
    """The provider of route `alpha`, which calls the portal."""

    http: httpx.AsyncClient

    async def call(
        self,
        body: bytes = b"",
        path: str = f"/receipts/alpha/{SECRET}",
        method: str = "POST",
        age_s: float = 0.0,
        **headers: str,
    ) -> httpx.Response:
        """Make a callback, signed as it should be; `headers` win over what would be sent."""
        signed = sign(PUBLIC_URL + path, body, SystemClock().now() - timedelta(seconds=age_s))
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {"content-type": "application/json"} | signed | named
        return await self.http.request(method, path, content=body, headers=sent)

    async def report(self, *references: str, **more: Any) -> httpx.Response:
        """Report that attempts were delivered."""
        return await self.call(report_body(references), **more)


@pytest.fixture
async def provider(ledger: Ledger) -> AsyncIterator[Provider]:
    """A provider, and the portal that it calls."""
    async with running_portal(ledger, PATIENCE_S) as provider:
        yield provider


@pytest.fixture
async def hasty_provider(ledger: Ledger) -> AsyncIterator[Provider]:
    """A provider whose portal does not wait for long."""
    async with running_portal(ledger, HASTY_S) as provider:
        yield provider


@asynccontextmanager
async def running_portal(ledger: Ledger, patience_s: float) -> AsyncIterator[Provider]:
    """Run a portal for route `alpha`, and for `patient`, whose repeats keep their signature."""
    clock = SystemClock()
    intake = Intake(build_arrivals_recorder(ledger, clock), clock, answer_within_s=patience_s)
    routes = (ScriptedRoute(), ScriptedRoute("patient", repeats_for_s=3600.0))
    callers = {one.route_id: Caller(one, SecretStr(SECRET)) for one in routes}
    app = make_app(callers, intake, PUBLIC_URL, clock)
    transport = httpx.ASGITransport(app, raise_app_exceptions=True)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://inside.example") as http,
    ):
        yield Provider(http)


@pytest.fixture
def clock() -> SetClock:
    """A clock that shows what a test sets it to."""
    return SetClock()


@pytest.fixture
async def http(ledger: Ledger, clock: SetClock) -> AsyncIterator[httpx.AsyncClient]:
    """What visits a portal for members."""
    async with visiting(ledger, clock) as http:
        yield http


def read_references(ledger: Ledger) -> set[str]:
    """Return what the receipts in the ledger speak of."""
    with ledger.read() as connection:
        return {str(one) for one in connection.execute(select(ReceiptRow.reference)).scalars()}


def count_receipts(ledger: Ledger) -> int:
    """Return how many receipts are in the ledger."""
    with ledger.read() as connection:
        return connection.execute(select(func.count()).select_from(ReceiptRow)).scalar_one()


@pytest.fixture
def portal(ledger: Ledger, ledger_url: str, tmp_path: Path) -> Iterator[PortalProcess]:
    del ledger  # it is made ready before the process starts
    with running(PortalProcess(ledger_url, tmp_path, logging.WARNING)) as portal:
        yield portal


@pytest.fixture
def talkative_portal(ledger: Ledger, ledger_url: str, tmp_path: Path) -> Iterator[PortalProcess]:
    """A portal that logs everything that can be logged."""
    del ledger
    with running(PortalProcess(ledger_url, tmp_path, log_level=1)) as portal:
        yield portal
