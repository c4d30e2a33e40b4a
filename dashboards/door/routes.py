"""Where one comes in and goes out, and where a supervisor asks whether all is well."""

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import (
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
)
from starlette.routing import Route

from dashboards.door.cookies import is_same_origin, read_token, take_token
from dashboards.door.guard import client_address, enter_freely, give_session, may_enter_freely
from dashboards.door.onwards import way_on
from dashboards.door.pages import sign_in_page, told_page
from dashboards.door.provider import list_routes as list_provider_routes
from dashboards.house import House, current_house
from dashboards.monitoring import check_ledger
from rollcall.errors import InputError

_LONGEST_FIELD = 400
_CHECKS = CapacityLimiter(2)
"""Passwords that are checked at once: each takes 64 MB and as much time of a core as one has."""


async def tell_health(_: Request) -> Response:
    """Tell whether the dashboards can do what they are for: the ledger answers."""
    vitals = await check_ledger()
    return JSONResponse({"is_well": vitals.is_well, **vitals.facts}, 200 if vitals.is_well else 503)


async def show_sign_in(request: Request) -> Response:
    """Show the way in; whoever needs none is let in at once."""
    house = current_house()
    if await to_thread.run_sync(may_enter_freely, house, request.scope):
        return await to_thread.run_sync(_enter_home, house, request)
    return await _sign_in_page(house, way_on(request.query_params.get("next")))


async def take_sign_in(request: Request) -> Response:
    """Check name and password."""
    if not is_same_origin(request.scope, current_house().settings.dashboards.public_url):
        return PlainTextResponse("this form was sent from another site\n", 403)
    form = await request.form(max_files=0, max_fields=8)
    name, password = _field(form.get("name")), _field(form.get("password"))
    house, onwards = current_house(), way_on(_field(form.get("next")))
    address = client_address(request.scope)
    try:
        token = await to_thread.run_sync(
            house.reception.sign_in, name, password, address, limiter=_CHECKS
        )
    except InputError as error:
        return await _sign_in_page(house, onwards, str(error), 403)
    response = RedirectResponse(onwards, 303)
    give_session(response, token, house, request.scope)
    return response


async def sign_out(request: Request) -> Response:
    """End the session, here and in every other window of it."""
    if not is_same_origin(request.scope, current_house().settings.dashboards.public_url):
        return PlainTextResponse("this form was sent from another site\n", 403)
    await to_thread.run_sync(_end_session, request)
    response = HTMLResponse(told_page("Signed out", "You are signed out of Rollcall."))
    take_token(response)
    return response


def list_routes() -> list[Route]:
    """Return the addresses of the door."""
    return [
        Route("/healthz", tell_health, methods=["GET"]),
        Route("/sign-in", show_sign_in, methods=["GET"]),
        Route("/sign-in", take_sign_in, methods=["POST"]),
        Route("/sign-out", sign_out, methods=["POST"]),
        *list_provider_routes(),
    ]


async def _sign_in_page(
    house: House, onwards: str, mistake: str | None = None, status: int = 200
) -> Response:
    users = await to_thread.run_sync(house.reception.users.list_all)
    page = sign_in_page(
        way_on=onwards,
        has_users=bool(users),
        has_provider=house.settings.dashboards.has_oidc,
        mistake=mistake,
    )
    return HTMLResponse(page, status)


def _enter_home(house: House, request: Request) -> Response:
    return enter_freely(house, {**request.scope, "path": "/", "query_string": b""})


def _end_session(request: Request) -> None:
    reception = current_house().reception
    token = read_token(request.scope)
    signed_in = reception.find(token) if token else None
    if signed_in is not None:
        reception.sign_out(signed_in)


def _field(value: object) -> str:
    return value[:_LONGEST_FIELD] if isinstance(value, str) else ""
