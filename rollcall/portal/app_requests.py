"""What the app's forms hold, and the cookie by which a device is known."""

import base64
import binascii
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from rollcall.domain.app_reports import CONSENTS, Fix, LocationConsent
from rollcall.domain.app_tokens import MOST_TOKEN_CHARS
from rollcall.domain.personal_links import looks_like_token
from rollcall.ledger.app_devices import Subscription

COOKIE_LASTS_S: Final = 400 * 24 * 3600
"""The longest that browsers keep one; each visit begins it anew."""

_MOST_ENDPOINT_CHARS: Final = 1_000
_KEY_BYTES: Final = 65
"""A point of P-256, uncompressed (RFC 8291 §3.1)."""

_SECRET_BYTES: Final = 16
"""RFC 8291 §3.2."""

_MOST_KEY_CHARS: Final = 64


class DeviceCookie:
    """The cookie that holds a device's token: no script reads it, no other site has it sent.

    Args:
        public_url: Where recipients reach the portal; with `https` it travels on nothing else.
    """

    def __init__(self, public_url: str) -> None:
        self._is_secure = public_url.startswith("https://")
        # with this prefix browsers take it from nobody but this very host
        self._name = "__Host-rollcall-device" if self._is_secure else "rollcall-device"

    def read(self, request: Request) -> str | None:
        """Return the token that a request carries, if it could be one."""
        token = request.cookies.get(self._name, "")
        return token if looks_like_token(token) else None

    def set(self, response: Response, token: str) -> None:
        """Let a browser carry a token from now on."""
        response.set_cookie(
            self._name,
            token,
            max_age=COOKIE_LASTS_S,
            path="/",
            secure=self._is_secure,
            httponly=True,
            samesite="strict",
        )

    def clear(self, response: Response) -> None:
        """Let a browser carry none any more."""
        response.delete_cookie(
            self._name, path="/", secure=self._is_secure, httponly=True, samesite="strict"
        )


def read_link(told: str) -> str:
    """Return the token of a personal link, pasted whole or not; it may be none."""
    try:
        path = urlsplit(told.strip()).path
    except ValueError:
        return ""
    token = path.rstrip("/").rpartition("/")[2]
    is_plain = token.isascii() and token.replace("-", "a").replace("_", "a").replace(".", "a")
    return token if is_plain and is_plain.isalnum() and len(token) <= MOST_TOKEN_CHARS else ""


def read_consent(form: Mapping[str, str]) -> LocationConsent | None:
    """Return what is agreed to; None for what cannot be."""
    return next((one for one in CONSENTS if one == form.get("consent")), None)


def read_fix(form: Mapping[str, str]) -> Fix | None:
    """Return where a device says it is; None for what is no place."""
    try:
        latitude, longitude = float(form["latitude"]), float(form["longitude"])
        accuracy_m = float(form["accuracy_m"]) if form.get("accuracy_m") else None
        return Fix(latitude, longitude, accuracy_m)
    except (KeyError, ValueError):
        return None


def read_report_key(form: Mapping[str, str]) -> str:
    """Return what makes a repeat the same report: the form's nonce, and what the script adds."""
    return f"{form.get('nonce', '')}.{form.get('key', '')[:_MOST_KEY_CHARS]}"


def read_subscription(form: Mapping[str, str]) -> Subscription | None:
    """Return a Web Push subscription; None for what is none, or leads to no public server."""
    told = Subscription(form.get("endpoint", ""), form.get("p256dh", ""), form.get("auth", ""))
    is_whole = (
        _is_public_https(told.endpoint)
        and _byte_count(told.p256dh) == _KEY_BYTES
        and _byte_count(told.auth) == _SECRET_BYTES
    )
    return told if is_whole else None


def _is_public_https(endpoint: str) -> bool:
    """Tell whether a push service may be there; where its name leads is asked on sending."""
    if len(endpoint) > _MOST_ENDPOINT_CHARS or not (endpoint.isascii() and endpoint.isprintable()):
        return False
    try:
        parts = urlsplit(endpoint)
        host = parts.hostname or ""
    except ValueError:
        return False
    is_name = "." in host and ":" not in host and not host.rpartition(".")[2].isdecimal()
    return parts.scheme == "https" and is_name and parts.username is None and " " not in endpoint


def _byte_count(text: str) -> int:
    """Return how many bytes base64url stands for; -1 for what is none."""
    try:
        padded = text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4)
        return len(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, binascii.Error):
        return -1
