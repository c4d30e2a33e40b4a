"""The cookie that says who is at the dashboards, and where that may be asked."""

from http.cookies import CookieError, SimpleCookie
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Scope

from rollcall.listening import is_loopback

COOKIE: Final = "rollcall_desk"


def read_token(scope: Scope) -> str | None:
    """Return what a browser shows, if anything."""
    try:
        cookies = SimpleCookie(Headers(scope=scope).get("cookie", ""))
    except CookieError:
        return None
    found = cookies.get(COOKIE)
    return found.value if found and found.value else None


def give_token(
    response: Response, token: str, scope: Scope, session_s: int, public_url: str
) -> None:
    """Let a browser keep a token: no script sees it, and no other site sends it along."""
    response.set_cookie(
        COOKIE,
        token,
        max_age=session_s,
        httponly=True,
        samesite="lax",
        secure=_is_encrypted(scope, public_url),
    )


def take_token(response: Response) -> None:
    """Let a browser forget its token."""
    response.delete_cookie(COOKIE, httponly=True, samesite="lax")


def is_local(scope: Scope) -> bool:
    """Tell whether a request was made on this machine, for this machine.

    Its `Host` counts, too: a page of anybody's whose name leads to 127.0.0.1 is not meant.
    """
    ends = (scope.get("client"), scope.get("server"))
    host = urlsplit(f"//{Headers(scope=scope).get('host', '')}").hostname or ""
    is_forwarded = any(name in Headers(scope=scope) for name in ("forwarded", "x-forwarded-for"))
    are_loopback = all(end and is_loopback(end[0]) for end in ends)
    return are_loopback and is_loopback(host) and not is_forwarded


def is_same_origin(scope: Scope, public_url: str) -> bool | None:
    """Tell whether a page of ours asked, None where nobody says which one did.

    Browsers say it of every form and every websocket. A page at another port of this machine is not
    ours, although it is sent the same cookies.
    """
    headers = Headers(scope=scope)
    origin = headers.get("origin")
    if origin is None:
        return None
    return urlsplit(origin).netloc in (headers.get("host"), urlsplit(public_url).netloc or None)


def _is_encrypted(scope: Scope, public_url: str) -> bool:
    """Tell whether a browser came by HTTPS: to us, or to the web server before us."""
    public = urlsplit(public_url)
    is_public = Headers(scope=scope).get("host") == public.netloc
    return scope.get("scheme") == "https" or (is_public and public.scheme == "https")
