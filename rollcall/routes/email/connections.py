"""Connections to one mail server: opened when needed, kept for the next message, limited."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import cast

from aiosmtplib import SMTP, SMTPException, SMTPResponseException

from rollcall.errors import RouteError
from rollcall.routes.email.replies import explain_refusal
from rollcall.routes.email.transaction import Offers, SmtpSession
from rollcall.routes.email.wire import SmtpWire
from rollcall.routes.settings import SmtpSettings

GOODBYE_S = 1.0
"""How long the reply to QUIT is waited for."""


class SmtpConnections:
    """The connections of one route.

    Args:
        settings: Where to connect, and how many times at once.
        tls: Whom to trust.
        hello_name: Our name in EHLO.
    """

    def __init__(self, settings: SmtpSettings, tls: ssl.SSLContext, hello_name: str) -> None:
        self._settings = settings
        self._tls = tls
        self._hello_name = hello_name
        self._place_count = settings.max_connections
        self._places = asyncio.Semaphore(self._place_count)
        self._waiting_count = 0
        self._idle: list[tuple[float, SmtpSession]] = []

    @property
    def are_wanted(self) -> bool:
        """Tell whether somebody waits for a place."""
        return self._waiting_count > 0

    @asynccontextmanager
    async def reserve(self) -> AsyncIterator[None]:
        """Hold one of the places for a connection.

        Raises:
            RouteError: All were taken for as long as an answer may take.
        """
        self._waiting_count += 1
        try:
            async with asyncio.timeout(self._settings.answer_timeout_s):
                await self._places.acquire()
        except TimeoutError as exc:
            raise RouteError(
                "no connection came free", self._settings.id, None, "unavailable"
            ) from exc
        finally:
            self._waiting_count -= 1
        try:
            yield
        finally:
            self._places.release()

    async def reserve_spare(self) -> bool:
        """Take a place if one is free now; whoever got it gives it back with `release_spare`."""
        if self._places.locked():
            return False
        await self._places.acquire()  # returns at once
        return True

    def release_spare(self, _: object = None) -> None:
        """Give back a place; fit to be called when a task is done."""
        self._places.release()

    def take_kept(self) -> SmtpSession | None:
        """Take the connection used last that still looks alive; close what is too old."""
        oldest = time.monotonic() - self._settings.keep_idle_s
        while self._idle:
            used_at, session = self._idle.pop()
            if session.is_usable and used_at >= oldest:
                return session
            session.close()
        return None

    def keep(self, session: SmtpSession) -> None:
        """Keep a connection for the next message, unless it has ended."""
        if session.is_usable:
            self._idle.append((time.monotonic(), session))
        else:
            session.close()

    async def open(self) -> SmtpSession:
        """Connect, protect the connection, say hello and sign in.

        Raises:
            RouteError: The server cannot be reached, is not whom we trust, or refuses us.
        """
        connection = self._describe_connection()
        try:
            with _closed_on_failure(connection):
                await self._introduce(connection)
        except SMTPResponseException as exc:
            raise explain_refusal(exc.code, exc.message, "connect", self._settings.id) from exc
        except OSError as exc:  # refused, timed out, disconnected, not whom we trust
            reason = f"not reached ({type(exc).__name__})"
            raise RouteError(reason, self._settings.id, None, "unavailable") from exc
        except SMTPException as exc:  # it lacks the STARTTLS or AUTH that is configured
            raise RouteError(exc.message, self._settings.id, None, "rejected") from exc
        return self._take_over(connection)

    async def keep_to(self, connections: int) -> None:
        """Hold at most so many connections from now on; return once no more are open."""
        while self._place_count < connections:
            self._places.release()
            self._place_count += 1
        if self._place_count > connections:
            while self._place_count > connections:
                await self._places.acquire()
                self._place_count -= 1
            await self.close()

    async def close(self) -> None:
        """Say goodbye on the kept connections and close them."""
        kept, self._idle = self._idle, []
        await asyncio.gather(*(session.say_goodbye(GOODBYE_S) for _, session in kept))

    async def _introduce(self, connection: SMTP) -> None:
        async with asyncio.timeout(self._settings.connect_timeout_s):
            await connection.connect()
            if connection.is_ehlo_or_helo_needed:
                await connection.ehlo()

    def _take_over(self, connection: SMTP) -> SmtpSession:
        """Give the transport to our own protocol; `aiosmtplib` has nothing more to do with it."""
        offers = Offers(
            pipelining=self._settings.pipelining and connection.supports_extension("pipelining"),
            smtputf8=connection.supports_extension("smtputf8"),
            dsn=connection.supports_extension("dsn"),
        )
        if connection.transport is None:
            raise RouteError("disconnected at once", self._settings.id, None, "unavailable")
        wire = SmtpWire(cast(asyncio.Transport, connection.transport))
        return SmtpSession(wire, offers, self._settings.answer_timeout_s)

    def _describe_connection(self) -> SMTP:
        settings = self._settings
        password = settings.password.get_secret_value() if settings.password else None
        return _Connection(
            hostname=settings.host,
            port=settings.port,
            username=settings.username,
            password=password,
            local_hostname=self._hello_name,
            timeout=settings.answer_timeout_s,
            use_tls=settings.security == "tls",
            start_tls=settings.security == "starttls",
            tls_context=self._tls,
        )


class _Connection(SMTP):
    """A connection that ends when closed: TLS would wait up to 30 s for the peer's goodbye."""

    def close(self) -> None:
        """Close at once; safe to call twice."""
        transport = self.transport
        super().close()
        if isinstance(transport, asyncio.Transport):
            transport.abort()


@contextmanager
def _closed_on_failure(connection: SMTP) -> Iterator[None]:
    """Close a connection that breaks off while it is set up, be it for a cancelled task."""
    try:
        yield
    except BaseException:
        connection.close()
        raise
