"""What may come in at all: how large, how slowly, of which kind; and what it is read as."""

import asyncio
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from starlette.requests import Request

from rollcall.routes.callbacks import Callback

MOST_BYTES: Final = 64 * 1024
"""Larger bodies are not read: the largest that are documented, Infobip's, hold 100 reports."""

READ_WITHIN_S: Final = 10.0
"""How long a caller may take to hand its request over."""

CONTENT_TYPES: Final = frozenset(
    {
        "",  # none: Kannel's GET with a length, and vendors' tests of an address
        "application/json",
        "application/x-www-form-urlencoded",
        "text/plain",
    }
)
"""What providers send; anything with the suffix `+json` besides (RFC 6839)."""


class RefusedError(Exception):
    """A request is not taken; `status` says why to whoever sent it, and nothing else does."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status)
        self.status = status


def require_content_type(headers: Mapping[str, str]) -> None:
    """Make sure that a body is of a kind that providers send.

    Raises:
        RefusedError: It is not.
    """
    content_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type not in CONTENT_TYPES and not content_type.endswith("+json"):
        raise RefusedError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)


async def read_body(request: Request) -> bytes:
    """Read a body to its end, but never more than `MOST_BYTES` of it.

    Raises:
        RefusedError: It is larger, or too slow.
        ClientDisconnect: The caller went away.
    """
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > MOST_BYTES:
        raise RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    body = bytearray()
    try:
        async with asyncio.timeout(READ_WITHIN_S):
            async for chunk in request.stream():
                body += chunk
                if len(body) > MOST_BYTES:
                    raise RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    except TimeoutError:
        raise RefusedError(HTTPStatus.REQUEST_TIMEOUT) from None
    return bytes(body)


def make_callback(request: Request, public_url: str, body: bytes) -> Callback:
    """Return a request as its provider made it.

    Signatures are computed over the public address. It comes from our settings and never from
    `Host` or `X-Forwarded-…`, which the caller writes; path and query are kept to the byte.
    """
    path, query = request.scope["raw_path"], request.scope["query_string"]
    target = path + b"?" + query if query else path
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return Callback(request.method, public_url + target.decode("ascii"), headers, body)
