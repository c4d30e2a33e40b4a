"""An httpx transport on aiohttp's engine that says truthfully whether a request may have left.

httpx's own connection pool collapses with the number of connections (1,400 messages per CPU second
at 4, 40 at 256), and `httpx-aiohttp` 0.2.0 reports "disconnected after the request was sent" as a
connect timeout, so that a sender which trusts it sends twice. Here one rule holds:

    `NOT_SENT` errors mean that no byte of the request left; after every other error it may have
    arrived.

Redirects are answers, never followed. A request is written to the network at most once.
"""

import logging
import ssl
from functools import lru_cache

import aiohttp
import httpx
from yarl import URL

# at INFO httpx logs every URL, and with `body_format = "query"` that holds the number and the text
logging.getLogger("httpx").setLevel(logging.WARNING)

NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
"""Errors after which the same message may be sent again by any way: this request never left."""

MAX_ANSWER_BYTES = 1_048_576
"""A provider's answer is a few hundred bytes; a longer one is somebody else's page."""

KEEP_ALIVE_S = 55.0
"""How long an unused connection is kept: just below the 60 s after which most balancers drop it."""

_NO_LIMITS = httpx.Timeout(None).as_dict()

_NEVER_REPEATED = "POST"
"""aiohttp never sends it again by itself; from repeating other methods `_send_once` keeps it."""

_OWN_HEADERS = (b"content-length", b"transfer-encoding")
_NO_AUTOMATIC_HEADERS = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")


class _AnswerLostError(aiohttp.ClientError):
    """The connection ended after the request was written and before it was answered."""


_NO_ANSWER = (
    _AnswerLostError,
    aiohttp.ClientOSError,
    aiohttp.ServerDisconnectedError,
    aiohttp.ClientResponseError,
)
"""What is left of these once a failure to connect is told apart: the request may have arrived."""


class AiohttpTransport(httpx.AsyncBaseTransport):
    """Carry httpx requests over a pool of aiohttp connections.

    Of httpx's timeouts `pool` bounds the wait for a free connection, `connect` the TCP and TLS
    handshakes, `read` the wait for each part of the answer, and all of them together the whole
    request, so that an answer which trickles in cannot hold it for ever.

    Args:
        max_connections: How many connections may be open at once.
        tls: Whom to trust; None for the system's authorities.
    """

    def __init__(self, max_connections: int = 100, tls: ssl.SSLContext | None = None) -> None:
        self._max_connections = max_connections
        self._tls = tls
        self._session: aiohttp.ClientSession | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request and read its whole answer.

        Raises:
            httpx.ConnectError: Nothing listens there, or it is not whom we trust; not sent.
            httpx.ConnectTimeout: No connection in time, be it for a full pool; not sent.
            httpx.ReadTimeout: No answer, or not all of it, in time; perhaps sent.
            httpx.RemoteProtocolError: Disconnected, or answered what is not HTTP; perhaps sent.
            httpx.ReadError: The answer broke off; perhaps sent.
        """
        body = await request.aread()
        try:
            return await self._exchange(request, body)
        except aiohttp.ConnectionTimeoutError as exc:
            raise httpx.ConnectTimeout("no connection in time", request=request) from exc
        except aiohttp.ClientConnectorError as exc:
            raise httpx.ConnectError("no connection", request=request) from exc
        except (aiohttp.SocketTimeoutError, TimeoutError) as exc:
            raise httpx.ReadTimeout("no answer in time", request=request) from exc
        except _NO_ANSWER as exc:
            raise httpx.RemoteProtocolError("no HTTP answer", request=request) from exc
        except (aiohttp.ClientError, OSError) as exc:
            raise httpx.ReadError("the answer broke off", request=request) from exc

    async def aclose(self) -> None:
        """Close all connections; safe to call twice."""
        if self._session is not None:
            await self._session.close()

    async def _exchange(self, request: httpx.Request, body: bytes) -> httpx.Response:
        limits = request.extensions.get("timeout", _NO_LIMITS)
        async with self._open_session().request(
            request.method,
            URL(str(request.url), encoded=True),
            headers=_own_headers(request),
            data=body or None,
            allow_redirects=False,
            timeout=_read_timeouts(limits["connect"], limits["read"], limits["pool"]),
            middlewares=() if request.method == _NEVER_REPEATED else None,
        ) as answer:
            response = httpx.Response(
                answer.status,
                headers=answer.raw_headers,
                stream=httpx.ByteStream(await _read_answer(answer.content)),
                extensions={"http_version": b"HTTP/1.1"},
            )
            response.read()  # at once: it costs less than by way of an asynchronous stream
            return response

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:  # opened late: it belongs to the event loop that first uses it
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=self._max_connections,
                    ssl=self._tls or True,
                    keepalive_timeout=KEEP_ALIVE_S,
                    ttl_dns_cache=60,
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                skip_auto_headers=_NO_AUTOMATIC_HEADERS,
                middlewares=(_send_once,),
            )
        return self._session


async def _send_once(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """Keep aiohttp from repeating a GET whose connection broke: with some providers a GET sends."""
    try:
        return await handler(request)
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as exc:
        raise _AnswerLostError from exc


async def _read_answer(content: aiohttp.StreamReader) -> bytes:
    answer = b""
    while chunk := await content.readany():
        answer += chunk
        if len(answer) > MAX_ANSWER_BYTES:
            raise aiohttp.ClientPayloadError("answer too long")
    return answer


def _own_headers(request: httpx.Request) -> list[tuple[str, str]]:
    """Leave out the framing, which the engine does itself."""
    return [
        (name.decode("ascii"), field.decode("latin-1"))
        for name, field in request.headers.raw
        if name.lower() not in _OWN_HEADERS
    ]


@lru_cache
def _read_timeouts(
    connect_s: float | None, read_s: float | None, pool_s: float | None
) -> aiohttp.ClientTimeout:
    """Translate httpx's timeouts: to aiohttp, waiting for a place is part of `connect`."""
    place_s = _add(pool_s, connect_s)
    return aiohttp.ClientTimeout(
        total=_add(place_s, read_s), connect=place_s, sock_connect=connect_s, sock_read=read_s
    )


def _add(first_s: float | None, second_s: float | None) -> float | None:
    return None if first_s is None or second_s is None else first_s + second_s
