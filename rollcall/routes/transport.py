"""An httpx transport on aiohttp's engine that says truthfully whether a request may have left.

httpx's own connection pool collapses with the number of connections (1,400 messages per CPU second
at 4, 40 at 256), and `httpx-aiohttp` 0.2.0 reports "disconnected after the request was sent" as a
connect timeout, so that a sender which trusts it sends twice. Here one rule holds:

    `NOT_SENT` errors mean that no byte of the request left; after every other error it may have
    arrived.

Redirects are answers, never followed. A request is written to the network once, whatever happens.

Of aiohttp this uses the connections (pool, TLS, names) and the parser of answers, without the
session above them: of a message's time that took more than half. tests/integration/routes has a
test for every way in which an exchange can end; they hold with the aiohttp that is pinned.
"""

import asyncio
import logging
import math
import ssl
from collections.abc import Callable
from functools import lru_cache

import aiohttp
import httpx
from aiohttp.abc import AbstractResolver
from aiohttp.client_proto import ResponseHandler
from aiohttp.client_reqrep import ClientRequest
from aiohttp.connector import Connection
from aiohttp.http import HttpProcessingError
from aiohttp.http_parser import RawResponseMessage
from aiohttp.streams import StreamReader
from yarl import URL

from rollcall.routes.deadlines import Deadlines
from rollcall.routes.whole import WholeResponse, write_request

# at INFO httpx logs every URL, and with `body_format = "query"` that holds the number and the text
logging.getLogger("httpx").setLevel(logging.WARNING)

NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.LocalProtocolError,
)
"""Errors after which the same message may be sent again by any way: this request never left."""

MAX_ANSWER_BYTES = 1_048_576
"""A provider's answer is a few hundred bytes; a longer one is somebody else's page."""

KEEP_ALIVE_S = 55.0
"""How long an unused connection is kept: just below the 60 s after which most balancers drop it."""

LOOK_AGAIN_S = 0.02
"""How long it takes until one looks again whether connections that are too many have ended."""

_NO_ANSWER = (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError, HttpProcessingError)
_NO_LIMITS = httpx.Timeout(None).as_dict()
_LONGEST_S = 86_400.0

_Origin = tuple[str, str, int | None]

MakeResolver = Callable[[], AbstractResolver]


class AiohttpTransport(httpx.AsyncBaseTransport):
    """Carry httpx requests over a pool of aiohttp connections.

    Of httpx's timeouts `pool` bounds the wait for a free connection, `connect` the TCP and TLS
    handshakes, and `read` the wait for the whole answer, so that one which trickles in cannot hold
    us for ever; `write` counts for nothing, since what is written is buffered.

    Args:
        max_connections: How many connections may be open at once.
        tls: Whom to trust; None for the system's authorities.
        make_resolver: Makes what looks names up, called on the event loop; None for the system's.
            Addresses that are written as such are not looked up.
    """

    def __init__(
        self,
        max_connections: int = 100,
        tls: ssl.SSLContext | None = None,
        make_resolver: MakeResolver | None = None,
    ) -> None:
        self._max_connections = max_connections
        self._tls = tls
        self._make_resolver = make_resolver
        self._connector: aiohttp.TCPConnector | None = None
        self._targets: dict[_Origin, ClientRequest] = {}
        self._deadlines: dict[float, Deadlines] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request and read its whole answer.

        Raises:
            httpx.ConnectError: Nothing listens there, or it is not whom we trust; not sent.
            httpx.ConnectTimeout: No connection in time, be it for a full pool; not sent.
            httpx.ReadTimeout: No answer, or not all of it, in time; perhaps sent.
            httpx.RemoteProtocolError: Disconnected, or answered what is not HTTP; perhaps sent.
            httpx.ReadError: The answer broke off; perhaps sent.
            httpx.LocalProtocolError: A header holds a line break; not sent.
        """
        text = write_request(request, await request.aread())
        limits = request.extensions.get("timeout", _NO_LIMITS)
        connection = await self._connect(request, _bound_connecting(**limits))
        try:
            return await _exchange(connection, text, request, self._patience(limits["read"]))
        except (aiohttp.SocketTimeoutError, TimeoutError) as exc:
            raise httpx.ReadTimeout("no answer in time", request=request) from exc
        except _NO_ANSWER as exc:
            raise httpx.RemoteProtocolError("no HTTP answer", request=request) from exc
        except (aiohttp.ClientError, OSError) as exc:
            raise httpx.ReadError("the answer broke off", request=request) from exc

    async def aclose(self) -> None:
        """Close all connections; safe to call twice."""
        for deadlines in self._deadlines.values():
            deadlines.close()
        if self._connector is not None:
            await self._connector.close()

    async def keep_to(self, connections: int) -> None:
        """Hold at most so many connections from now on; return once no more are open.

        What is under way over those that are too many ends in its own time.
        """
        self._max_connections = connections
        if self._connector is None:
            return
        self._connector._limit = connections
        while self._count_idle() + len(self._connector._acquired) > connections:
            self._close_idle()
            await asyncio.sleep(LOOK_AGAIN_S)

    def _count_idle(self) -> int:
        return sum(map(len, self._connector._conns.values())) if self._connector else 0

    def _close_idle(self) -> None:
        if self._connector is not None:
            kept = [protocol for one in self._connector._conns.values() for protocol, _ in one]
            self._connector._conns.clear()
            for protocol in kept:
                protocol.close()

    async def _connect(self, request: httpx.Request, limits: aiohttp.ClientTimeout) -> Connection:
        if self._connector is None:  # made late: it belongs to the event loop that first uses it
            self._connector = aiohttp.TCPConnector(
                limit=self._max_connections,
                keepalive_timeout=KEEP_ALIVE_S,
                ttl_dns_cache=60,
                resolver=self._make_resolver() if self._make_resolver else None,
            )
        try:
            return await self._connector.connect(self._target(request.url), [], limits)
        except TimeoutError as exc:
            raise httpx.ConnectTimeout("no connection in time", request=request) from exc
        except (aiohttp.ClientError, OSError) as exc:
            raise httpx.ConnectError("no connection", request=request) from exc

    def _patience(self, read_s: float | None) -> Deadlines:
        patience_s = _LONGEST_S if read_s is None else read_s
        if patience_s not in self._deadlines:
            self._deadlines[patience_s] = Deadlines(patience_s)
        return self._deadlines[patience_s]

    def _target(self, url: httpx.URL) -> ClientRequest:
        """Return what aiohttp knows a server by: a request that is never sent, kept for each."""
        origin = (url.scheme, url.host, url.port)
        if origin not in self._targets:
            self._targets[origin] = ClientRequest(
                "HEAD",
                URL(str(url.copy_with(userinfo=b"", raw_path=b"/", fragment=None)), encoded=True),
                loop=asyncio.get_running_loop(),
                ssl=self._tls or True,
            )
        return self._targets[origin]


async def _exchange(
    connection: Connection, text: bytes, request: httpx.Request, deadlines: Deadlines
) -> httpx.Response:
    """Write a request and read its answer; a connection that is left in the middle is closed."""
    protocol = connection.protocol
    if protocol is None or protocol.transport is None:
        connection.close()
        raise httpx.ConnectError("no connection", request=request)
    try:
        protocol.set_response_params(
            skip_payload=request.method == "HEAD", read_until_eof=True, auto_decompress=False
        )
        protocol.transport.write(text)
        due_at = deadlines.start(protocol)
        try:
            head, content = await _read_head(protocol)
        finally:
            deadlines.stop(protocol)
        body = await _read_content(content, due_at)
    except BaseException:
        connection.close()
        raise
    connection.release()
    return _to_response(head, body)


async def _read_head(protocol: ResponseHandler) -> tuple[RawResponseMessage, StreamReader]:
    """Read the head of the answer; interim ones (1xx) are passed over."""
    while True:
        head, content = await protocol.read()
        if head.code // 100 != 1:
            return head, content


async def _read_content(content: StreamReader, due_at: float) -> bytes:
    """Read the body, which has mostly come with the head."""
    body = content.read_nowait()
    while not content.at_eof() and len(body) <= MAX_ANSWER_BYTES:
        async with asyncio.timeout_at(due_at):
            body += await content.readany()
    if len(body) > MAX_ANSWER_BYTES:
        raise aiohttp.ClientPayloadError("answer too long")
    return body


def _to_response(head: RawResponseMessage, body: bytes) -> httpx.Response:
    if "Content-Encoding" not in head.headers:
        return WholeResponse(head.code, head.raw_headers, body)
    response = httpx.Response(head.code, headers=head.raw_headers, stream=httpx.ByteStream(body))
    response.read()  # unpacks it
    return response


@lru_cache
def _bound_connecting(
    connect: float | None, pool: float | None, read: float | None, write: float | None
) -> aiohttp.ClientTimeout:
    """Translate httpx's timeouts: to aiohttp, waiting for a place is part of `connect`."""
    del read, write  # they come after
    place_s = None if pool is None or connect is None else pool + connect
    return aiohttp.ClientTimeout(connect=place_s, sock_connect=connect, ceil_threshold=math.inf)
