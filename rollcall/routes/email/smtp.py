"""Email through one mail server, one recipient a message, over connections that are used again.

Where a try can break off, and what that means:

    before the message's final dot is written   not sent: another route may take it
    after it, without a reply                   unknown: the server may have queued it
    after it, with a reply                      what the reply says

A kept connection may have died while nobody used it; a message that notices this before its content
is on the way starts again on a fresh one, so that an idle disconnect is never a failed delivery.

Many messages are handed over together: they share a few connections (`train.py`), pipelined where
the server offers it (`transaction.py`). One message goes the same way, as a batch of one.
"""

import asyncio
import math
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from rollcall.clock import Clock, SystemClock
from rollcall.domain.message import Channel
from rollcall.errors import RecipientError, RouteError, SendError
from rollcall.routes.base import Acceptance, Submission
from rollcall.routes.email.connections import GOODBYE_S, SmtpConnections
from rollcall.routes.email.mime import MessageBuilder, parse_mailbox
from rollcall.routes.email.train import Train
from rollcall.routes.email.transaction import Mail, stuff_dots
from rollcall.routes.settings import SmtpSettings
from rollcall.routes.trust import load_trust
from rollcall.routes.verdicts import require_acceptance

BULK_SIZE: Final = 5
"""Messages handed over together: one train. What is handed over together is in doubt together when
the process dies, so no more than that."""

MESSAGES_PER_TRAIN: Final = 5
"""A further connection is worth its handshake for so many messages."""


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
        self.bulk_size = BULK_SIZE
        self._settings = settings
        self._clock = clock or SystemClock()
        self._messages = MessageBuilder(settings.sender, settings.return_path, settings.reply_to)
        hello_name = settings.hello_name or self._messages.sender_domain
        self._connections = SmtpConnections(settings, load_trust(settings), hello_name)

    async def submit(self, submission: Submission) -> Acceptance:
        """Hand one message to the mail server.

        Raises:
            RouteError: Not taken, and certainly not sent.
            RecipientError: The mailbox does not exist, or the address is none.
            OutcomeUnknownError: The whole message left, and no reply told what became of it.
        """
        return require_acceptance((await self.submit_bulk([submission]))[0])

    async def submit_bulk(self, submissions: Sequence[Submission]) -> list[Acceptance | SendError]:
        """Hand messages over together, over as many connections as are free and worth it.

        Begins no message later than one may take until the server asks for its content. What was
        not begun by then is reported as throttled, because the server is slower than what it is
        given, and certainly was not sent.
        """
        mails = [self._prepare(submission) for submission in submissions]
        waiting = deque(mail for mail in mails if isinstance(mail, Mail))
        failure = await self._carry(waiting) if waiting else None
        return [self._conclude(mail, failure) for mail in mails]

    async def check(self) -> str:
        """Connect, say hello, sign in where configured, and send nothing.

        Raises:
            RouteError: The mail server cannot be reached or refuses our credentials.
        """
        session = await self._connections.open()
        await session.say_goodbye(GOODBYE_S)
        signed_in = ", signed in" if self._settings.username else ""
        return f"{self._settings.host} answers (security: {self._settings.security}{signed_in})"

    async def keep_to(self, connections: int) -> None:
        """Hold at most so many connections from now on; return once no more are open."""
        await self._connections.keep_to(connections)

    async def aclose(self) -> None:
        """Close all connections; safe to call twice."""
        await self._connections.close()

    def _prepare(self, submission: Submission) -> Mail | RecipientError:
        try:
            mailbox = parse_mailbox(submission.address)
        except ValueError:  # unchained: the codec quotes the address
            return RecipientError("the address is malformed", self.route_id)
        message = self._messages.build(submission, mailbox, self._clock.now())
        sender = self._messages.envelope_sender(submission.attempt_id)
        envelope_id = self._messages.envelope_id(submission.attempt_id)
        return Mail(sender, mailbox, envelope_id, stuff_dots(message))

    async def _carry(self, waiting: deque[Mail]) -> SendError | None:
        """Carry messages; return why some were not begun, if there was a reason but their number.

        The first train has a place of its own. The others take what is free, and end when somebody
        else waits for a place.
        """
        try:
            async with self._connections.reserve():
                in_time = self._start_timer()
                first = self._make_train(waiting, in_time)
                others = [
                    self._make_train(
                        waiting, lambda: in_time() and not self._connections.are_wanted
                    )
                    for _ in range(math.ceil(len(waiting) / MESSAGES_PER_TRAIN) - 1)
                ]
                async with asyncio.TaskGroup() as running:
                    for train in others:
                        if await self._connections.reserve_spare():
                            task = running.create_task(train.run())
                            task.add_done_callback(self._connections.release_spare)
                    await first.run()
        except RouteError as error:
            return error
        return next((train.failure for train in (first, *others) if train.failure), None)

    def _make_train(self, waiting: deque[Mail], may_go_on: Callable[[], bool]) -> Train:
        limit_s = self._settings.connect_timeout_s + self._settings.answer_timeout_s
        return Train(self._connections, waiting, self.route_id, limit_s, may_go_on)

    def _start_timer(self) -> Callable[[], bool]:
        loop = asyncio.get_running_loop()
        limit_s = self._settings.connect_timeout_s + self._settings.answer_timeout_s
        give_up_at = loop.time() + limit_s
        return lambda: loop.time() < give_up_at

    def _conclude(
        self, mail: Mail | RecipientError, failure: SendError | None
    ) -> Acceptance | SendError:
        if isinstance(mail, RecipientError):
            return mail
        if mail.outcome is not None:
            return mail.outcome
        return failure or RouteError(
            "too many messages for this mail server at once", self.route_id, None, "throttled"
        )
