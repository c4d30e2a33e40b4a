"""Asks of every request who makes it, before Streamlit or anything else of the dashboards does.

What it finds out reaches the scripts as a header that it sets and nobody else can. They look the
session up again, at every run: a websocket is asked here only once, when it is opened.
"""

from typing import Final
from urllib.parse import quote

from anyio import to_thread
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboards.door.cookies import give_token, is_local, is_same_origin, read_token
from dashboards.house import House, current_house
from rollcall.desk.sign_in import SignedIn
from rollcall.errors import RollcallError

HEADER: Final = "x-rollcall-session"

PUBLIC: Final = ("/healthz", "/sign-in", "/favicon.png")
PUBLIC_BELOW: Final = ("/static/", "/sign-in/")
"""Streamlit's own pages and scripts, the same for everybody, and the way in."""

_NO_PAGES: Final = ("/_stcore/", "/media/", "/component/", "/app/static/", "/map/")

_WANTS_COOKIE: Final = 4401
"""How a websocket is told that nobody is let in without a sign-in."""


class Guard:
    """Middleware that lets nobody in whom the reception does not know."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is public or somebody's, and answer everything else."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        scope = _without_claims(scope)
        if scope["type"] == "http" and is_public(scope["path"]):
            await self._app(scope, receive, send)
            return
        try:
            signed_in = await to_thread.run_sync(_look_up, scope)
            refusal = None if signed_in else await to_thread.run_sync(_refuse, scope)
        except RollcallError as error:  # the ledger is away, or the file of users is broken
            signed_in, refusal = None, PlainTextResponse(f"{error}\n", 503)
        if signed_in is not None:
            await self._app(_vouch(scope, signed_in), receive, send)
        elif refusal is not None and scope["type"] == "http":
            await refusal(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": _WANTS_COOKIE})


def is_public(path: str) -> bool:
    """Tell whether an address is for everybody: nothing on it is anybody's."""
    return path in PUBLIC or path.startswith(PUBLIC_BELOW)


def may_enter_freely(house: House, scope: Scope) -> bool:
    """Tell whether somebody needs no sign-in: at this machine, where nobody was asked to have one.

    Raises:
        ConfigError: The file of users cannot be read.
    """
    is_private = not house.settings.dashboards.public_url and is_local(scope)
    return is_private and not house.reception.needs_sign_in()


def _without_claims(scope: Scope) -> Scope:
    kept = [(name, value) for name, value in scope["headers"] if name != HEADER.encode()]
    return {**scope, "headers": kept}


def _vouch(scope: Scope, signed_in: SignedIn) -> Scope:
    """Return a request as Streamlit is to see it: whose it is, and from a page of ours.

    By itself Streamlit would ask a server on the internet for our address, to find out whether a
    page at another one than `Host` may be ours.
    """
    headers = MutableHeaders(scope=scope)
    headers[HEADER] = signed_in.session_id
    if scope["type"] == "websocket" and "origin" in headers:
        headers["origin"] = f"http://{headers.get('host', '')}"
    return scope


def _look_up(scope: Scope) -> SignedIn | None:
    house, token = current_house(), read_token(scope)
    public_url = house.settings.dashboards.public_url
    if scope["type"] == "websocket" and is_same_origin(scope, public_url) is False:
        return None
    found = house.reception.find(token) if token else None
    if found is not None and found.kind == "loopback" and not is_local(scope):
        return None
    return found


def _refuse(scope: Scope) -> Response | None:
    """Return what a stranger gets: the way in, or a plain no where nobody reads it."""
    path, is_read = scope["path"], scope.get("method") in ("GET", "HEAD")
    if not is_read or path.startswith(_NO_PAGES):
        return PlainTextResponse("sign in first\n", 401)
    house = current_house()
    if not may_enter_freely(house, scope):
        return RedirectResponse(f"/sign-in?next={quote(_address(scope), safe='')}", 303)
    return enter_freely(house, scope)


def enter_freely(house: House, scope: Scope) -> Response:
    """Let in whoever sits at this machine, and send them where they were going."""
    response = RedirectResponse(_address(scope), 303)
    token = house.reception.let_in_local()
    give_session(response, token, house, scope)
    return response


def give_session(response: Response, token: str, house: House, scope: Scope) -> None:
    """Let a browser keep a token for as long as its session counts."""
    settings = house.settings.dashboards
    give_token(response, token, scope, round(settings.session_h * 3600), settings.public_url)


def _address(scope: Scope) -> str:
    query = scope.get("query_string", b"").decode("latin-1")
    path = "/" + scope["path"].lstrip("/")
    return f"{quote(path)}?{query}" if query else quote(path)


def client_address(scope: Scope) -> str:
    """Return where a request comes from, as told by the web server before us, if one is.

    Whoever reaches us directly may write there what they like: it only says whose mistakes are
    counted together, beside those of the name.
    """
    forwarded = Headers(scope=scope).get("x-forwarded-for", "").rpartition(",")[2].strip()
    client = scope.get("client")
    return forwarded or (client[0] if client else "unknown")
