"""A provider on loopback that answers each request as a test says."""

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
from tests.people import phone_of

NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)


class StoppedClock:
    """Always the same moment."""

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


@dataclass(frozen=True)
class Reply:
    """What it answers; a status of 0 ends the connection instead."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def write(self) -> bytes:
        body = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        head = {"Content-Length": str(len(body))} | dict(self.headers)
        lines = "".join(f"{name}: {text}\r\n" for name, text in head.items())
        return f"HTTP/1.1 {self.status} X\r\n{lines}\r\n".encode() + body


LOST = Reply(0)
"""The request is read, and the connection ends without an answer."""

Answer = Callable[[Request], Reply]


@dataclass
class Provider:
    """A provider that is being served.

    Attributes:
        port: Where it listens.
        requests: What it was asked so far.
        answer: How it answers; may be changed at any time.
    """

    answer: Answer
    port: int = 0
    requests: list[Request] = field(default_factory=list)

    def script(self, server: ScriptedServer) -> Script:
        async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while True:
                self.requests.append(read_request(await server.read_request(reader)))
                reply = self.answer(self.requests[-1])
                if reply.status == 0:
                    reset_connection(writer)
                    return
                writer.write(reply.write())
                await writer.drain()

        return play


@asynccontextmanager
async def serve_provider(answer: Answer) -> AsyncIterator[Provider]:
    """Serve a provider on a free loopback port."""
    provider = Provider(answer)
    async with serve_script(provider.script) as server:
        provider.port = server.port
        yield provider


def read_request(raw: bytes) -> Request:
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    method, target, _ = first.split(" ")
    headers = dict(line.split(": ", 1) for line in lines)
    return Request(method, target, {name.lower(): text for name, text in headers.items()}, body)


def submission(number: int = 0, **changes: Any) -> Submission:
    """Return a message to one of 1,000 people that nobody is, with a text of its own."""
    told: dict[str, Any] = {
        "delivery_id": f"d-{number}",
        "attempt_id": f"{number:032x}",
        "idempotency_key": f"d-{number}-bravo",
        "address": phone_of(number),
        "text": f"Flood, person {number}: 洪水 & shelter {number}",
    }
    return Submission(**(told | changes))
