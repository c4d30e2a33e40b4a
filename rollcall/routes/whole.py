"""httpx's requests and answers with their bodies at hand, and how a request is written.

httpx reads every body through a stream, and fits a request out with headers of its own; a message
of a few hundred bytes needs neither, and takes twice as long with them.
"""

from collections.abc import Sequence

import httpx

FieldLines = Sequence[tuple[bytes, bytes]]
"""Names and values of headers, in order."""

FORM = httpx.Headers({"Content-Type": "application/x-www-form-urlencoded"})
"""The headers of a request that carries a form."""

_ENCODING = "iso-8859-1"
"""Of headers; it holds for any bytes, so that httpx need not try out which one does."""

_FRAMING_HEADERS = (b"content-length", b"transfer-encoding")
_BODY_METHODS = ("POST", "PUT", "PATCH")


class _WithBody:
    """What both have: a body that is read at once."""

    _body: bytes

    @property
    def content(self) -> bytes:
        """Return the body."""
        return self._body

    def read(self) -> bytes:
        """Return the body."""
        return self._body

    async def aread(self) -> bytes:
        """Return the body."""
        return self._body


class WholeRequest(_WithBody, httpx.Request):
    """A request with a body that is complete; the transport adds `Host` and `Content-Length`.

    Args:
        method: GET, POST …
        url: Where it goes.
        headers: Its own headers, such as `Content-Type`; they are copied.
        body: What it carries.
    """

    def __init__(
        self, method: str, url: httpx.URL, headers: httpx.Headers | None = None, body: bytes = b""
    ) -> None:
        super().__init__(method, url, headers=headers, stream=httpx.ByteStream(body))
        self.headers.encoding = _ENCODING
        self._body = body


class WholeResponse(_WithBody, httpx.Response):
    """An answer with a body that has arrived and is not compressed.

    Args:
        status_code: The HTTP status.
        headers: As they arrived.
        body: As it arrived.
    """

    def __init__(self, status_code: int, headers: FieldLines, body: bytes) -> None:
        super().__init__(status_code, headers=headers, stream=httpx.ByteStream(body))
        self.headers.encoding = _ENCODING
        self._body = body


def write_request(request: httpx.Request, body: bytes) -> bytes:
    """Write a request as HTTP/1.1 (RFC 9112); the framing is ours, since the body is complete.

    Raises:
        httpx.LocalProtocolError: A header holds a line break.
    """
    lines = [b"%b %b HTTP/1.1" % (request.method.encode("ascii"), request.url.raw_path)]
    lines += [
        b"%b: %b" % line for line in request.headers.raw if line[0].lower() not in _FRAMING_HEADERS
    ]
    if "Host" not in request.headers:
        lines.append(b"Host: " + request.url.netloc)
    if body or request.method in _BODY_METHODS:
        lines.append(b"Content-Length: %d" % len(body))
    head = b"\r\n".join(lines)
    breaks = len(lines) - 1
    if head.count(b"\n") != breaks or head.count(b"\r") != breaks:
        raise httpx.LocalProtocolError("a header holds a line break", request=request)
    return head + b"\r\n\r\n" + body
