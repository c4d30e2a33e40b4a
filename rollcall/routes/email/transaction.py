"""One message over one SMTP connection, with the two ways to break off kept apart.

`aiosmtplib`'s own `sendmail` cannot be used: from its errors one cannot tell a connection that was
lost before the message from one lost after it, which is the difference between "send it elsewhere"
and "it may have been sent". It also returns a refused recipient without raising when another was
accepted.
"""

import contextlib
from dataclasses import dataclass

from aiosmtplib import (
    SMTP,
    SMTPException,
    SMTPResponse,
    SMTPResponseException,
    SMTPServerDisconnected,
    SMTPTimeoutError,
)

from rollcall.routes.email.connections import closed_on_failure
from rollcall.routes.email.replies import CLOSING, COMPLETED, START_INPUT, Stage

UNSUPPORTED_ADDRESS = 553
"""The code by which a server that is asked refuses an address beyond ASCII (RFC 6531 §3.5)."""

RESET_TIMEOUT_S = 2.0
"""A refusal that is known must not wait for a server that hangs."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A reply other than the one hoped for."""

    stage: Stage
    code: int
    text: str


class NotBegunError(Exception):
    """The connection ended before any of the message was on its way.

    Args:
        refusal: The server's word of parting, if it had one.
    """

    def __init__(self, refusal: Refusal | None = None) -> None:
        super().__init__(refusal)
        self.refusal = refusal


class ContentLostError(Exception):
    """The whole message was written, and no reply to it came."""


class Transaction:
    """One message over one connection: an envelope, then either `send_content` or `reset`.

    Whatever breaks off in the middle closes the connection.

    Args:
        connection: Connected, and nobody else's for now.
    """

    def __init__(self, connection: SMTP) -> None:
        self.connection = connection

    async def open_envelope(self, sender: str, mailbox: str) -> Refusal | None:
        """Name sender and recipient and ask to send; return the first refusal, if there is one.

        Raises:
            NotBegunError: The connection is dead, or the server ends it at the first word.
        """
        if not mailbox.isascii() and not self.connection.supports_extension("smtputf8"):
            return Refusal("recipient", UNSUPPORTED_ADDRESS, "5.6.7 address beyond ASCII")
        extras = () if mailbox.isascii() else (b"SMTPUTF8",)
        steps: tuple[tuple[Stage, int, tuple[bytes, ...]], ...] = (
            ("sender", COMPLETED, (b"MAIL", b"FROM:<%b>" % sender.encode(), *extras)),
            ("recipient", COMPLETED, (b"RCPT", b"TO:<%b>" % mailbox.encode())),
            ("content", START_INPUT, (b"DATA",)),
        )
        for stage, hoped_for, command in steps:
            reply = await self._ask(command)
            if reply.code == CLOSING and stage == "sender":
                raise NotBegunError(Refusal(stage, reply.code, reply.message))
            if reply.code != hoped_for:
                return Refusal(stage, reply.code, reply.message)
        return None

    async def send_content(self, message: bytes) -> SMTPResponse:
        """Write the message with its final dot and read the reply.

        Raises:
            NotBegunError: The connection had ended before.
            ContentLostError: The message was written; no reply came, or none that can be read.
        """
        protocol = self.connection.protocol
        with closed_on_failure(self.connection):
            try:
                if protocol is None:
                    raise NotBegunError
                protocol.write(_stuff_dots(message) + b".\r\n")
            except SMTPServerDisconnected as exc:
                raise NotBegunError from exc
            try:
                return await protocol.read_response(timeout=self.connection.timeout)
            except (SMTPException, OSError) as exc:
                raise ContentLostError(type(exc).__name__) from exc

    async def reset(self) -> None:
        """Have a refused envelope forgotten, for the connection's next use, or close it."""
        with closed_on_failure(self.connection), contextlib.suppress(SMTPException, OSError):
            await self.connection.rset(timeout=RESET_TIMEOUT_S)
            return
        self.connection.close()

    async def _ask(self, command: tuple[bytes, ...]) -> SMTPResponse:
        with closed_on_failure(self.connection):
            try:
                return await self.connection.execute_command(*command)
            except SMTPResponseException as exc:  # no SMTP at all
                self.connection.close()
                return SMTPResponse(exc.code, exc.message)
            except (SMTPServerDisconnected, SMTPTimeoutError, OSError) as exc:
                raise NotBegunError from exc


def _stuff_dots(message: bytes) -> bytes:
    """Double the dot that begins a line (RFC 5321 §4.5.2)."""
    stuffed = message.replace(b"\r\n.", b"\r\n..")
    return b"." + stuffed if stuffed.startswith(b".") else stuffed
