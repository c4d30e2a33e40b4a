"""Email through one mail server, one recipient a message, over connections that are used again.

Where a try can break off, and what that means:

    before the message's final dot is written   not sent: another route may take it
    after it, without a reply                   unknown: the server may have queued it
    after it, with a reply                      what the reply says

A kept connection may have died while nobody used it; a message that notices this before its content
is on the way starts again on a fresh one, so that an idle disconnect is never a failed delivery.
"""

import asyncio

from rollcall.clock import Clock, SystemClock
from rollcall.domain.message import Channel
from rollcall.errors import OutcomeUnknownError, RecipientError, RouteError
from rollcall.routes.base import Acceptance, Submission
from rollcall.routes.email.connections import SmtpConnections, say_goodbye
from rollcall.routes.email.mime import MessageBuilder, parse_mailbox
from rollcall.routes.email.replies import COMPLETED, explain_refusal, read_queue_id
from rollcall.routes.email.transaction import (
    ContentLostError,
    NotBegunError,
    Refusal,
    Transaction,
)
from rollcall.routes.settings import SmtpSettings
from rollcall.routes.trust import load_trust


class SmtpRoute:
    """One account with a mail server.

    Args:
        settings: Where it is and who we are to it.
        clock: For the Date of messages.
    """

    channel: Channel = "email"

    def __init__(
        self, settings: SmtpSettings, clock: Clock | None = None, callback: str | None = None
    ) -> None:
        del callback  # mail servers report by mail
        self.route_id = settings.id
        self._settings = settings
        self._clock = clock or SystemClock()
        self._messages = MessageBuilder(settings.sender)
        hello_name = settings.hello_name or self._messages.sender_domain
        self._connections = SmtpConnections(settings, load_trust(settings), hello_name)

    async def submit(self, submission: Submission) -> Acceptance:
        """Hand one message to the mail server.

        Raises:
            RouteError: Not taken, and certainly not sent.
            RecipientError: The mailbox does not exist, or the address is none.
            OutcomeUnknownError: The whole message left, and no reply told what became of it.
        """
        try:
            mailbox = parse_mailbox(submission.address)
        except ValueError:  # unchained: the codec quotes the address
            raise RecipientError("the address is malformed", self.route_id) from None
        message = self._messages.build(submission, mailbox, self._clock.now())
        async with self._connections.reserve():
            transaction = await self._open_envelope_in_time(mailbox)
            return await self._send_content(transaction, message)

    async def check(self) -> str:
        """Connect, say hello, sign in where configured, and send nothing.

        Raises:
            RouteError: The mail server cannot be reached or refuses our credentials.
        """
        connection = await self._connections.open()
        await say_goodbye(connection)
        signed_in = ", signed in" if self._settings.username else ""
        return f"{self._settings.host} answers (security: {self._settings.security}{signed_in})"

    async def aclose(self) -> None:
        """Close all connections; safe to call twice."""
        await self._connections.close()

    async def _open_envelope_in_time(self, mailbox: str) -> Transaction:
        limit_s = self._settings.connect_timeout_s + self._settings.answer_timeout_s
        try:
            async with asyncio.timeout(limit_s):
                return await self._open_envelope(mailbox)
        except TimeoutError as exc:
            reason = "too slow to take a message"
            raise RouteError(reason, self.route_id, None, "unavailable") from exc

    async def _open_envelope(self, mailbox: str) -> Transaction:
        """Bring a connection to the point where the server waits for the message."""
        kept = self._connections.take_kept()
        if kept is not None:
            try:
                return await self._negotiate(Transaction(kept), mailbox)
            except NotBegunError:
                pass  # it had died while idle, nothing was sent: start again on a fresh one
        try:
            return await self._negotiate(Transaction(await self._connections.open()), mailbox)
        except NotBegunError as exc:
            if exc.refusal is not None:
                raise self._explain(exc.refusal) from exc
            reason = "disconnected before the message"
            raise RouteError(reason, self.route_id, None, "unavailable") from exc

    async def _negotiate(self, transaction: Transaction, mailbox: str) -> Transaction:
        refusal = await transaction.open_envelope(self._messages.sender_address, mailbox)
        if refusal is not None:
            await transaction.reset()
            self._connections.keep(transaction.connection)
            raise self._explain(refusal)
        return transaction

    async def _send_content(self, transaction: Transaction, message: bytes) -> Acceptance:
        try:
            reply = await transaction.send_content(message)
        except NotBegunError as exc:
            reason = "disconnected before the message"
            raise RouteError(reason, self.route_id, None, "unavailable") from exc
        except ContentLostError as exc:
            raise OutcomeUnknownError(f"the reply was lost ({exc})", self.route_id) from exc
        self._connections.keep(transaction.connection)
        if reply.code == COMPLETED:
            return Acceptance(read_queue_id(reply.message), str(reply.code))
        if reply.code // 100 in (4, 5):
            raise self._explain(Refusal("content", reply.code, reply.message))
        raise OutcomeUnknownError(
            "the reply is no answer to a message", self.route_id, str(reply.code)
        )

    def _explain(self, refusal: Refusal) -> RouteError | RecipientError:
        return explain_refusal(refusal.code, refusal.text, refusal.stage, self.route_id)
