"""Somebody's telephone with the app, and the portal that it talks to."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

import httpx
from starlette.applications import Starlette

from rollcall.clock import Clock
from rollcall.domain.app_tokens import grant_enrolment, write_enrol_token
from rollcall.ledger.engine import Ledger
from rollcall.portal.app import make_app
from rollcall.portal.app_parts import build_app_parts
from rollcall.portal.assets import Assets
from rollcall.portal.desk import Desk
from rollcall.portal.intake import Intake
from tests.integration.conversations import KEY
from tests.integration.ledger.records import NOW

PUBLIC_URL = "https://safe.example.org/rollcall"
ROOT = urlsplit(PUBLIC_URL).path
"""The path of the public address: a proxy takes it away."""

PUSH_KEY = "the-key-that-browsers-subscribe-with"


@dataclass
class SetClock:
    """A clock that shows what it is set to."""

    moment: datetime = NOW

    def now(self) -> datetime:
        return self.moment


@dataclass
class Phone:
    """A browser: it keeps cookies, and says that its forms come from pages of the portal."""

    http: httpx.AsyncClient
    nonce: str = ""
    sent_headers: dict[str, str] = field(default_factory=lambda: {"sec-fetch-site": "same-origin"})

    async def look(self, path: str = "/app", **headers: str) -> httpx.Response:
        """Open a page; its nonce is kept for the forms."""
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        shown = await self.http.get(path, headers=told)
        if found := re.search(r'name="nonce" value="([^"]+)"', shown.text):
            self.nonce = found[1]
        return shown

    async def send(self, path: str, **fields: str) -> httpx.Response:
        """Send a form with the nonce of the page that was opened last."""
        told = {"nonce": self.nonce, **fields}
        return await self.http.post(path, data=told, headers=self.sent_headers)

    async def call(self, path: str, **fields: str) -> httpx.Response:
        """Send a form as the app's script does."""
        told = {"nonce": self.nonce, **fields}
        headers = self.sent_headers | {"x-fetch": "1"}
        return await self.http.post(path, data=told, headers=headers)

    async def enrol(self, token: str) -> httpx.Response:
        """Follow a link, and press the button."""
        shown = await self.look(f"/app/join/{token}")
        assert shown.status_code == 200, shown.text
        return await self.send("/app/enrol", token=token)

    async def use(self, token: str) -> None:
        """Enrol, and open the app."""
        assert (await self.enrol(token)).status_code == 303
        assert (await self.look()).status_code == 200


def invitation(person_id: str, now: datetime = NOW) -> str:
    """Return the token of a link to enrol."""
    return write_enrol_token(KEY, grant_enrolment(person_id, now))


def make_app_portal(desk: Desk) -> Starlette:
    """Return a portal that serves the app; no provider may call it."""
    assets = Assets()
    parts = [assets, *build_app_parts(desk, "Example Corp", assets)]
    return make_app({}, Intake(lambda _: None, desk.clock), desk.public_url, desk.clock, parts)


@asynccontextmanager
async def open_phones(
    ledger: Ledger, clock: Clock, count: int = 1, push_key: str | None = PUSH_KEY
) -> AsyncIterator[list[Phone]]:
    """Run a portal; yield telephones that nobody has enrolled."""
    app = make_app_portal(Desk(ledger, KEY, PUBLIC_URL, clock, push_key))
    transport = httpx.ASGITransport(app, raise_app_exceptions=True)
    async with app.router.lifespan_context(app):
        clients = [
            httpx.AsyncClient(transport=transport, base_url="https://safe.example.org")
            for _ in range(count)
        ]
        yield [Phone(one) for one in clients]
        for one in clients:
            await one.aclose()
