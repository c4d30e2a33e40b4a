"""Connections to one mail server: opened when needed, kept for the next message, limited."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from aiosmtplib import SMTP, SMTPException, SMTPResponseException

from rollcall.errors import RouteError
from rollcall.routes.email.replies import explain_refusal
from rollcall.routes.settings import SmtpSettings


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
        self._places = asyncio.Semaphore(settings.max_connections)
        self._idle: list[tuple[float, SMTP]] = []

    @asynccontextmanager
    async def reserve(self) -> AsyncIterator[None]:
        """Hold one of the places for a connection.

        Raises:
            RouteError: All were taken for as long as an answer may take.
        """
        try:
            async with asyncio.timeout(self._settings.answer_timeout_s):
                await self._places.acquire()
        except TimeoutError as exc:
            raise RouteError(
                "no connection came free", self._settings.id, None, "unavailable"
            ) from exc
        try:
            yield
        finally:
            self._places.release()

    def take_kept(self) -> SMTP | None:
        """Take the connection used last that still looks alive; close what is too old."""
        oldest = time.monotonic() - self._settings.keep_idle_s
        while self._idle:
            used_at, connection = self._idle.pop()
            if connection.is_connected and used_at >= oldest:
                return connection
            connection.close()
        return None

    def keep(self, connection: SMTP) -> None:
        """Keep a connection for the next message, unless it has ended."""
        if connection.is_connected:
            self._idle.append((time.monotonic(), connection))

    async def open(self) -> SMTP:
        """Connect, protect the connection, say hello and sign in.

        Raises:
            RouteError: The server cannot be reached, is not whom we trust, or refuses us.
        """
        connection = self._describe_connection()
        try:
            with closed_on_failure(connection):
                await self._introduce(connection)
        except SMTPResponseException as exc:
            raise explain_refusal(exc.code, exc.message, "connect", self._settings.id) from exc
        except OSError as exc:  # refused, timed out, disconnected, not whom we trust
            reason = f"not reached ({type(exc).__name__})"
            raise RouteError(reason, self._settings.id, None, "unavailable") from exc
        except SMTPException as exc:  # it lacks the STARTTLS or AUTH that is configured
            raise RouteError(exc.message, self._settings.id, None, "rejected") from exc
        return connection

    async def close(self) -> None:
        """Say goodbye on the kept connections and close them."""
        kept, self._idle = self._idle, []
        await asyncio.gather(*(say_goodbye(connection) for _, connection in kept))

    async def _introduce(self, connection: SMTP) -> None:
        async with asyncio.timeout(self._settings.connect_timeout_s):
            await connection.connect()
            if connection.is_ehlo_or_helo_needed:
                await connection.ehlo()

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
def closed_on_failure(connection: SMTP) -> Iterator[None]:
    """Close a connection that breaks off in the middle of something, be it for a cancelled task."""
    try:
        yield
    except BaseException:
        connection.close()
        raise


async def say_goodbye(connection: SMTP) -> None:
    """End a connection politely if the other side still listens."""
    try:
        await connection.quit(timeout=1.0)
    except (SMTPException, OSError):
        connection.close()
