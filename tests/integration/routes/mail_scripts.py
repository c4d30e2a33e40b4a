"""A scripted mail server, and a route to it."""

import asyncio
import ssl
from collections import Counter
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
    """Answers each command politely, but the n-th time as told.

    Attributes:
        unusual: Replies by command and its count.
        counts_anew: Whether each connection counts for itself.
        greeting: What is said first.
        delay_s: How long each message takes.
        dies_at: The beginning of a command at which the connection ends without a word.
        hello: The reply to EHLO.
    """

    unusual: dict[tuple[bytes, int], str] = field(default_factory=dict)
    greeting: str = "220 sandbox"
    counts_anew: bool = False
    delay_s: float = 0.0
    dies_at: bytes | None = None
    hello: ClassVar[str] = POLITE[b"EHLO"]

    def __call__(self, server: ScriptedServer) -> Script:
        all_counts: Counter[bytes] = Counter()

        async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            counts = Counter[bytes]() if self.counts_anew else all_counts
            writer.write(f"{self.greeting}\r\n".encode())
            is_talking = True
            while is_talking:
                line = await server.read_line(reader)
                if self.dies_at and line.startswith(self.dies_at):
                    reset_connection(writer)
                    return
                verb = line.split(b" ")[0].upper()
                counts[verb] += 1
                if verb in POLITE:  # else it is a line of a message
                    is_talking = await self._answer(verb, counts, writer)

            while not writer.is_closing():  # hang: listen, and say nothing any more
                await server.read_line(reader)

        return play

    async def _answer(
        self, verb: bytes, counts: Counter[bytes], writer: asyncio.StreamWriter
    ) -> bool:
        """Answer one command; return whether the conversation goes on."""
        if verb == b".":
            await asyncio.sleep(self.delay_s)
        polite = self.hello if verb == b"EHLO" else POLITE[verb]
        reply = self.unusual.get((verb, counts[verb]), polite)
        if verb in (b"RCPT", b"DATA") and (b"MAIL", counts[b"MAIL"]) in self.unusual:
            reply = "503 5.5.1 MAIL first"
        if reply == RESET:
            reset_connection(writer)
        elif reply != HOLD:
            writer.write(f"{reply}\r\n".encode())
            if reply.startswith("421") or verb == b"QUIT":
                writer.close()
        return reply != HOLD and not writer.is_closing()


def unusual(verb: bytes, reply: str, *, nth: int = 1) -> MailScript:
    return MailScript({(verb, nth): reply})


def submission(address: str = "anna@example.net", number: int = 1) -> Submission:
    told = (f"d-{number}", f"a-{number}", f"k-{number}")
    return Submission(*told, address, "Please answer.", subject="Flood")


def smtp_settings(port: object, **changes: object) -> SmtpSettings:
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
        route = SmtpRoute(smtp_settings(**{"port": server.port} | changes))
        yield route, server
        await route.aclose()
