"""A scripted mail server, and a route to it."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import ClassVar

from rollcall.routes.base import Submission
from rollcall.routes.email.smtp import SmtpRoute
from rollcall.routes.settings import SmtpSettings
from tests.integration.routes.scripted import (
    Script,
    ScriptedServer,
    reset_connection,
    serve_script,
)

RESET = "reset"
HOLD = "hold"
PIPELINING = "250-sandbox\r\n250-PIPELINING\r\n250 SMTPUTF8"
POLITE = {
    b"EHLO": "250-sandbox\r\n250 SMTPUTF8",
    b"MAIL": "250 2.1.0 Ok",
    b"RCPT": "250 2.1.5 Ok",
    b"DATA": "354 Go on",
    b".": "250 2.0.0 Ok: queued as 4XYZ",
    b"RSET": "250 2.0.0 Ok",
    b"QUIT": "221 2.0.0 Bye",
}


@dataclass
class MailScript:
    """Answers each command politely, but the n-th time as told."""

    unusual: dict[tuple[bytes, int], str] = field(default_factory=dict)
    greeting: str = "220 sandbox"
    hello: ClassVar[str] = POLITE[b"EHLO"]

    def __call__(self, server: ScriptedServer) -> Script:
        counts: dict[bytes, int] = {}

        async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(f"{self.greeting}\r\n".encode())
            while True:
                verb = (await server.read_line(reader)).split(b" ")[0].upper()
                if verb not in POLITE:
                    continue  # a line of a message
                counts[verb] = counts.get(verb, 0) + 1
                polite = self.hello if verb == b"EHLO" else POLITE[verb]
                reply = self.unusual.get((verb, counts[verb]), polite)
                if reply == RESET:
                    reset_connection(writer)
                    return
                if reply != HOLD:
                    writer.write(f"{reply}\r\n".encode())
                if reply.startswith("421") or verb == b"QUIT":
                    return

        return play


def unusual(verb: bytes, reply: str, *, nth: int = 1) -> MailScript:
    return MailScript({(verb, nth): reply})


def submission(address: str = "anna@example.net", number: int = 1) -> Submission:
    told = (f"d-{number}", f"a-{number}", f"k-{number}")
    return Submission(*told, address, "Please answer.", subject="Flood")


def smtp_settings(port: int, **changes: object) -> SmtpSettings:
    settings = {
        "id": "relay",
        "kind": "smtp",
        "host": "127.0.0.1",
        "port": port,
        "security": "none",
        "sender": "Crisis Team <crisis@example.org>",
        "answer_timeout_s": 0.3,
    }
    return SmtpSettings.model_validate(settings | changes)


@asynccontextmanager
async def open_route(
    script: Callable[[ScriptedServer], Script],
    tls: ssl.SSLContext | None = None,
    **changes: object,
) -> AsyncIterator[tuple[SmtpRoute, ScriptedServer]]:
    async with serve_script(script, tls) as server:
        route = SmtpRoute(smtp_settings(server.port, **changes))
        yield route, server
        await route.aclose()
