"""Every address on the web asks who calls, or is listed here as public."""

from collections.abc import Iterator

import httpx
import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.routing import Route

from rollcall.clock import SystemClock
from rollcall.ledger.engine import Ledger, open_ledger
from rollcall.ledger.migrate import migrate_ledger
from rollcall.portal.app import make_app
from rollcall.portal.desk import Desk
from rollcall.portal.intake import Intake
from rollcall.portal.parts import build_parts
from rollcall.portal.reception import Caller
from tests.integration.portal.scripted import PUBLIC_URL, SECRET, ScriptedRoute

PUBLIC = {"/healthz", "/app/offline", "/manifest.webmanifest", "/sw.js"}
"""Nothing on these is anybody's."""

REFUSALS = {
    "/c/": 410,  # a personal link: the token in it is what authenticates
    "/app/join": 410,  # a link that enrols a device
    "/app/enrol": 410,
    "/app/icons/": 404,
    "/app": 403,  # a device, known by its cookie
}
"""What strangers get where members and devices are known by more than a secret address."""

CLOCK = SystemClock()


def make(ledger: Ledger) -> Starlette:
    return make_app(
        {"alpha": Caller(ScriptedRoute(), SecretStr(SECRET))},
        Intake(lambda _: pytest.fail("a stranger's callback was recorded"), CLOCK),
        PUBLIC_URL,
        CLOCK,
        build_parts(Desk(ledger, bytes(32), PUBLIC_URL, CLOCK), "Example Corp"),
    )


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Starlette]:
    ledger = open_ledger(f"sqlite:///{tmp_path_factory.mktemp('portal') / 'ledger.db'}")
    migrate_ledger(ledger)
    yield make(ledger)
    ledger.close()


def list_routes(app: Starlette) -> list[Route]:
    return [route for route in app.routes if isinstance(route, Route)]


def test_every_address_is_a_plain_route_so_that_none_escapes_this_test(app: Starlette) -> None:
    routes = list_routes(app)
    assert len(routes) == len(app.routes) >= 8
    assert {route.path for route in routes} >= PUBLIC


async def test_every_address_is_authenticated_or_public(app: Starlette) -> None:
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://inside.example") as http,
    ):
        for route in list_routes(app):
            called = route.path_format.format(**dict.fromkeys(route.param_convertors, "stranger"))
            for method in sorted(route.methods or ()):
                await require_refusal(http, method, called)


async def require_refusal(http: httpx.AsyncClient, method: str, called: str) -> None:
    form = {"answer": "ok", "key": "stranger"} if method == "POST" else None
    answered = await http.request(method, called, data=form)
    if called in PUBLIC:
        assert answered.status_code == 200, called
        return
    of_ours = (status for start, status in REFUSALS.items() if called.startswith(start))
    expected = next(of_ours, 404)
    assert answered.status_code == expected, (method, called)
    assert "stranger" not in answered.text
    if expected == 404:
        assert answered.content == b""
