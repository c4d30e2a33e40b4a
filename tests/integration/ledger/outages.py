"""Databases that stop answering for a while."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql
from sqlalchemy import text

from rollcall.ledger.engine import Ledger


@contextmanager
def outage_of(ledger: Ledger, table: str = "deliveries") -> Iterator[None]:
    """Keep a ledger from answering for as long as the context lasts.

    A SQLite ledger lacks one table meanwhile: name one that what is tested needs.
    """
    if ledger.backend == "postgresql":
        _allow_connections(ledger, is_allowed=False)
        drop_connections(ledger)
        try:
            yield
        finally:
            _allow_connections(ledger, is_allowed=True)
        return
    with ledger.write() as connection:
        connection.execute(text(f"alter table {table} rename to {table}_away"))
    yield
    with ledger.write() as connection:
        connection.execute(text(f"alter table {table}_away rename to {table}"))


@contextmanager
def lock_of(ledger: Ledger, table: str = "deliveries") -> Iterator[None]:
    """Hold a ledger's write lock for as long as the context lasts: others have to wait."""
    with ledger.write() as connection:
        if ledger.backend == "postgresql":
            connection.execute(text(f"lock table {table} in access exclusive mode"))
        yield


def drop_connections(ledger: Ledger) -> None:
    """End all sessions of a PostgreSQL ledger, as a restart of the server does."""
    _as_superuser(
        ledger,
        sql.SQL(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = {}"
        ).format(sql.Literal(ledger.engine.url.database)),
    )


def _allow_connections(ledger: Ledger, *, is_allowed: bool) -> None:
    _as_superuser(
        ledger,
        sql.SQL("alter database {} allow_connections {}").format(
            sql.Identifier(str(ledger.engine.url.database)), sql.Literal(is_allowed)
        ),
    )


def _as_superuser(ledger: Ledger, statement: sql.Composed) -> None:
    url = ledger.engine.url
    with psycopg.connect(
        host=str(url.query["host"]), user=url.username, dbname="postgres", autocommit=True
    ) as connection:
        connection.execute(statement)
