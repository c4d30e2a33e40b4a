"""What every page says besides itself: it is to be shown, and kept nowhere."""

from typing import Final

from starlette.responses import Response

SAFE_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    ),
    "Permissions-Policy": "geolocation=(self), camera=(), microphone=(), payment=()",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
    "X-Content-Type-Options": "nosniff",
}
PAGE_HEADERS: Final = SAFE_HEADERS | {"Cache-Control": "no-store"}
"""Of a page that is somebody's."""


def secure(response: Response, *, is_kept: bool = False) -> Response:
    """Return an answer with the headers that keep what is on a page to whom it was shown.

    Args:
        response: The answer.
        is_kept: Nothing in it is anybody's: it says itself for how long it may be kept.
    """
    response.headers.update(SAFE_HEADERS)
    if not is_kept:
        response.headers["Cache-Control"] = "no-store"
    return response
