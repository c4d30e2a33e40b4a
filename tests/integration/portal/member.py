"""A member's browser as tests use it, and the portal that it visits."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

import httpx
from sqlalchemy import update
from starlette.applications import Starlette

from rollcall.clock import Clock
from rollcall.ledger.engine import Ledger
from rollcall.ledger.tables import AudienceMember
from rollcall.portal.app import make_app
from rollcall.portal.desk import Desk
from rollcall.portal.intake import Intake
from rollcall.portal.parts import build_parts
from tests.integration.conversations import KEY, Conversation
from tests.integration.ledger.records import NOW
from tests.integration.portal.scripted import PUBLIC_URL

ROOT = "/rollcall"
"""The path of the public address: a proxy takes it away."""

PATIENCE_S = 30.0


class SetClock:
    """A clock that shows what it is set to."""

    def __init__(self) -> None:
        self.moment = NOW

    def now(self) -> datetime:
        return self.moment


@dataclass
class Browser:
    """Somebody with a link. Without cookies; every request says where it comes from."""

    http: httpx.AsyncClient
    token: str

    @property
    def path(self) -> str:
        return f"/c/{self.token}"

    async def look(self, query: str = "", **headers: str) -> httpx.Response:
        return await self.http.get(self.path + query, headers=_named(headers))

    async def state(self) -> httpx.Response:
        return await self.http.get(f"{self.path}/state")

    async def nonce(self) -> str:
        return read_nonce((await self.look()).text)

    async def answer(self, said: str, nonce: str | None = None, **headers: str) -> httpx.Response:
        fields = {"answer": said, "nonce": await self.nonce() if nonce is None else nonce}
        return await self.send("answer", fields, **headers)

    async def reply(self, text: str, nonce: str | None = None, **headers: str) -> httpx.Response:
        fields = {"text": text, "nonce": await self.nonce() if nonce is None else nonce}
        return await self.send("reply", fields, **headers)

    async def send(self, form: str, fields: dict[str, str], **headers: str) -> httpx.Response:
        path = f"{self.path}/{form}"
        return await self.http.post(path, data=fields, headers=_named(headers))


def browser_of(http: httpx.AsyncClient, opened: Conversation, person: str = "p0000") -> Browser:
    """Return a member's browser."""
    return Browser(http, opened.tokens[person])


def read_nonce(html: str) -> str:
    """Return the nonce of a page's forms."""
    found = re.search(r'name="nonce" value="([^"]+)"', html)
    assert found
    return found[1]


def make_portal(ledger: Ledger, clock: Clock, patience_s: float = PATIENCE_S) -> Starlette:
    """Return a portal for members; no provider may call it."""
    parts = build_parts(Desk(ledger, KEY, PUBLIC_URL, clock), "Example Corp", patience_s)
    return make_app({}, Intake(lambda _: None, clock), PUBLIC_URL, clock, parts)


@asynccontextmanager
async def visiting(
    ledger: Ledger, clock: Clock, patience_s: float = PATIENCE_S
) -> AsyncIterator[httpx.AsyncClient]:
    """Run a portal; yield what visits it."""
    app = make_portal(ledger, clock, patience_s)
    transport = httpx.ASGITransport(app, raise_app_exceptions=True)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://inside.example") as http,
    ):
        yield http


def _named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def speak(ledger: Ledger, language: str | None, person: str = "p0000") -> None:
    """Let a member's record say that they speak a language; else tests' people speak Japanese."""
    told = update(AudienceMember).where(AudienceMember.person_id == person)
    with ledger.write() as connection:
        connection.execute(told.values(language=language))
