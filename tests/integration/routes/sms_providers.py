"""The providers of SMS, each as a test needs it: settings, what it answers, and a submission."""

import base64
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from rollcall.clock import Clock
from rollcall.routes.base import Route, Submission
from rollcall.routes.registry import build_route, read_route_settings
from tests.integration.routes.provider_server import Answering, Reply
from tests.integration.routes.scripted import ScriptedServer, serve_script
from tests.people import phone_of

PUBLIC_URL = "https://crisis.example.org"
SECRET = "0123456789abcdefghij"
NUMBER, OURS = phone_of(17), phone_of(42)
ACCOUNT, TOKEN = "AC" + "0f" * 16, "auth-token"
SID = "SM" + "ab" * 16
TELNYX_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
TELNYX_PUBLIC_KEY = base64.b64encode(TELNYX_KEY.public_key().public_bytes_raw()).decode()

ENTRIES: dict[str, dict[str, Any]] = {
    "twilio": {"account_sid": ACCOUNT, "auth_token": TOKEN, "sender": OURS},
    "vonage": {
        "api_key": "abcd1234",
        "api_secret": "abcdef0123456789",
        "sender": OURS.removeprefix("+"),
        "signature_secret": "a signature secret of 32 characters",
        "signature_method": "sha256",
    },
    "telnyx": {"api_key": "KEY0123", "sender": OURS, "public_key": TELNYX_PUBLIC_KEY},
}


@dataclass(frozen=True)
class Provider:
    """What differs between providers in tests that hold for all of them."""

    kind: str
    taken: Reply
    provider_id: str
    refuse: Callable[[str], Reply]


def as_json(document: object, status: int = 200) -> Reply:
    """Make an answer of a document."""
    return Reply(status, json.dumps(document).encode(), {"Content-Type": "application/json"})


def _refuse_twilio(code: str) -> Reply:
    return as_json({"code": int(code), "message": f"No: {NUMBER}", "status": 400}, 400)


def _refuse_vonage(code: str) -> Reply:
    part = {"to": NUMBER, "status": code, "error-text": "No"}
    return as_json({"message-count": "1", "messages": [part]})


def _refuse_telnyx(code: str) -> Reply:
    return as_json({"errors": [{"code": code, "title": "No", "detail": NUMBER}]}, 400)


_VONAGE_TAKEN = {"to": NUMBER, "message-id": "0A01", "status": "0"}
PROVIDERS = (
    Provider("twilio", as_json({"sid": SID, "error_code": None}, 201), SID, _refuse_twilio),
    Provider("vonage", as_json({"messages": [_VONAGE_TAKEN]}), "0A01", _refuse_vonage),
    Provider("telnyx", as_json({"data": {"id": "40385f64"}}), "40385f64", _refuse_telnyx),
)


class FixedClock:
    """A clock that stands still."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        """Return the moment at which it stands."""
        return self._now


class SmsRoute(Route, Protocol):
    """A route of a provider, with whatever else it can do."""

    look_up: Any


def submission(text: str = "Flood: leave now", attempt: int = 1) -> Submission:
    """Make a submission of one delivery."""
    return Submission("d-1", f"a-{attempt}", "d-1-route.one", NUMBER, text)


@asynccontextmanager
async def open_provider(
    kind: str, *replies: Reply | None, clock: Clock | None = None, **changes: Any
) -> AsyncIterator[tuple[SmsRoute, ScriptedServer]]:
    """Open a route to a scripted provider."""
    async with serve_script(Answering(*replies)) as server:
        plain = {
            "id": "bravo",
            "kind": kind,
            "base_url": f"http://127.0.0.1:{server.port}",
            "receipt_secret": SECRET,
            "answer_timeout_s": 2.0,
        }
        settings = read_route_settings(plain | ENTRIES[kind] | changes)
        route: Any = build_route(settings, clock, PUBLIC_URL)
        try:
            yield route, server
        finally:
            await route.aclose()
