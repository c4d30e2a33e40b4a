"""Tell dispatchers at once that a message waits for one.

On PostgreSQL by NOTIFY, on SQLite by a named pipe for each dispatcher beside the ledger. A ring may
be lost; dispatchers look by themselves too.
"""

import asyncio
import logging
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psycopg
from sqlalchemy import text
from sqlalchemy.engine import make_url

from rollcall.errors import LedgerError
from rollcall.ledger.engine import CONNECTING, Ledger

CHANNEL: Final = "rollcall_messages"

_PIPE_SUFFIX: Final = ".bell"

log = logging.getLogger(__name__)


def ring(ledger: Ledger, message_id: str) -> None:
    """Wake whoever listens; without anybody nothing happens, and nothing is ever held up."""
    if ledger.backend == "postgresql":
        _notify(ledger, message_id)
        return
    for pipe in _folder(ledger).glob(f"*{_PIPE_SUFFIX}"):
        _write(pipe, f"{message_id}\n".encode())


@dataclass(slots=True)
class Doorbell:
    """Hears the rings of one ledger; an async context manager.

    Attributes:
        ledger: Whose.
        rung: What was rung for and not yet taken, in order.
    """

    ledger: Ledger
    rung: "asyncio.Queue[str]" = field(default_factory=asyncio.Queue)
    _listening: "asyncio.Task[None] | None" = field(init=False, default=None)
    _pipe: Path | None = field(init=False, default=None)
    _reader: int | None = field(init=False, default=None)

    async def __aenter__(self) -> "Doorbell":
        if self.ledger.backend == "postgresql":
            self._listening = asyncio.create_task(self._listen_for_ever())
        else:
            self._open_pipe()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
        if self._reader is not None and self._pipe is not None:
            asyncio.get_running_loop().remove_reader(self._reader)
            self._pipe.unlink(missing_ok=True)
            os.close(self._reader)

    async def wait(self, timeout_s: float) -> list[str]:
        """Return what was rung for, after `timeout_s` at the latest; perhaps nothing."""
        with suppress(TimeoutError):
            first = await asyncio.wait_for(self.rung.get(), timeout_s)
            return [first, *(self.rung.get_nowait() for _ in range(self.rung.qsize()))]
        return []

    def _open_pipe(self) -> None:
        folder = _folder(self.ledger)
        folder.mkdir(mode=0o700, exist_ok=True)
        pipe = folder / uuid.uuid4().hex
        os.mkfifo(pipe, 0o600)
        # with a writing end of our own it never reads as ended
        self._reader = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
        self._pipe = pipe.rename(pipe.with_suffix(_PIPE_SUFFIX))  # seen once somebody reads
        asyncio.get_running_loop().add_reader(self._reader, self._read_pipe, self._reader)

    def _read_pipe(self, reader: int) -> None:
        with suppress(BlockingIOError):
            for message_id in os.read(reader, 65_536).decode("ascii", "replace").split():
                self.rung.put_nowait(message_id)

    async def _listen_for_ever(self) -> None:
        """Listen on a connection of our own; when it breaks, on another."""
        while True:
            try:
                await self._listen()
            except psycopg.Error as error:
                log.warning("not listening", extra={"fault": type(error).__name__})
            await asyncio.sleep(1.0)

    async def _listen(self) -> None:
        url = make_url(self.ledger.engine.url).set(drivername="postgresql")
        address = url.render_as_string(hide_password=False)
        connection = await psycopg.AsyncConnection.connect(address, autocommit=True, **CONNECTING)
        async with connection:
            await connection.execute(f"LISTEN {CHANNEL}")
            async for notice in connection.notifies():
                self.rung.put_nowait(notice.payload)


def _notify(ledger: Ledger, message_id: str) -> None:
    query = text("select pg_notify(:channel, :message_id)")
    try:
        with ledger.write() as connection:
            connection.execute(query, {"channel": CHANNEL, "message_id": message_id})
    except LedgerError as error:
        log.warning("nobody was told at once", extra={"reason": str(error)})


def _write(pipe: Path, line: bytes) -> None:
    """Write a line to a pipe; one at which nobody reads is left over and goes."""
    try:
        with _opened(pipe) as writer:
            os.write(writer, line)
    except BlockingIOError:
        return  # full: whoever reads has enough to look for
    except OSError:
        with suppress(OSError):
            pipe.unlink(missing_ok=True)


@contextmanager
def _opened(pipe: Path) -> Iterator[Any]:
    writer = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
    try:
        yield writer
    finally:
        os.close(writer)


def _folder(ledger: Ledger) -> Path:
    database = Path(make_url(ledger.engine.url).database or "")
    return database.with_name(f"{database.name}.bells")
