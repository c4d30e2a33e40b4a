"""An SMTP connection that is set up: commands go out in any number, their replies come in order.

`aiosmtplib` connects, upgrades to TLS and signs in; after that its one-command-one-reply protocol
gives the transport to this one, because with it replies to commands written together would be lost.
"""

import asyncio
from collections import deque
from dataclasses import dataclass

NO_SMTP = -1
"""The code of a reply that is none: somebody else answers there."""

MAX_LINE_BYTES = 8_192
"""RFC 5321 §4.5.3.1.5 allows 512; a longer line is no reply."""

MAX_REPLY_LINES = 100
MAX_WAITING_REPLIES = 100
"""A server that sends replies nobody asked for must not fill our memory."""

_CODE_DIGITS = 3


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server said to one command.

    Attributes:
        code: Three digits, or `NO_SMTP`.
        text: Its lines without the code; may quote addresses, so it is never logged.
    """

    code: int
    text: str


class WireLostError(Exception):
    """The connection ended, or no reply came in time; it cannot be used any more.

    Args:
        reason: In a word or two, without personal data.
        is_timeout: The server was silent; otherwise it was gone.
    """

    def __init__(self, reason: str, is_timeout: bool) -> None:
        super().__init__(reason, is_timeout)
        self.reason = reason
        self.is_timeout = is_timeout


class SmtpWire(asyncio.Protocol):
    """Writes commands and reads replies over a transport that is connected.

    Args:
        transport: Taken over from whoever connected it.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._replies: deque[Reply] = deque()
        self._unfinished_line = b""
        self._lines: list[str] = []
        self._waiter: asyncio.Future[None] | None = None
        self._has_ended = transport.is_closing()
        self._has_timed_out = False
        transport.set_protocol(self)

    @property
    def is_open(self) -> bool:
        """Tell whether the connection still stands, as far as is known."""
        return not self._has_ended and not self._transport.is_closing()

    @property
    def waiting_count(self) -> int:
        """Return how many replies have come that nobody has read."""
        return len(self._replies)

    def write(self, octets: bytes) -> None:
        """Write commands or content; they leave in this order.

        Raises:
            WireLostError: The connection has ended; nothing of this was written.
        """
        if not self.is_open:
            raise WireLostError("disconnected", is_timeout=False)
        self._transport.write(octets)

    async def read_reply(self, timeout_s: float) -> Reply:
        """Return the next reply, waiting for it if it has not come yet.

        Raises:
            WireLostError: None came in time, or the connection ended before it.
        """
        if not self._replies and not self._has_ended:
            await self._wait(timeout_s)
        if self._replies:
            return self._replies.popleft()
        reason = "no reply in time" if self._has_timed_out else "disconnected"
        raise WireLostError(reason, self._has_timed_out)

    def abort(self) -> None:
        """End the connection at once; safe to call twice."""
        self._has_ended = True
        self._transport.abort()
        self._wake()

    def data_received(self, data: bytes) -> None:
        """Take what arrived (asyncio calls this)."""
        *lines, self._unfinished_line = (self._unfinished_line + data).split(b"\n")
        for line in lines:
            self._take_line(line)
        if len(self._unfinished_line) > MAX_LINE_BYTES or len(self._replies) > MAX_WAITING_REPLIES:
            self.abort()
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """Note the end (asyncio calls this)."""
        del exc  # that it ended is all that matters
        self._has_ended = True
        self._wake()

    def _take_line(self, line: bytes) -> None:
        code = line[:_CODE_DIGITS]
        if len(code) < _CODE_DIGITS or not code.isdigit():
            self._lines.clear()
            self._replies.append(Reply(NO_SMTP, ""))
            return
        self._lines.append(line[_CODE_DIGITS + 1 :].strip().decode("utf-8", "replace"))
        is_last = line[_CODE_DIGITS : _CODE_DIGITS + 1] != b"-"
        if is_last:
            self._replies.append(Reply(int(code), "\n".join(self._lines)))
            self._lines.clear()
        elif len(self._lines) > MAX_REPLY_LINES:
            self.abort()

    async def _wait(self, timeout_s: float) -> None:
        loop = asyncio.get_running_loop()
        timer = loop.call_later(timeout_s, self._time_out)
        try:
            while not self._replies and not self._has_ended:
                self._waiter = loop.create_future()
                await self._waiter
        finally:
            timer.cancel()
            self._waiter = None

    def _time_out(self) -> None:
        self._has_timed_out = True
        self.abort()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
