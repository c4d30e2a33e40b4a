"""A real HTTP server that takes what providers call back with, as the portal will."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from rollcall.routes.callbacks import Callback
from tests.integration.routes.scripted import Script, ScriptedServer, serve_script

PATIENCE_S = 30.0


class CallbackReceiver:
    """What came in so far.

    Attributes:
        public_url: Where it is reached.
        callbacks: Every request, in the order of arrival, refused ones included.
        refusals: HTTP statuses for the next requests; afterwards all are answered 200.
    """

    def __init__(self) -> None:
        self.public_url = ""
        self.callbacks: list[Callback] = []
        self.refusals: list[int] = []
        self._changed = asyncio.Condition()

    async def wait_until(self, is_enough: Callable[[list[Callback]], bool]) -> list[Callback]:
        """Wait until what came in is enough, and return it; fail after a while."""
        async with asyncio.timeout(PATIENCE_S), self._changed:
            await self._changed.wait_for(lambda: is_enough(self.callbacks))
        return list(self.callbacks)

    async def wait_for(self, count: int) -> list[Callback]:
        """Wait for so many callbacks."""
        return await self.wait_until(lambda callbacks: len(callbacks) >= count)

    def script(self, server: ScriptedServer) -> Script:
        """Return what happens on one connection."""

        async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while True:
                callback = self._read(await server.read_request(reader))
                status = self.refusals.pop(0) if self.refusals else 200
                writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n".encode())
                async with self._changed:
                    self.callbacks.append(callback)
                    self._changed.notify_all()

        return play

    def _read(self, request: bytes) -> Callback:
        head, _, body = request.partition(b"\r\n\r\n")
        first, *lines = head.decode("ascii").split("\r\n")
        method, target, _ = first.split(" ")
        headers = {name.lower(): told for name, told in (line.split(": ", 1) for line in lines)}
        return Callback(method, f"{self.public_url}{target}", headers, body)


@asynccontextmanager
async def receive_callbacks() -> AsyncIterator[CallbackReceiver]:
    """Run a receiver on a free loopback port."""
    receiver = CallbackReceiver()
    async with serve_script(receiver.script) as server:
        receiver.public_url = f"http://127.0.0.1:{server.port}"
        yield receiver
