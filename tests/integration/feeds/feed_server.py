"""A web server on loopback whose pages a test sets, with what they were asked for."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.integration.routes.scripted import Script, ScriptedServer, serve_script

Answer = Callable[["Request", asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True)
class Request:
    path: str
    headers: dict[str, str]


@dataclass
class FeedServer:
    """Pages by path; what is not there is 404."""

    port: int = 0
    pages: dict[str, Answer] = field(default_factory=dict)
    seen: list[Request] = field(default_factory=list)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def paths_seen(self) -> list[str]:
        return sorted(request.path for request in self.seen)


@asynccontextmanager
async def serve_feeds() -> AsyncIterator[FeedServer]:
    feeds = FeedServer()

    def script(server: ScriptedServer) -> Script:
        async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            request = _parse(await server.read_request(reader))
            feeds.seen.append(request)
            await feeds.pages.get(request.path, answer_status(404))(request, writer)
            await writer.drain()

        return play

    async with serve_script(script) as server:
        feeds.port = server.port
        yield feeds


def answer(body: bytes | str, *headers: str, status: int = 200) -> Answer:
    """Answer with a body and these header lines."""
    content = body.encode() if isinstance(body, str) else body

    async def write(_: Request, writer: asyncio.StreamWriter) -> None:
        lines = [f"HTTP/1.1 {status} X", "Connection: close", *headers]
        lines.append(f"Content-Length: {len(content)}")
        writer.write("\r\n".join([*lines, "", ""]).encode("latin-1") + content)

    return write


def answer_status(status: int, *headers: str) -> Answer:
    return answer(b"", *headers, status=status)


def answer_raw(content: bytes) -> Answer:
    async def write(_: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(content)

    return write


def redirect(target: str) -> Answer:
    return answer_status(302, f"Location: {target}")


def answer_gzip(body: bytes) -> Answer:
    return answer(gzip.compress(body), "Content-Encoding: gzip")


def answer_version(body: bytes, etag: str) -> Answer:
    """Answer 304 to whoever knows this version."""

    async def write(request: Request, writer: asyncio.StreamWriter) -> None:
        is_known = request.headers.get("if-none-match") == etag
        page = answer_status(304) if is_known else answer(body, f"ETag: {etag}")
        await page(request, writer)

    return write


async def hold_for_ever(_: Request, __: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def trickle_for_ever(_: Request, writer: asyncio.StreamWriter) -> None:
    """Send a body byte by byte, so that none is ever long in coming."""
    writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0)


async def grow_for_ever(_: Request, writer: asyncio.StreamWriter) -> None:
    """Send a body without end."""
    writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    while True:
        writer.write(b" " * 65_536)
        await writer.drain()


def _parse(request: bytes) -> Request:
    first, *lines = request.decode("latin-1").rstrip().split("\r\n")
    pairs = [line.partition(": ") for line in lines]
    return Request(first.split()[1], {name.lower(): value for name, _, value in pairs})
