"""A portal made of the settings: which routes report to it, and where it is reached."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import urlsplit

from pydantic import SecretStr
from starlette.applications import Starlette

from rollcall.clock import Clock
from rollcall.errors import ConfigError
from rollcall.ledger.migrate import require_current
from rollcall.portal.app import make_app
from rollcall.portal.desk import Desk
from rollcall.portal.intake import Intake
from rollcall.portal.parts import build_parts
from rollcall.portal.reception import Caller
from rollcall.routes.base import Route
from rollcall.routes.callbacks import CallbackReader
from rollcall.sending.link_check import require_newest_key
from rollcall.settings import Settings
from rollcall.wiring import (
    build_arrivals_recorder,
    build_ledger,
    build_link_key,
    build_reporting_routes,
    push_public_key,
)

NEVER_REPORTS: Final = "routes of its kind never report"


@asynccontextmanager
async def open_portal(settings: Settings, clock: Clock) -> AsyncIterator[Starlette]:
    """Open ledger and routes, and yield the portal's application; all is closed at the end.

    Raises:
        ConfigError: `ROLLCALL_PUBLIC_URL` is missing or wrong, a route cannot report to us, or the
            key of personal links cannot be had, or is another than open chats have.
        LedgerError: The ledger does not answer, or belongs to another version.
    """
    public_url = read_public_url(settings.public_url)
    reporting = build_reporting_routes(settings, clock)
    callers = find_callers(reporting)
    ledger = build_ledger(settings)
    try:
        require_current(ledger)
        intake = Intake(build_arrivals_recorder(ledger, clock), clock)
        links = build_link_key(settings)
        require_newest_key(ledger, links)
        desk = Desk(ledger, links.key, public_url, clock, push_public_key(settings))
        parts = build_parts(desk, settings.organisation)
        yield make_app(callers, intake, public_url, clock, parts)
    finally:
        ledger.close()
        for route, _ in reporting.values():
            await route.aclose()


def find_callers(reporting: Mapping[str, tuple[Route, SecretStr]]) -> dict[str, Caller]:
    """Return the routes that report to us, each with its secret; there may be none.

    Raises:
        ConfigError: One cannot report.
    """
    callers: dict[str, Caller] = {}
    for route_id, (route, secret) in reporting.items():
        if not isinstance(route, CallbackReader):
            raise ConfigError(f"route {route_id!r} has a receipt_secret, but {NEVER_REPORTS}")
        callers[route_id] = Caller(route, secret)
    return callers


def read_public_url(public_url: str) -> str:
    """Return the address at which providers and recipients reach us, without a slash at the end.

    Raises:
        ConfigError: It is not set, or is no address that they could call.
    """
    if not public_url:
        raise ConfigError(
            "ROLLCALL_PUBLIC_URL is not set: providers and recipients must be told where to call"
        )
    if not _can_be_called(public_url):
        raise ConfigError("ROLLCALL_PUBLIC_URL should look like https://safe.example.org")
    return public_url.rstrip("/")


def _can_be_called(public_url: str) -> bool:
    try:
        parts = urlsplit(public_url)
    except ValueError:
        return False
    has_more = parts.query or parts.fragment or parts.username is not None
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not has_more
