"""How the ledger is reached: the only place that knows SQLite from PostgreSQL.

SQLite: WAL, `synchronous=FULL`, and `BEGIN IMMEDIATE` for writers, because a transaction that
starts as a reader and then writes fails at once whatever the busy timeout. PostgreSQL: as it comes,
but for `idle_in_transaction_session_timeout`.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import orjson
import pysqlite3.dbapi2 as sqlite
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.dialects import postgresql as postgresql_dialect
from sqlalchemy.dialects import sqlite as sqlite_dialect
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError, ProgrammingError

from rollcall.errors import ConfigError, LedgerError

BUSY_TIMEOUT_S = 30
"""How long a writer waits for another one; group commits take milliseconds."""

WRITER_WAITS_S = 0.008
"""How long SQLite waits by itself for another writer before it is asked anew. It looks after 1, 3
and 8 ms, then after ever longer pauses up to a tenth of a second: of two processes that commit all
the time each would wait most of it. To ask it takes ten times as long as a look of its own."""

WRITER_PAUSES_S = 0.001
"""Before it is asked anew."""

CONNECTING: Final[dict[str, Any]] = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
}
"""How long a PostgreSQL that does not answer is waited for, in seconds (the last in milliseconds),
as libpq names it. Without, a connection that is cut without a word hangs for a quarter of an hour,
and one that only listens for two hours."""

ABANDONED_AFTER_S = 40.0
"""After how long PostgreSQL ends a transaction in which nothing happens, as when its process is
paused: the rows that it has locked are skipped by everybody else. As long as a lease."""

_WAITS = "rollcall_waits_s"

_OUR_MISTAKES = (DataError, IntegrityError, ProgrammingError)
"""What the database says of statements that are wrong; all else is that it cannot do its work."""

_SCHEMA_LOCK = 7_215_541_902
"""An arbitrary constant: the PostgreSQL advisory lock that one migration at a time holds."""


class Ledger:
    """The operational database; hands out connections for reading and for writing."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._is_sqlite = engine.dialect.name == "sqlite"

    @property
    def backend(self) -> str:
        """Return `sqlite` or `postgresql`."""
        return self.engine.dialect.name

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a transaction that only reads.

        Raises:
            LedgerError: The database does not answer.
        """
        with told_plainly(), self.engine.begin() as connection:
            if self._is_sqlite:
                _begin_reading(connection)
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Open a transaction that writes; committed at the end, rolled back on any error.

        Raises:
            LedgerError: The database does not answer, is locked, or its disk is full.
        """
        with told_plainly(), self.engine.begin() as connection:
            if self._is_sqlite:
                _begin_writing(connection)
            yield connection

    def lock_schema(self, connection: Connection) -> None:
        """Hold off other migrations until this transaction ends; SQLite's writers always do."""
        if self.backend == "postgresql":
            connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _SCHEMA_LOCK})

    def serialise(self, connection: Connection, name: str) -> None:
        """Let one transaction of a name go on at a time, until it ends; SQLite's writers always do.

        Args:
            connection: A transaction that writes.
            name: What must not be decided twice at once.
        """
        if self.backend == "postgresql":
            query = text("select pg_advisory_xact_lock(hashtextextended(:name, 0))")
            connection.execute(query, {"name": name})

    def read_size(self) -> int:
        """Return how many bytes the database takes, without what SQLite has not merged yet.

        Raises:
            LedgerError: The database does not answer.
        """
        is_sqlite = self.backend == "sqlite"
        pages = "select page_count * page_size from pragma_page_count(), pragma_page_size()"
        query = pages if is_sqlite else "select pg_database_size(current_database())"
        with self.read() as connection:
            return int(connection.execute(text(query)).scalar_one())

    def read_version(self) -> str:
        """Return which version of the database this is, as it names itself.

        Raises:
            LedgerError: The database does not answer.
        """
        query = "select sqlite_version()" if self.backend == "sqlite" else "show server_version"
        with self.read() as connection:
            return str(connection.execute(text(query)).scalar_one())

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def open_ledger(url: str, abandoned_after_s: float = ABANDONED_AFTER_S) -> Ledger:
    """Open the ledger at a SQLAlchemy URL (`sqlite:///path` or `postgresql://…`).

    Args:
        url: Where it is.
        abandoned_after_s: After how long PostgreSQL ends a transaction in which nothing happens;
            SQLite's last as long as their process does.

    Raises:
        ConfigError: The URL is not understood, or SQLite here would corrupt a shared database.
    """
    try:
        backend = make_url(url).get_backend_name()
    except (ArgumentError, ValueError) as error:
        raise ConfigError("ROLLCALL_LEDGER_URL is not a database URL") from error
    if backend == "sqlite":
        return Ledger(_open_sqlite(url))
    if backend == "postgresql":
        return Ledger(_open_postgresql(url, abandoned_after_s))
    raise ConfigError(f"ROLLCALL_LEDGER_URL: {backend} is not supported (sqlite or postgresql)")


def may_exist(url: str) -> bool:
    """Tell whether there may be a ledger at a URL; asks no server, and makes no file.

    Raises:
        ConfigError: The URL is not understood.
    """
    try:
        address = make_url(url)
        is_sqlite = address.get_backend_name() == "sqlite"
    except (ArgumentError, ValueError) as error:
        raise ConfigError("ROLLCALL_LEDGER_URL is not a database URL") from error
    return not is_sqlite or (bool(address.database) and Path(address.database or "").exists())


def insert_new(
    connection: Connection,
    table: Any,
    key: str | tuple[str, ...],
    rows: Sequence[dict[str, Any]],
) -> set[str]:
    """Insert the rows whose key is not there yet, also while others insert the same.

    Args:
        connection: A transaction that writes.
        table: A mapped class.
        key: The name of its primary key, or the names of its parts.
        rows: What to insert; no key twice.

    Returns:
        The keys that this call inserted (of a key of several parts, the first).
    """
    is_sqlite = connection.dialect.name == "sqlite"
    insert = sqlite_dialect.insert if is_sqlite else postgresql_dialect.insert
    names = (key,) if isinstance(key, str) else key
    if not rows:
        return set()
    # one statement for any number of rows: SQLAlchemy compiles it once and batches it by itself
    kept = insert(table).on_conflict_do_nothing(index_elements=names)
    returning = kept.returning(getattr(table, names[0]))
    return set(connection.execute(returning, list(rows)).scalars())


def is_sound_sqlite(version: tuple[int, ...]) -> bool:
    """Tell whether this SQLite is free of the WAL-reset bug, which corrupts shared databases.

    Present from 3.7.0, fixed in 3.51.3, and in the maintenance releases 3.50.7 and 3.44.6.
    """
    return (
        version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51) or (3, 44, 6) <= version < (3, 45)
    )


def _open_sqlite(url: str) -> Engine:
    if not is_sound_sqlite(sqlite.sqlite_version_info):
        raise ConfigError(
            f"SQLite {sqlite.sqlite_version} can corrupt a database that several processes write; "
            "install the pysqlite3 wheel (SQLite 3.53), or set ROLLCALL_LEDGER_URL to a PostgreSQL"
        )
    path = make_url(url).database
    if not path or path == ":memory:":
        raise ConfigError(
            "ROLLCALL_LEDGER_URL: the ledger must be a file, not a database in memory"
        )
    _require_writable(Path(path).parent)
    Path(path).touch(mode=0o600)  # names and numbers: for its owner only, its WAL likewise
    waits = {"timeout": BUSY_TIMEOUT_S}
    engine = create_engine(
        url,
        module=sqlite,
        connect_args=waits,
        hide_parameters=True,
        json_deserializer=orjson.loads,
        pool_use_lifo=True,  # the connection that was used last still knows most of its pages
    )
    event.listen(engine, "connect", _prepare_connection)
    return engine


def _open_postgresql(url: str, abandoned_after_s: float) -> Engine:
    address = make_url(url).set(drivername="postgresql+psycopg")
    # pre-ping: after a restart of the server the connections that are kept lead nowhere
    engine = create_engine(
        address,
        hide_parameters=True,
        pool_pre_ping=True,
        connect_args=dict(CONNECTING),
    )

    def limit_idleness(connection: Any, _record: object) -> None:
        # as a statement: poolers refuse it among the options of a connection
        milliseconds = round(abandoned_after_s * 1000)
        connection.execute(f"SET idle_in_transaction_session_timeout = {milliseconds}")
        connection.commit()

    event.listen(engine, "connect", limit_idleness)
    return engine


def _require_writable(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = folder / ".writable"
        probe.touch(mode=0o600)
        probe.unlink(missing_ok=True)  # another process may be probing too
    except OSError as error:
        raise ConfigError(
            f"the ledger's folder {folder} cannot be written: {error.strerror}"
        ) from error


def _prepare_connection(connection: Any, _record: object) -> None:
    # the driver must not open transactions by itself: a ledger does. Nor does an event of
    # SQLAlchemy's: an engine that has one looks for listeners at every step of every statement
    connection.isolation_level = None
    _switch_to_wal(connection)
    for pragma in ("synchronous=FULL", "foreign_keys=ON", "cache_size=-8000"):
        connection.execute(f"PRAGMA {pragma}")


def _switch_to_wal(connection: Any) -> None:
    """Switch, or find it done: of two that switch a new file at once SQLite refuses one unheard."""
    give_up_at = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite.OperationalError:
            if time.monotonic() >= give_up_at:
                raise
            time.sleep(0.01)
        else:
            return


def _begin_reading(connection: Connection) -> None:
    _set_busy_timeout(connection, BUSY_TIMEOUT_S)
    opened: Any = connection.connection.dbapi_connection
    opened.execute("BEGIN")  # touches nothing yet, so nothing can be in its way


def _begin_writing(connection: Connection) -> None:
    opened: Any = connection.connection.dbapi_connection
    give_up_at = time.monotonic() + BUSY_TIMEOUT_S
    _set_busy_timeout(connection, WRITER_WAITS_S)
    while _is_busy(opened) and time.monotonic() < give_up_at:
        time.sleep(WRITER_PAUSES_S)
    if not opened.in_transaction:
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # fails, as SQLAlchemy tells it


def _set_busy_timeout(connection: Connection, seconds: float) -> None:
    """Say how long SQLite itself waits for others; kept in mind, as each call costs its time."""
    if connection.info.get(_WAITS) != seconds:
        opened: Any = connection.connection.dbapi_connection
        opened.execute(f"PRAGMA busy_timeout={round(seconds * 1000)}")
        connection.info[_WAITS] = seconds


def _is_busy(opened: Any) -> bool:
    """Begin to write; tell whether that failed because somebody else does."""
    try:
        opened.execute("BEGIN IMMEDIATE")
    except sqlite.OperationalError as error:
        return str(error.sqlite_errorname).startswith("SQLITE_BUSY")
    return False


@contextmanager
def told_plainly() -> Iterator[None]:
    """Turn the driver's complaint into one sentence, without the statement and its parameters."""
    try:
        yield
    except _OUR_MISTAKES:
        raise
    except DBAPIError as error:
        told = str(error.orig).strip() or type(error.orig).__name__
        raise LedgerError(f"the ledger does not answer: {told.splitlines()[0]}") from error
