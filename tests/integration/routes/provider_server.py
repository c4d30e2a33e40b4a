"""A provider on loopback: answers by script, and keeps the requests it got."""

import asyncio
import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from tests.integration.routes.scripted import Script, ScriptedServer, reset_connection


@dataclass(frozen=True)
class Reply:
    """One HTTP answer."""

    status: int = 200
    body: bytes = b"{}"
    head: Mapping[str, str] = field(default_factory=dict)

    def encode(self) -> bytes:
        """Write it as it goes over the wire."""
        lines = [f"HTTP/1.1 {self.status} X", f"Content-Length: {len(self.body)}"]
        lines += [f"{name}: {text}" for name, text in self.head.items()]
        return "\r\n".join([*lines, "", ""]).encode() + self.body


class Answering:
    """Answers one request after the other; the last reply stays. None ends the connection."""

    def __init__(self, *replies: Reply | None) -> None:
        self._replies = list(replies)

    def __call__(self, server: ScriptedServer) -> Script:
        async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while True:
                await server.read_request(reader)
                reply = self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]
                if reply is None:
                    reset_connection(writer)
                    return
                writer.write(reply.encode())

        return play


@dataclass(frozen=True)
class Seen:
    """A request as the provider got it."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        """Its path, without the query."""
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        """The parameters of its address."""
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    @property
    def form(self) -> dict[str, str]:
        """The fields of its body; fails where one comes twice."""
        pairs = parse_qsl(self.body.decode(), keep_blank_values=True, strict_parsing=True)
        fields = dict(pairs)
        assert len(fields) == len(pairs)
        return fields

    @property
    def signed_in(self) -> str:
        """Name and password of HTTP Basic authentication."""
        scheme, _, token = self.headers["authorization"].partition(" ")
        assert scheme == "Basic"
        return base64.b64decode(token).decode()


def read_seen(request: bytes) -> Seen:
    """Read a request that a server remembers."""
    head, _, body = request.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    method, target, _ = first.split(" ")
    pairs = (line.split(": ", 1) for line in lines)
    return Seen(method, target, {name.lower(): text for name, text in pairs}, body)
