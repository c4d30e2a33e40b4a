"""A mail provider on loopback: a real HTTP server that answers as a test's function says."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from rollcall.routes.base import Submission
from tests.integration.routes.scripted import (
    Script,
    ScriptedServer,
    reset_connection,
    serve_script,
)

NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
SENDER = "Crisis Team <crisis@example.org>"


class FixedClock:
    """A clock that stands still."""

    def now(self) -> datetime:
        return NOW


@dataclass(frozen=True)
class Request:
    """What a provider was asked."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    def form(self) -> dict[str, str]:
        """Read a multipart form, as RFC 7578 has it."""
        boundary = self.headers["content-type"].partition("boundary=")[2].encode()
        fields: dict[str, str] = {}
        for part in self.body.split(b"--" + boundary)[1:-1]:
            head, _, value = part.partition(b"\r\n\r\n")
            assert value.endswith(b"\r\n")
            fields[head.decode().split('name="')[1].split('"')[0]] = value[:-2].decode()
        return fields


@dataclass(frozen=True)
class Reply:
    """What a provider answers; a status of 0 ends the connection without an answer."""

    status: int
    body: Any = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    def render(self) -> bytes:
        body = self.body if isinstance(self.body, str) else json.dumps(self.body)
        head = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
        encoded = body.encode()
        first = f"HTTP/1.1 {self.status} X\r\nContent-Length: {len(encoded)}\r\n"
        return f"{first}{head}\r\n".encode() + encoded


LOST = Reply(0)
Answer = Callable[[Request], Reply]


class Provider:
    """Answers every request by a function; remembers what it was asked."""

    def __init__(self, answer: Answer) -> None:
        self.requests: list[Request] = []
        self._answer = answer

    def __call__(self, server: ScriptedServer) -> Script:
        async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while True:
                request = read_request(await server.read_request(reader))
                self.requests.append(request)
                reply = self._answer(request)
                if reply.status == 0:
                    reset_connection(writer)
                    return
                writer.write(reply.render())

        return play


@asynccontextmanager
async def serve_provider(answer: Answer) -> AsyncIterator[tuple[Provider, str]]:
    """Serve a provider; yield it and its address."""
    provider = Provider(answer)
    async with serve_script(provider) as server:
        yield provider, f"http://127.0.0.1:{server.port}"


def read_request(raw: bytes) -> Request:
    """Take an HTTP request apart."""
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    method, target, _ = first.split(" ")
    headers = (line.split(": ", 1) for line in lines)
    return Request(method, target, {name.lower(): value for name, value in headers}, body)


def submission(number: int = 1, /, **changes: Any) -> Submission:
    """Make a submission to somebody whom there is not."""
    plain: dict[str, Any] = {
        "delivery_id": f"d-{number}",
        "attempt_id": f"a-{number}",
        "idempotency_key": f"d-{number}/r",
        "address": f"p{number}@example.org",
        "text": "Flood: go up.\n",
        "subject": "Flood",
    }
    return Submission(**(plain | changes))
