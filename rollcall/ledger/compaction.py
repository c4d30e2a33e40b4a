"""Writing over what was deleted: the rows are gone then, but not yet the bytes they were.

SQLite writes its file anew (`VACUUM`), which holds up every writer meanwhile, and empties its log.
So it does only if something was taken away since the last time: a count in the file's own header
(`user_version`, which nothing else here uses) goes up with each transaction that takes something
away. PostgreSQL gives the room free; it is written over as new rows come.
"""

from typing import Any, Final

import pysqlite3.dbapi2 as sqlite
from sqlalchemy import Connection, Engine

from rollcall.errors import LedgerError
from rollcall.ledger.engine import Ledger, told_plainly

COMPACTION_S_PER_BYTE: Final = 3e-8
"""How long that takes on a machine that is busy: some 3 s for each 100 MB."""

_MOST_OWED: Final = 2**31 - 2
_WAITS_MS: Final = 1_000


def owe_compaction(connection: Connection) -> None:
    """Say, in the transaction that takes something away, that its bytes are left."""
    if connection.dialect.name == "sqlite":
        owed = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
        connection.exec_driver_sql(f"PRAGMA user_version = {owed % _MOST_OWED + 1}")


def is_compaction_owed(ledger: Ledger) -> bool:
    """Tell whether something was taken away whose bytes may be left, or pages are free.

    Raises:
        LedgerError: The ledger does not answer.
    """
    if ledger.backend != "sqlite":
        return True
    with ledger.read() as connection:
        return any(
            connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("user_version", "freelist_count")
        )


def compact(ledger: Ledger) -> bool:
    """Write over what was deleted.

    Returns:
        Whether it could; False: others are reading or writing.

    Raises:
        LedgerError: The database cannot do it.
    """
    if ledger.backend == "sqlite":
        return _compact_sqlite(ledger.engine)
    with told_plainly(), ledger.engine.connect() as connection:
        alone = connection.execution_options(isolation_level="AUTOCOMMIT")
        alone.exec_driver_sql("vacuum")
    return True


def _compact_sqlite(engine: Engine) -> bool:
    pooled = engine.raw_connection()
    opened: Any = pooled.driver_connection
    try:
        opened.execute(f"PRAGMA busy_timeout={_WAITS_MS}")
        owed = _read_owed(opened)
        opened.execute("VACUUM")
        is_blocked, *_ = opened.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if not is_blocked:
            _settle(opened, owed)
    except sqlite.OperationalError as error:
        if str(error.sqlite_errorname).startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            return False
        raise LedgerError(f"the ledger cannot be compacted: {error}") from error
    finally:
        pooled.invalidate()  # its timeout is another one than those of the pool have
        pooled.close()
    return not is_blocked


def _settle(opened: Any, owed: int) -> None:
    """Say that nothing is owed, unless somebody took something away meanwhile."""
    opened.execute("BEGIN IMMEDIATE")
    if _read_owed(opened) == owed:
        opened.execute("PRAGMA user_version = 0")
    opened.execute("COMMIT")


def _read_owed(opened: Any) -> int:
    return int(opened.execute("PRAGMA user_version").fetchone()[0])
