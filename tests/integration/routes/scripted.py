"""A raw TCP server that does to each connection what a test's script says."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class ScriptedServer:
    """A listening server and what it has seen.

    Attributes:
        port: Where it listens, on 127.0.0.1.
        seen: The requests or commands read so far.
        connection_count: How many connections it has taken.
    """

    def __init__(self, script: "Callable[[ScriptedServer], Script]") -> None:
        self.port = 0
        self.seen: list[bytes] = []
        self.connection_count = 0
        self._play = script(self)
        self._open: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Condition()

    async def read_request(self, reader: asyncio.StreamReader) -> bytes:
        """Read one HTTP request with its body, and remember it."""
        head = await reader.readuntil(b"\r\n\r\n")
        length = 0
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        return await self._remember(head + await reader.readexactly(length))

    async def read_line(self, reader: asyncio.StreamReader) -> bytes:
        """Read one SMTP command, and remember it."""
        return await self._remember((await reader.readuntil(b"\r\n")).strip())

    async def wait_until_seen(self, count: int) -> None:
        """Wait until so many requests or commands have been read."""
        async with self._changed:
            await self._changed.wait_for(lambda: len(self.seen) >= count)

    async def wait_until_seen_line(self, start: bytes) -> None:
        """Wait until a command that starts so has been read."""
        async with self._changed:
            await self._changed.wait_for(lambda: any(each.startswith(start) for each in self.seen))

    async def wait_until_closed(self) -> None:
        """Wait until every connection has ended and its other end has had the time to notice."""
        async with self._changed:
            await self._changed.wait_for(lambda: not self._open)
        for _ in range(5):  # close, FIN, read of the end: one turn of the loop each
            await asyncio.sleep(0)

    async def take_connection(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Play the script on one connection."""
        task = asyncio.current_task()
        assert task is not None
        self.connection_count += 1
        self._open.add(task)
        with contextlib.suppress(
            asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError
        ):
            await self._play(reader, writer)
        writer.close()
        self._open.discard(task)
        async with self._changed:
            self._changed.notify_all()

    async def end_connections(self) -> None:
        """End what is still open."""
        tasks = list(self._open)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks)

    async def _remember(self, seen: bytes) -> bytes:
        async with self._changed:
            self.seen.append(seen)
            self._changed.notify_all()
        return seen


@asynccontextmanager
async def serve_script(
    script: Callable[[ScriptedServer], Script], tls: ssl.SSLContext | None = None
) -> AsyncIterator[ScriptedServer]:
    """Serve a script on a free loopback port."""
    scripted = ScriptedServer(script)
    server = await asyncio.start_server(scripted.take_connection, "127.0.0.1", 0, ssl=tls)
    scripted.port = server.sockets[0].getsockname()[1]
    async with server:
        try:
            yield scripted
        finally:
            await scripted.end_connections()


def reset_connection(writer: asyncio.StreamWriter) -> None:
    """End the connection at once, as a crashed peer does."""
    writer.transport.abort()
