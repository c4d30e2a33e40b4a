"""HTTP servers of the sandbox: plain ASGI behind uvicorn, which can break a connection off."""

import asyncio
import contextlib
import functools
import socket
import struct
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class ResettingProtocol(H11Protocol):
    """uvicorn's HTTP protocol, which lets the application end the connection without an answer."""

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.app = functools.partial(self._call_with_reset, self.app)

    async def _call_with_reset(self, app: Any, scope: Scope, receive: Receive, send: Send) -> None:
        scope["extensions"] = {"reset": self.reset}
        await app(scope, receive, send)

    def reset(self) -> None:
        """End the connection as a crash does: with a RST, answering nothing."""
        connection = self.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()


async def read_body(receive: Receive) -> bytes:
    """Return the whole body of a request."""
    body = bytearray()
    is_more = True
    while is_more:
        event = await receive()
        body += event.get("body", b"")
        is_more = event.get("more_body", False)
    return bytes(body)


async def answer(send: Send, status: int, body: bytes, *headers: tuple[bytes, bytes]) -> None:
    """Answer a request."""
    framing = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [framing, *headers]})
    await send({"type": "http.response.body", "body": body})


async def hold(receive: Receive, hold_s: float) -> None:
    """Keep the client waiting until it gives up."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(hold_s):
            await receive()
