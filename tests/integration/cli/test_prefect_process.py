"""A statement that SQLite refused must not stop the event loop of Prefect's server."""

import asyncio
import gc
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from rollcall.cli.prefect_process import close_failures, wait_for_turn

PATIENCE_S = 60.0
"""How long a connection waits for the database, as in Prefect's server."""


@pytest.fixture
def database(tmp_path: Path) -> str:
    path = tmp_path / "prefect.db"
    with sqlite3.connect(path) as made:
        made.execute("PRAGMA journal_mode = WAL")
        made.execute("CREATE TABLE run (name TEXT)")
    made.close()
    return f"sqlite+aiosqlite:///{path}"


@pytest.fixture
def closing() -> Iterator[None]:
    event.listen(Engine, "do_connect", close_failures)
    yield
    event.remove(Engine, "do_connect", close_failures)


@pytest.mark.usefixtures("closing")
async def test_garbage_of_a_failed_statement_does_not_wait_for_the_database(database: str) -> None:
    assert await _is_free_while_waiting(database)


async def test_without_it_collecting_garbage_waits_until_the_database_is_given_up(
    database: str,
) -> None:
    """Once this fails, SQLAlchemy closes what fails by itself: the module can go."""
    assert not await _is_free_while_waiting(database, patience_s=2.0)


async def test_who_writes_waits_for_their_turn_instead_of_being_refused(database: str) -> None:
    engine = _engine(database, PATIENCE_S)
    event.listen(engine.sync_engine, "before_cursor_execute", wait_for_turn, retval=True)
    async with engine.connect() as holder, engine.connect() as other:
        await holder.exec_driver_sql("BEGIN IMMEDIATE")
        writing = asyncio.create_task(_read_and_write(other))
        await asyncio.sleep(0.5)
        assert not writing.done()
        await holder.exec_driver_sql("INSERT INTO run VALUES ('first')")
        await holder.exec_driver_sql("COMMIT")
        assert await writing == [("first",)]
    await engine.dispose()


async def _is_free_while_waiting(database: str, patience_s: float = PATIENCE_S) -> bool:
    """Tell whether who waits for the database gets it as soon as whoever has it is done."""
    engine = _engine(database, patience_s)
    gc.disable()  # what failed is to be there until it is collected below
    try:
        async with engine.connect() as holder, engine.connect() as other:
            await holder.exec_driver_sql("BEGIN IMMEDIATE")
            await _fail(other)
            waiting = asyncio.create_task(_begin(other))
            await asyncio.sleep(0.5)  # its thread waits, and keeps its mutex
            gc.collect()  # on the loop, as it comes
            await holder.exec_driver_sql("COMMIT")
            return await waiting
    finally:
        gc.enable()
        await _end(engine)


async def _read_and_write(connection: AsyncConnection) -> list[Any]:
    await connection.exec_driver_sql("BEGIN DEFERRED")
    read = (await connection.exec_driver_sql("SELECT * FROM run")).all()
    await connection.exec_driver_sql("INSERT INTO run VALUES ('second')")
    await connection.exec_driver_sql("COMMIT")
    return [tuple(row) for row in read]


async def _fail(connection: AsyncConnection) -> None:
    """Read, then write while another one writes: SQLite refuses that at once."""
    await connection.exec_driver_sql("BEGIN DEFERRED")
    await connection.exec_driver_sql("SELECT * FROM run")
    with pytest.raises(OperationalError, match="database is locked"):
        await connection.exec_driver_sql("INSERT INTO run VALUES ('late')")
    await connection.exec_driver_sql("ROLLBACK")


async def _begin(connection: AsyncConnection) -> bool:
    try:
        await connection.exec_driver_sql("BEGIN IMMEDIATE")
    except OperationalError:
        return False
    await connection.exec_driver_sql("ROLLBACK")
    return True


def _engine(database: str, patience_s: float) -> AsyncEngine:
    def begin_by_hand(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {patience_s * 1000:.0f}")
        cursor.close()

    engine = create_async_engine(database)
    event.listen(engine.sync_engine, "connect", begin_by_hand)
    return engine


async def _end(engine: AsyncEngine) -> None:
    gc.collect()
    await engine.dispose()
