"""Sign-in by an identity provider: OpenID Connect, with a code, PKCE, state and nonce (Authlib).

Not by `st.login`: what that lets the browser keep counts for 30 days, cannot be taken back and goes
over plain HTTP too. Here what the provider says becomes one of our own sessions.
"""

import warnings
from functools import cache
from typing import Any

import httpx
from anyio import to_thread
from authlib.common.errors import AuthlibBaseError
from authlib.deprecate import AuthlibDeprecationWarning
from joserfc.errors import JoseError
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from dashboards.door.guard import give_session
from dashboards.door.onwards import way_on
from dashboards.door.pages import told_page
from dashboards.house import current_house
from rollcall.errors import NotAllowedError
from rollcall.settings import DashboardSettings

_NEXT = "rollcall_next"
_NAMES = ("preferred_username", "email", "name", "sub")
"""What a provider may call somebody, the best first; `sub` it always says."""

_PATIENCE_S = 10.0


async def go_to_provider(request: Request) -> Response:
    """Send somebody to the provider, to come back to `return_from_provider`."""
    settings = current_house().settings.dashboards
    if not settings.has_oidc:
        return RedirectResponse("/sign-in", 303)
    request.session[_NEXT] = way_on(request.query_params.get("next"))
    try:
        redirect: Response = await _client(settings).authorize_redirect(
            request, _return_address(request, settings)
        )
    except (AuthlibBaseError, httpx.HTTPError, KeyError, ValueError):
        return _tell("The identity provider does not answer. Try again, or sign in with a name.")
    return redirect


async def return_from_provider(request: Request) -> Response:
    """Let in whoever the provider sends back with a proof of who they are."""
    house = current_house()
    settings = house.settings.dashboards
    if not settings.has_oidc:
        return RedirectResponse("/sign-in", 303)
    try:
        token = await _client(settings).authorize_access_token(request)
        claims = dict(token["userinfo"])
    except (AuthlibBaseError, JoseError, httpx.HTTPError, KeyError, ValueError):
        return _tell("The identity provider's answer cannot be trusted. Sign in again.")
    onwards = way_on(request.session.pop(_NEXT, None))
    try:
        name, claimed = _name_of(claims), _values_of(claims, settings.oidc_claim)
        its_token = await to_thread.run_sync(house.reception.let_in, name, claimed)
    except NotAllowedError as error:
        return _tell(f"{str(error).capitalize()}.")
    response = RedirectResponse(onwards, 303)
    give_session(response, its_token, house, request.scope)
    return response


def list_routes() -> list[Route]:
    """Return the addresses of this way in."""
    return [
        Route("/sign-in/provider", go_to_provider, methods=["GET"]),
        Route("/sign-in/return", return_from_provider, methods=["GET"]),
    ]


@cache
def _client(settings: DashboardSettings) -> Any:
    """Return what talks to the provider; it remembers the provider's keys."""
    with warnings.catch_warnings():
        # it would rather have httpx2, and says so to everybody when it is imported
        warnings.simplefilter("ignore", AuthlibDeprecationWarning)
        from authlib.integrations.starlette_client import OAuth  # noqa: PLC0415 - see above

    kept = OAuth()
    return kept.register(
        "provider",
        server_metadata_url=settings.oidc_metadata_url,
        client_id=settings.oidc_client_id,
        client_secret=settings.oidc_client_secret.get_secret_value() or None,
        client_kwargs={
            "scope": "openid profile email",
            "code_challenge_method": "S256",
            "timeout": _PATIENCE_S,
        },
    )


def _return_address(request: Request, settings: DashboardSettings) -> str:
    base = settings.public_url.rstrip("/") or str(request.base_url).rstrip("/")
    return f"{base}/sign-in/return"


def _name_of(claims: dict[str, Any]) -> str:
    found = (claims.get(name) for name in _NAMES)
    return next(one for one in found if isinstance(one, str) and one.strip())[:100]


def _values_of(claims: dict[str, Any], claim: str) -> list[str]:
    value = claims.get(claim)
    listed = value if isinstance(value, list) else [value]
    return [one for one in listed if isinstance(one, str)]


def _tell(told: str) -> Response:
    return HTMLResponse(told_page("Not signed in", told), 403)
