"""Bring a ledger to the schema this version needs; safe to call from several processes at once."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from rollcall.errors import LedgerError
from rollcall.ledger.engine import Ledger


def migrate_ledger(ledger: Ledger) -> tuple[str | None, str]:
    """Migrate to the newest revision, in one transaction.

    Returns:
        The revision before (None for a new ledger) and after.

    Raises:
        LedgerError: The ledger was made by a newer version.
    """
    with ledger.write() as connection:
        ledger.lock_schema(connection)
        before = _revision_of(connection)
        config = _config()
        _require_known(before, config)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        return before, newest_revision()


def require_current(ledger: Ledger) -> None:
    """Make sure the ledger has this version's schema; a new, empty one is set up at once.

    Raises:
        LedgerError: The ledger was made by another version.
    """
    with ledger.read() as connection:
        revision = _revision_of(connection)
    if revision is None:
        migrate_ledger(ledger)
    elif revision != newest_revision():
        raise LedgerError(
            f"the ledger is at revision {revision}, this version needs {newest_revision()}: "
            "run `rollcall migrate`"
        )


def newest_revision() -> str:
    """Return the revision this version needs."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if head is None:
        raise LedgerError("this installation holds no migrations")
    return head


def _require_known(revision: str | None, config: Config) -> None:
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if revision is not None and revision not in known:
        raise LedgerError(
            f"the ledger is at revision {revision}, which this version does not know: "
            "a newer one has made it"
        )


def _revision_of(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config
