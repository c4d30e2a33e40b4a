"""Messages one after another over one SMTP connection, pipelined where the server offers it.

With PIPELINING (RFC 2920) the three commands of an envelope leave in one write, and those of the
next message right behind the content of the one before, so that a message costs one round trip:

    we                                        the server
    MAIL RCPT DATA                            250 250 354
    content of 1 "." MAIL RCPT DATA of 2      250 (message 1)  250 250 354
    content of 2 "." …                        250 (message 2)  …

DATA has to be the last command of a group, so never more than one content is under way on a
connection: when it breaks, one message at most is unknown, and of all others it is certain that
they were not sent. Without PIPELINING each command waits for its reply.

`aiosmtplib`'s own `sendmail` cannot be used: from its errors one cannot tell a connection that was
lost before the message from one lost after it, which is the difference between "send it elsewhere"
and "it may have been sent".
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rollcall.errors import SendError
from rollcall.routes.base import Acceptance
from rollcall.routes.email.replies import CLOSING, START_INPUT, Stage, is_answer, is_completed
from rollcall.routes.email.wire import NO_SMTP, Reply, SmtpWire, WireLostError

UNSUPPORTED_ADDRESS = 553
"""The code by which a server that is asked refuses an address beyond ASCII (RFC 6531 §3.5)."""

_STAGES: tuple[Stage, ...] = ("sender", "recipient", "content")
"""Whom the replies to MAIL, RCPT and DATA are about."""

_RESET = b"RSET\r\n"
_FINAL_DOT = b".\r\n"


@dataclass(slots=True, eq=False)
class Mail:
    """One message on its way.

    Attributes:
        sender: The envelope's sender, to whom bounces go.
        mailbox: The recipient, as `parse_mailbox` returned it.
        envelope_id: Comes back in bounces of servers that know DSN (RFC 3461).
        content: Dot-stuffed, with the final dot: from `stuff_dots`.
        outcome: What came of it, None as long as nothing of it was sent.
    """

    sender: str
    mailbox: str
    envelope_id: str
    content: bytes
    outcome: Acceptance | SendError | None = None


@dataclass(frozen=True, slots=True)
class Offers:
    """Which extensions of SMTP the server offers that make a difference here."""

    pipelining: bool = False
    smtputf8: bool = False
    dsn: bool = False


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
        is_timeout: The server was silent for too long.
    """

    def __init__(self, refusal: Refusal | None = None, is_timeout: bool = False) -> None:
        super().__init__(refusal, is_timeout)
        self.refusal = refusal
        self.is_timeout = is_timeout


class ContentLostError(Exception):
    """The whole message was written, and no reply to it came.

    Args:
        reason: How the reply was lost.
        is_timeout: The server was silent for too long.
    """

    def __init__(self, reason: str, is_timeout: bool) -> None:
        super().__init__(reason, is_timeout)
        self.reason = reason
        self.is_timeout = is_timeout


class SmtpSession:
    """One connection: for each message an `open_envelope`, and if it was granted `send_content`.

    Whatever breaks off in the middle closes the connection.

    Args:
        wire: Connected, greeted and signed in.
        offers: What the server can do.
        answer_timeout_s: Longest wait for one reply.
    """

    def __init__(self, wire: SmtpWire, offers: Offers, answer_timeout_s: float) -> None:
        self._wire = wire
        self._offers = offers
        self._answer_timeout_s = answer_timeout_s
        self._announced: Mail | None = None
        self._is_dirty = False
        self._owed_count = 0

    @property
    def is_usable(self) -> bool:
        """Tell whether the connection stands and has said nothing that was not asked for."""
        has_intruded = self._wire.waiting_count > self._owed_count and self._announced is None
        return self._wire.is_open and not has_intruded

    @property
    def is_answered(self) -> bool:
        """Tell whether every reply to the envelope that was announced has come."""
        has_all = self._wire.waiting_count >= self._owed_count + len(_STAGES)
        return self._announced is not None and has_all and self._wire.is_open

    async def open_envelope(self, mail: Mail) -> Refusal | None:
        """Name sender and recipient and ask to send; return the first refusal, if there is one.

        A refused envelope is taken back together with the connection's next use.

        Raises:
            NotBegunError: The connection is dead, or the server ends it at the first word.
        """
        if not self._can_take(mail):
            return Refusal("recipient", UNSUPPORTED_ADDRESS, "5.6.7 address beyond ASCII")
        with self._closed_on_failure():
            try:
                return await self._negotiate(mail)
            except WireLostError as exc:
                raise NotBegunError(is_timeout=exc.is_timeout) from exc

    async def send_content(self, mail: Mail, following: Mail | None = None) -> Reply:
        """Write the message with its final dot and read the reply.

        Args:
            mail: The message whose envelope was granted.
            following: Whose envelope is asked for in the same breath, where the server allows.

        Raises:
            NotBegunError: The connection had ended before.
            ContentLostError: The message was written; no reply came.
        """
        octets = mail.content
        if following is not None and self._offers.pipelining and self._can_take(following):
            octets += b"".join(self._commands(following))
            self._announced = following
        with self._closed_on_failure():
            try:
                self._wire.write(octets)
            except WireLostError as exc:
                raise NotBegunError from exc
            try:
                reply = await self._wire.read_reply(self._answer_timeout_s)
            except WireLostError as exc:
                raise ContentLostError(exc.reason, exc.is_timeout) from exc
        if reply.code == CLOSING or not is_answer(reply.code):
            self.close()
        return reply

    async def say_goodbye(self, timeout_s: float) -> None:
        """End the connection politely if the other side still listens."""
        try:
            self._wire.write(b"QUIT\r\n")
            for _ in range(self._owed_count + 1):
                await self._wire.read_reply(timeout_s)
        except WireLostError:
            pass
        finally:
            self.close()

    def close(self) -> None:
        """End the connection at once; safe to call twice."""
        self._wire.abort()

    async def _negotiate(self, mail: Mail) -> Refusal | None:
        commands = self._commands(mail)
        if self._announced is not mail:
            await self._clean_up(then=commands)
        self._announced = None
        await self._skip_owed()
        refusal = None
        for stage, command in zip(_STAGES, commands, strict=True):
            if not self._offers.pipelining:
                self._wire.write(command)
            reply = await self._read_step(stage, refusal)
            if reply is None:
                return refusal
            if not _is_hoped_for(stage, reply.code):
                refusal = refusal or self._note(Refusal(stage, reply.code, reply.text))
                if not self._offers.pipelining or not self._wire.is_open:
                    return refusal
            elif refusal is not None and stage == "content":
                self._decline_input(refusal)
        return refusal

    async def _clean_up(self, then: tuple[bytes, ...]) -> None:
        """Take a refused envelope back, and write the next one where it may be written at once."""
        if self._is_dirty:
            self._owed_count += 1
            self._is_dirty = False
            if not self._offers.pipelining:
                self._wire.write(_RESET)
                return
            then = (_RESET, *then)
        if self._offers.pipelining:
            self._wire.write(b"".join(then))

    async def _skip_owed(self) -> None:
        """Read the replies to what took back an earlier envelope; they change nothing any more."""
        while self._owed_count:
            reply = await self._wire.read_reply(self._answer_timeout_s)
            if reply.code in (CLOSING, NO_SMTP):
                raise NotBegunError(Refusal("sender", reply.code, reply.text))
            self._owed_count -= 1

    async def _read_step(self, stage: Stage, refusal: Refusal | None) -> Reply | None:
        """Return the reply to one command, None where a refusal is known and nothing more comes."""
        try:
            reply = await self._wire.read_reply(self._answer_timeout_s)
        except WireLostError:
            if refusal is None:
                raise
            self.close()
            return None
        if reply.code == CLOSING and stage == "sender":
            raise NotBegunError(Refusal(stage, reply.code, reply.text))
        if reply.code in (CLOSING, NO_SMTP):
            self.close()
        return reply

    def _note(self, refusal: Refusal) -> Refusal:
        self._is_dirty = True
        return refusal

    def _decline_input(self, refusal: Refusal) -> None:
        """Send nothing although the server waits for content: it does so if DATA was pipelined.

        With the recipient refused there is nobody whom an empty message could reach (RFC 2920
        §3.1). With only the sender refused there may be, so that the connection is given up.
        """
        if refusal.stage == "sender":
            self.close()
            return
        self._wire.write(_FINAL_DOT)
        self._owed_count += 1

    def _can_take(self, mail: Mail) -> bool:
        return mail.mailbox.isascii() or self._offers.smtputf8

    def _commands(self, mail: Mail) -> tuple[bytes, ...]:
        extras = "" if mail.mailbox.isascii() else " SMTPUTF8"
        if self._offers.dsn:  # return our headers only: the text of a message need not travel back
            extras += f" RET=HDRS ENVID={mail.envelope_id}"
        return (
            f"MAIL FROM:<{mail.sender}>{extras}\r\n".encode(),
            f"RCPT TO:<{mail.mailbox}>\r\n".encode(),
            b"DATA\r\n",
        )

    @contextmanager
    def _closed_on_failure(self) -> Iterator[None]:
        """Close a connection that breaks off in mid-message, be it for a cancelled task."""
        try:
            yield
        except BaseException:
            self.close()
            raise


def stuff_dots(message: bytes) -> bytes:
    """Double the dot that begins a line (RFC 5321 §4.5.2) and add the final one.

    Args:
        message: CRLF ended.
    """
    stuffed = message.replace(b"\r\n.", b"\r\n..")
    return (b"." if stuffed.startswith(b".") else b"") + stuffed + _FINAL_DOT


def _is_hoped_for(stage: Stage, code: int) -> bool:
    return code == START_INPUT if stage == "content" else is_completed(code)
