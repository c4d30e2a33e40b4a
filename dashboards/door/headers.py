"""What every answer of the dashboards says besides itself."""

import base64
import hashlib
import re
from functools import cache
from pathlib import Path
from typing import Final

import streamlit
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_INLINE_SCRIPT: Final = re.compile(r"<script>(.*?)</script>", re.DOTALL)

_HEADERS: Final = {
    "Permissions-Policy": "geolocation=(), camera=(), microphone=(), payment=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex",
}

_KEPT: Final = ("/static/", "/map/land", "/map/cities", "/map/airports")
"""What browsers may keep: it is the same for everybody, and tells of nobody."""


class SafeHeaders:
    """Middleware that lets pages load nothing from elsewhere, and be framed by nobody.

    Streamlit's styles are made in the browser, and its components are modules with addresses of
    their own (`blob:`); all else comes from here.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on, with headers on what is answered."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(_HEADERS)
                headers["Content-Security-Policy"] = content_policy()
                if not scope["path"].startswith(_KEPT):
                    headers["Cache-Control"] = "no-store"
            await send(message)

        await self._app(scope, receive, send_safely)


@cache
def content_policy() -> str:
    """Return where a page may load what from."""
    page = Path(streamlit.__file__).with_name("static") / "index.html"
    scripts = " ".join(map(_allow, _INLINE_SCRIPT.findall(page.read_text("utf-8"))))
    return (
        f"default-src 'none'; script-src 'self' blob: {scripts}; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; media-src 'self'; "
        "worker-src 'self' blob:; manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; "
        "base-uri 'none'"
    )


def _allow(script: str) -> str:
    """Return by which source a page's own inline script is let through (CSP level 2)."""
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
