"""Migrations: from nothing to the newest revision, at once from many places, and no further."""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text

from rollcall.errors import LedgerError
from rollcall.ledger.engine import Ledger, open_ledger
from rollcall.ledger.log import count_statuses, list_messages
from rollcall.ledger.migrate import migrate_ledger, newest_revision, require_current
from rollcall.ledger.tables import Base
from tests.integration.ledger.records import at_once, queue_message

MIGRATE = """
import sys
from rollcall.ledger.engine import open_ledger
from rollcall.ledger.migrate import migrate_ledger, require_current
ledger = open_ledger(sys.argv[1])
sys.stdin.readline()
require_current(ledger)
print(*migrate_ledger(ledger))
ledger.close()
"""
"""A process that migrates once it is told to begin."""


def test_an_empty_database_becomes_a_ledger(empty_url: str) -> None:
    ledger = open_ledger(empty_url)

    assert migrate_ledger(ledger) == (None, newest_revision())
    require_current(ledger)

    message_id = queue_message(ledger, 2)
    assert count_statuses(ledger, message_id) == {"sms": {"waiting": 2}}
    ledger.close()


def test_a_new_ledger_is_set_up_without_being_asked(empty_url: str) -> None:
    ledger = open_ledger(empty_url)

    require_current(ledger)

    assert list_messages(ledger) == []
    ledger.close()


def test_the_tables_are_those_that_the_code_describes(ledger: Ledger) -> None:
    with ledger.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, Base.metadata)

    assert differences == []


def test_every_constraint_has_the_name_that_the_code_gives_it(ledger: Ledger) -> None:
    inspector = inspect(ledger.engine)
    stored = {
        name
        for table in Base.metadata.tables
        for name in (
            inspector.get_pk_constraint(table)["name"],
            *(one["name"] for one in inspector.get_foreign_keys(table)),
            *(one["name"] for one in inspector.get_unique_constraints(table)),
        )
    }

    assert stored == {
        str(constraint.name)
        for table in Base.metadata.tables.values()
        for constraint in table.constraints
    }


def test_every_index_is_of_the_rows_that_the_code_says(ledger: Ledger) -> None:
    def rows_of(options: Mapping[str, Any], name: str) -> str:
        told = str(options.get(name)).strip("()").lower()
        # PostgreSQL keeps a list of texts as an array of them
        return told.replace("::text", "").replace("= any (array[", "in (").removesuffix("]")

    tables, inspector = Base.metadata.tables, inspect(ledger.engine)
    stored = {
        str(one["name"]): rows_of(one.get("dialect_options", {}), f"{ledger.backend}_where")
        for table in tables
        for one in inspector.get_indexes(table)
        if not one.get("duplicates_constraint")
    }
    told = {
        str(one.name): rows_of(one.dialect_options[ledger.backend], "where")
        for table in tables.values()
        for one in table.indexes
    }
    assert stored == told
    assert "provider_id is not null" in told.values()


def test_threads_that_migrate_at_once_all_succeed(empty_url: str) -> None:
    def migrate(_: int) -> None:
        ledger = open_ledger(empty_url)
        require_current(ledger)
        migrate_ledger(ledger)
        ledger.close()

    at_once(6, migrate)


def test_processes_that_migrate_at_once_all_succeed(empty_url: str) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", MIGRATE, empty_url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]

    for process in processes:
        assert process.stdin
        process.stdin.write("begin\n")
        process.stdin.flush()
    told = [process.communicate(timeout=60) for process in processes]

    head = newest_revision()
    assert told == [(f"{head} {head}\n", "")] * 2


@pytest.fixture
def own_ledger(empty_url: str) -> Iterator[Ledger]:
    """A ledger in a database that no other test uses."""
    ledger = open_ledger(empty_url)
    migrate_ledger(ledger)
    yield ledger
    ledger.close()


def test_a_ledger_of_an_older_version_is_refused_until_it_is_migrated(own_ledger: Ledger) -> None:
    set_revision(own_ledger, "0000")

    with pytest.raises(LedgerError, match=r"at revision 0000, .* needs \d+: run `rollcall migr"):
        require_current(own_ledger)


def test_a_ledger_of_a_newer_version_is_refused_and_not_migrated(own_ledger: Ledger) -> None:
    message_id = queue_message(own_ledger)
    set_revision(own_ledger, "9999")

    with pytest.raises(LedgerError, match="at revision 9999"):
        require_current(own_ledger)
    with pytest.raises(LedgerError, match=r"revision 9999, .* not know"):
        migrate_ledger(own_ledger)
    assert count_statuses(own_ledger, message_id) == {"sms": {"waiting": 1}}


def set_revision(ledger: Ledger, revision: str) -> None:
    with ledger.write() as connection:
        connection.execute(text("update alembic_version set version_num = :it"), {"it": revision})
