"""Every address on the web asks who calls, or is listed here as public."""

import httpx
import pytest
from pydantic import SecretStr
from starlette.routing import Route

from rollcall.clock import SystemClock
from rollcall.portal.app import make_app
from rollcall.portal.intake import Intake
from rollcall.portal.reception import Caller
from tests.integration.portal.scripted import PUBLIC_URL, SECRET, ScriptedRoute

PUBLIC = {"/healthz"}

CLOCK = SystemClock()
APP = make_app(
    {"alpha": Caller(ScriptedRoute(), SecretStr(SECRET))},
    Intake(lambda _: pytest.fail("a stranger's callback was recorded"), CLOCK),
    PUBLIC_URL,
    CLOCK,
)
ROUTES = {route.path: route for route in APP.routes if isinstance(route, Route)}


def test_every_address_is_a_plain_route_so_that_none_escapes_this_test() -> None:
    assert len(ROUTES) == len(APP.routes) >= 3
    assert set(ROUTES) >= PUBLIC


@pytest.mark.parametrize("path", sorted(ROUTES))
async def test_every_address_is_authenticated_or_public(path: str) -> None:
    parameters = dict.fromkeys(ROUTES[path].param_convertors, "stranger")
    called = ROUTES[path].path_format.format(**parameters)
    transport = httpx.ASGITransport(APP)
    async with httpx.AsyncClient(transport=transport, base_url="http://inside.example") as http:
        for method in sorted(ROUTES[path].methods or ()):
            answered = await http.request(method, called)
            assert answered.status_code == (200 if path in PUBLIC else 404)
            assert answered.content == b""
