"""Prefect's own command, in a process where transactions on SQLite wait for their turn.

Prefect (3.8.8) begins most of what it writes as `BEGIN DEFERRED`: it reads, then writes, and is
refused at once ("database is locked") where another one writes meanwhile. So a click was answered
by an error as long as runs were being taken.

SQLAlchemy (2.0.58) closes no cursor of aiosqlite that failed: it lies in a reference cycle with its
error until Python next collects garbage, in Prefect's server mostly on the event loop. To free it
there waits for a mutex that the connection's own thread keeps while it waits for the database, and
whoever has the database waits for the loop. Nothing goes on until SQLite gives up after 60 s, and
soon it happens again: so ended most starts at which many late runs were taken.

So each transaction waits until it may write, also one that only reads (where a dispatcher asks what
is due), and a cursor whose statement fails is closed at once. On PostgreSQL there is neither.
"""

import sqlite3
from typing import Any

from prefect.cli import app
from sqlalchemy import Engine, event


class ClosingCursor(sqlite3.Cursor):
    """Closes itself where it fails, in the thread of its connection."""

    def execute(self, *args: Any) -> "ClosingCursor":  # noqa: D102
        try:
            return super().execute(*args)
        except sqlite3.Error:
            self.close()
            raise

    def executemany(self, *args: Any) -> "ClosingCursor":  # noqa: D102
        try:
            return super().executemany(*args)
        except sqlite3.Error:
            self.close()
            raise


class ClosingConnection(sqlite3.Connection):
    """Makes cursors that close themselves where they fail."""

    def cursor(self, factory: Any = ClosingCursor) -> Any:  # noqa: D102
        return super().cursor(factory)


def close_failures(dialect: Any, _record: Any, _args: Any, options: dict[str, Any]) -> None:
    """Have a connection made that closes what fails; for SQLAlchemy's `do_connect`."""
    if dialect.name == "sqlite":
        options["factory"] = ClosingConnection


def wait_for_turn(
    _connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any
) -> tuple[str, Any]:
    """Have a transaction wait for others before it reads; for `before_cursor_execute`."""
    if statement == "BEGIN DEFERRED":
        statement = "BEGIN IMMEDIATE"
    return statement, parameters


if __name__ == "__main__":
    event.listen(Engine, "do_connect", close_failures)
    event.listen(Engine, "before_cursor_execute", wait_for_turn, retval=True)
    app()
