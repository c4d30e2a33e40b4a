"""Messages that wait together and the connections that carry them, each one after another.

A train takes the next waiting message whenever it has handed one over, so that a slow connection
holds nobody up. What befalls a message and what befalls the train are kept apart:

    the server refuses a message              that message is refused, the train goes on
    a kept connection has died, or the        the message starts again on a fresh connection:
    server takes no more over it (421)        nothing of it was sent
    a fresh connection dies at a message      not sent, and the train tries twice more: it may be
                                              this message that kills it
    no connection, 421 on a fresh one, or     the train ends; what waits is taken by another train,
    the server is silent                      else it is not sent
    a connection dies after the final dot     that message is unknown; the one announced behind it
                                              goes on over a fresh connection
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from rollcall.errors import OutcomeUnknownError, RecipientError, RouteError, SendError
from rollcall.routes.base import Acceptance
from rollcall.routes.email.connections import SmtpConnections
from rollcall.routes.email.replies import (
    CLOSING,
    COMPLETED,
    explain_refusal,
    is_refused,
    read_queue_id,
)
from rollcall.routes.email.transaction import (
    ContentLostError,
    Mail,
    NotBegunError,
    Refusal,
    SmtpSession,
)

DEATHS_TO_END: Final = 3
"""So many fresh connections in a row that die at their first message, and it is the server."""


@dataclass(slots=True)
class Train:
    """One connection at a time, over which waiting messages are handed over.

    Attributes:
        connections: Where connections come from; a place for one is held for the train.
        waiting: What is still to be carried, shared by the trains that run together.
        route_id: Whose trains they are.
        envelope_limit_s: Longest time to get a message's envelope granted, with the connection.
        may_go_on: Asked before each message after the first.
        failure: Why the train ended before everything was carried, if it did.
    """

    connections: SmtpConnections
    waiting: "deque[Mail]"
    route_id: str
    envelope_limit_s: float
    may_go_on: Callable[[], bool]
    failure: SendError | None = None
    _session: SmtpSession | None = field(init=False, default=None)
    _death_count: int = field(init=False, default=0)

    async def run(self) -> None:
        """Carry messages until none waits or the train cannot go on; sets their outcomes."""
        mail = self.waiting.popleft() if self.waiting else None
        try:
            while mail is not None and self.failure is None:
                mail = await self._carry(mail)
        except BaseException:
            self._drop_session()
            raise
        if mail is not None:
            self.waiting.appendleft(mail)
        if self._session is not None:
            self.connections.keep(self._session)

    async def _carry(self, mail: Mail) -> Mail | None:
        """Carry one message; return the next one to carry."""
        try:
            session = await self._open_envelope_in_time(mail)
        except SendError as error:
            mail.outcome = error
            return self._take_next()
        if session is None:
            return mail
        following = self._take_next()
        mail.outcome = await self._send_content(session, mail, following)
        return following

    def _take_next(self) -> Mail | None:
        if self.waiting and self.failure is None and self.may_go_on():
            return self.waiting.popleft()
        return None

    async def _open_envelope_in_time(self, mail: Mail) -> SmtpSession | None:
        """Bring a connection to where the server waits for this message.

        Returns:
            The connection; None if the train ends here and the message waits for another.

        Raises:
            SendError: What became of the message.
        """
        if self._session is not None and self._session.is_answered:
            with suppress(NotBegunError):  # nothing to wait for: a timer is not for free
                return await self._negotiate(self._session, mail)
        try:
            async with asyncio.timeout(self.envelope_limit_s):
                return await self._open_envelope(mail)
        except TimeoutError as exc:
            self._drop_session()
            self.failure = self._unavailable("too slow to take a message")
            raise self.failure from exc

    async def _open_envelope(self, mail: Mail) -> SmtpSession | None:
        used = self._session or self.connections.take_kept()
        if used is not None:
            try:
                return await self._negotiate(used, mail)
            except NotBegunError:
                pass  # it had died or had enough, nothing was sent: start again on a fresh one
        fresh = await self._open_fresh()
        if fresh is None:
            return None
        try:
            return await self._negotiate(fresh, mail)
        except NotBegunError as exc:
            self._end_at_first_word(exc)
        return None

    async def _open_fresh(self) -> SmtpSession | None:
        try:
            return await self.connections.open()
        except SendError as error:
            self.failure = error
            return None

    async def _negotiate(self, session: SmtpSession, mail: Mail) -> SmtpSession:
        self._session = None  # whatever breaks off closes it
        refusal = await session.open_envelope(mail)
        self._session = session if session.is_usable else None
        if refusal is not None:
            raise self._judge(refusal)
        return session

    def _judge(self, refusal: Refusal) -> RouteError | RecipientError:
        error = self._explain(refusal)
        if refusal.code == CLOSING:
            self._count_death(error)
        else:
            self._death_count = 0
        return error

    def _end_at_first_word(self, end: NotBegunError) -> None:
        """Judge a fresh connection that died before its first message."""
        if end.refusal is not None:
            self.failure = self._explain(end.refusal)
            return
        error = self._unavailable("disconnected before the message")
        if end.is_timeout:
            self.failure = error
        self._count_death(error)
        raise error from end

    def _count_death(self, error: SendError) -> None:
        self._death_count += 1
        if self._death_count >= DEATHS_TO_END:
            self.failure = error

    async def _send_content(
        self, session: SmtpSession, mail: Mail, following: Mail | None
    ) -> Acceptance | SendError:
        self._session = None
        try:
            reply = await session.send_content(mail, following)
        except NotBegunError:
            return self._unavailable("disconnected before the message")
        except ContentLostError as lost:
            if lost.is_timeout:
                self.failure = self._unavailable("too slow to answer")
            return OutcomeUnknownError(f"the reply was lost ({lost.reason})", self.route_id)
        self._session = session if session.is_usable else None
        if reply.code == COMPLETED:
            self._death_count = 0
            return Acceptance(read_queue_id(reply.text), str(reply.code))
        if is_refused(reply.code):
            return self._judge(Refusal("content", reply.code, reply.text))
        return OutcomeUnknownError(
            "the reply is no answer to a message", self.route_id, str(reply.code)
        )

    def _drop_session(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None

    def _explain(self, refusal: Refusal) -> RouteError | RecipientError:
        return explain_refusal(refusal.code, refusal.text, refusal.stage, self.route_id)

    def _unavailable(self, reason: str) -> RouteError:
        return RouteError(reason, self.route_id, None, "unavailable")
