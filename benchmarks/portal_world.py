"""A chat of many members, and what their browsers send: written out before the clock runs."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rollcall.domain.audience import Audience, Position, Recipient, digest_audience
from rollcall.domain.message import MessageRequest
from rollcall.domain.personal_links import derive_token, digest_token
from rollcall.ledger.engine import Ledger
from rollcall.ledger.messages import NewMessage, accept_message
from rollcall.ledger.pending import freeze_audience
from rollcall.ledger.recording import Portion, record_portion
from rollcall.ledger.sms_rules import SmsRules
from rollcall.portal.nonces import Nonces

KEY = bytes(range(32))
PUBLIC_URL = "https://safe.example.org"
ROUTES = """
[[route]]
id = "mail"
kind = "smtp"
host = "127.0.0.1"
port = 2525
security = "none"
sender = "Example Corp <safety@example.org>"
"""


@dataclass(frozen=True)
class World:
    """A chat and the tokens of its members."""

    chat_id: str
    tokens: list[str]


def open_chat(ledger: Ledger, member_count: int) -> World:
    """Open a chat with so many members; who they are is of no matter."""
    now = datetime.now(UTC)
    request = MessageRequest.model_validate(
        {
            "content": {"subject": "Flood", "text": "Are you safe?", "language": "en"},
            "selection": {"everyone": True},
            "options": {"ok_request": True},
            "chat": {},
        }
    )
    told = request.model_dump(mode="json", exclude_none=True)
    new = NewMessage(
        "benchmark", "digest", told, "benchmark", uses_last_good=False, as_of=now, opens=request
    )
    message, _ = accept_message(ledger, new, now)
    people = tuple(_recipient(number, now) for number in range(member_count))
    freeze_audience(ledger, message.message_id, Audience(now, people, ()), ("email",))
    whole = Portion(0, people, [], [], digest_audience(people))
    record_portion(ledger, message.message_id, whole, SmsRules(), now, key=KEY)
    chat_id = message.chat_id or ""
    return World(chat_id, [derive_token(KEY, chat_id, one.person_id) for one in people])


def _recipient(number: int, now: datetime) -> Recipient:
    return Recipient(
        person_id=f"p{number:06}",
        name=f"Person {number}",
        email=f"p{number}@example.org",
        phone=None,
        language="en",
        home_country="JP",
        position=Position("report", "JP", 35.5, 139.7, now),
        via=({"by": "everyone"},),
    )


def write_get(path: str) -> bytes:
    """Return a request for a page."""
    return f"GET {path} HTTP/1.1\r\nHost: portal\r\nAccept-Language: en\r\n\r\n".encode()


def write_answer(token: str, said: str = "ok") -> bytes:
    """Return the request that a tap on a button sends."""
    nonce = Nonces(KEY).issue(digest_token(token))
    body = f"nonce={nonce}&answer={said}"
    lines = [
        f"POST /c/{token}/answer HTTP/1.1",
        "Host: portal",
        "Content-Type: application/x-www-form-urlencoded",
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join([*lines, "", body]).encode()


class Line:
    """A kept connection to a portal on this machine."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def send(self, request: bytes) -> int:
        """Send a request; return the status once the answer is here to its end."""
        if self._reader is None or self._writer is None:
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        at = head.lower().find(b"content-length: ")
        if at >= 0:
            await self._reader.readexactly(int(head[at + 16 : head.index(b"\r\n", at)]))
        return int(head[9:12])

    def close(self) -> None:
        """Hang up."""
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None


class Portal:
    """`rollcall portal` as an operator runs it; it can be killed."""

    def __init__(self, folder: Path, port: int) -> None:
        self._port = port
        self._env = os.environ | {
            "ROLLCALL_DATA_DIR": str(folder),
            "ROLLCALL_ROUTES_FILE": str(folder / "routes.toml"),
            "ROLLCALL_PUBLIC_URL": PUBLIC_URL,
            "ROLLCALL_PORTAL_KEY": KEY.hex(),
        }
        (folder / "routes.toml").write_text(ROUTES)
        self.start()

    def start(self) -> None:
        """Start it, also once more."""
        command = [sys.executable, "-m", "rollcall.cli", "portal", "--port", str(self._port)]
        self.process = subprocess.Popen(command, env=self._env)  # noqa: S603 - our own

    def kill(self) -> None:
        """End it as a power cut does."""
        self.process.kill()
        self.process.wait(timeout=30)


@contextmanager
def running_portal(folder: Path, port: int) -> Iterator[Portal]:
    """Run the portal until the context ends; begin when it listens."""
    portal = Portal(folder, port)
    try:
        wait_until_listening(port)
        yield portal
    finally:
        portal.kill()


def wait_until_listening(port: int, patience_s: float = 60.0) -> None:
    """Return when connections are taken."""

    async def knock() -> None:
        line = Line(port)
        give_up_at = time.monotonic() + patience_s
        while time.monotonic() < give_up_at:
            with suppress(OSError, asyncio.IncompleteReadError):
                await line.send(write_get("/healthz"))
                return line.close()
            line.close()
            await asyncio.sleep(0.05)
        raise TimeoutError("nothing listens")

    asyncio.run(knock())
