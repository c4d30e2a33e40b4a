"""How a ledger is opened, what it refuses, and what it says when its database fails it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path
from typing import Any

import pysqlite3.dbapi2 as sqlite
import pytest
from sqlalchemy import Connection, event, text
from sqlalchemy.exc import IntegrityError

from rollcall.errors import ConfigError, LedgerError
from rollcall.ledger.compaction import compact
from rollcall.ledger.engine import Ledger, is_sound_sqlite, open_ledger
from rollcall.ledger.log import count_statuses, list_messages
from rollcall.ledger.messages import accept_message
from rollcall.ledger.migrate import migrate_ledger, require_current
from rollcall.ledger.queue import claim_due
from tests.integration.ledger.outages import drop_connections
from tests.integration.ledger.records import (
    NOW,
    a_message,
    an_audience,
    at_once,
    begin,
    claim_one,
    finish,
    finished,
    freeze_audience,
    queue_message,
    read_attempts,
    read_delivery,
    record_deliveries,
)
from tests.postgres import PostgresServer

on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("backend", ["postgresql"], indirect=True)


@pytest.mark.parametrize(
    ("version", "is_sound"),
    [
        ((3, 40, 1), False),
        ((3, 44, 5), False),
        ((3, 44, 6), True),
        ((3, 44, 9), True),
        ((3, 45, 0), False),
        ((3, 50, 6), False),
        ((3, 50, 7), True),
        ((3, 51, 0), False),
        ((3, 51, 2), False),
        ((3, 51, 3), True),
        ((3, 53, 0), True),
        ((4, 0, 0), True),
    ],
)
def test_sqlite_versions_that_corrupt_shared_databases_are_known(
    version: tuple[int, ...], is_sound: bool
) -> None:
    assert is_sound_sqlite(version) == is_sound


def test_the_sqlite_that_comes_with_us_is_sound() -> None:
    assert is_sound_sqlite(sqlite.sqlite_version_info)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("not a url", "is not a database URL"),
        ("postgresql://rollcall@db:port/rollcall", "is not a database URL"),
        ("mysql://localhost/rollcall", "mysql is not supported"),
        ("sqlite://", "must be a file"),
        ("sqlite:///:memory:", "must be a file"),
    ],
)
def test_an_address_that_cannot_be_a_ledger_is_refused(url: str, told: str) -> None:
    with pytest.raises(ConfigError, match=f"ROLLCALL_LEDGER_URL.*{told}"):
        open_ledger(url)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    in_the_way = tmp_path / "data"
    in_the_way.write_text("a file where a folder should be")

    with pytest.raises(ConfigError, match=f"folder {in_the_way} cannot be written"):
        open_ledger(f"sqlite:///{in_the_way / 'ledger.db'}")


def test_a_folder_that_the_system_keeps_from_us_is_named() -> None:
    # of all folders this one refuses root too
    with pytest.raises(ConfigError, match="folder /proc/rollcall cannot be written"):
        open_ledger("sqlite:////proc/rollcall/ledger.db")


def test_a_missing_folder_is_made_for_its_owner_only(tmp_path: Path) -> None:
    open_ledger(f"sqlite:///{tmp_path / 'new' / 'ledger.db'}").close()

    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700


def test_many_who_open_a_new_ledger_at_once_all_get_it(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new' / 'ledger.db'}"

    def open_and_read(_: int) -> int:
        for _repeat in range(10):
            ledger = open_ledger(url)
            require_current(ledger)
            count = len(list_messages(ledger))
            ledger.close()
        return count

    assert at_once(8, open_and_read) == [0] * 8


def test_who_opens_a_new_ledger_waits_for_another_who_does(tmp_path: Path) -> None:
    """SQLite itself does not: of two who switch a new file to WAL, one is refused at once."""
    path = tmp_path / "ledger.db"
    ledger = open_ledger(f"sqlite:///{path}")
    other = sqlite.connect(path, isolation_level=None)
    other.execute("create table anything (it)")
    other.execute("begin immediate")

    with ThreadPoolExecutor(1) as pool:
        opening = pool.submit(require_current, ledger)
        wait([opening], timeout=0.3)  # what fails, fails at once
        other.execute("rollback")
        opening.result(timeout=10)

    other.close()
    ledger.close()


def test_a_file_that_is_no_database_is_told_in_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("person_id,name\n" * 100)

    ledger = open_ledger(f"sqlite:///{path}")

    with pytest.raises(LedgerError, match="file is not a database"):
        require_current(ledger)
    assert path.read_text() == "person_id,name\n" * 100


def test_a_server_that_does_not_answer_is_told_in_one_sentence(tmp_path: Path) -> None:
    ledger = open_ledger(f"postgresql://rollcall@/rollcall?host={tmp_path}")

    with pytest.raises(LedgerError, match="the ledger does not answer: ") as told:
        require_current(ledger)
    assert "\n" not in str(told.value)


@on_sqlite
def test_every_sqlite_connection_is_durable_and_keeps_references(ledger: Ledger) -> None:
    with ledger.read() as connection:
        settings = [
            connection.execute(text(f"PRAGMA {name}")).scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]

    assert settings == ["wal", 2, 1]


def test_an_error_rolls_everything_back(ledger: Ledger) -> None:
    message_id = queue_message(ledger)

    with pytest.raises(IntegrityError), ledger.write() as connection:
        delete_all_but_people(connection)

    assert count_statuses(ledger, message_id) == {"sms": {"waiting": 1}}


def delete_all_but_people(connection: Connection) -> None:
    """Delete as far as the references let us: messages still have their audience."""
    for table in ("deliveries", "contents", "messages"):
        connection.execute(text(f"delete from {table}"))  # noqa: S608 - names of our own tables


def test_errors_of_the_database_quote_nobodys_address(ledger: Ledger) -> None:
    message, _ = accept_message(ledger, a_message("quake"), NOW)
    once = an_audience(1)
    twice = replace(once, recipients=(*once.recipients, *once.recipients))

    freeze_audience(ledger, message.message_id, twice)
    with pytest.raises(IntegrityError) as told:
        record_deliveries(ledger, message.message_id, [], [], NOW)

    assert "p0@example.org" not in str(told.value)


@on_sqlite
def test_a_full_disk_loses_nothing_that_was_recorded(ledger: Ledger) -> None:
    message_id = queue_message(ledger, 30)
    held = claim_due(ledger, message_id, "one", 30, NOW)
    attempt_id = begin(ledger, "one", held[0].delivery_id)
    assert attempt_id
    let_it_grow = forbid_growth(ledger)

    with pytest.raises(LedgerError, match="full"):
        queue_message(ledger, 900, key="quake")
    recorded = count_statuses(ledger, message_id)
    let_it_grow()
    finish(ledger, "one", attempt_id, "accepted", finished(held[0].delivery_id, "accepted"))

    assert recorded == {"sms": {"waiting": 30}}
    assert count_statuses(ledger, message_id) == {"sms": {"accepted": 1, "waiting": 29}}
    queue_message(ledger, 900, key="flood")


def forbid_growth(ledger: Ledger) -> Callable[[], None]:
    """Let the database of all new connections grow by no page; return what ends this."""

    def limit(connection: Any, _record: object) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + 2}")

    event.listen(ledger.engine, "connect", limit)
    ledger.close()

    def let_it_grow() -> None:
        event.remove(ledger.engine, "connect", limit)
        ledger.close()

    return let_it_grow


@on_postgresql
def test_connections_that_the_server_dropped_are_replaced(ledger: Ledger) -> None:
    message_id = queue_message(ledger)
    drop_connections(ledger)

    delivery = claim_one(ledger, message_id, "one")
    drop_connections(ledger)
    attempt_id = begin(ledger, "one", delivery.delivery_id)

    assert attempt_id
    assert read_delivery(ledger, delivery.delivery_id).attempt_count == 1
    assert len(read_attempts(ledger, delivery.delivery_id)) == 1


@on_postgresql
def test_a_connection_that_is_cut_without_a_word_is_given_up_within_half_a_minute(
    ledger: Ledger,
) -> None:
    with ledger.read() as connection:
        driver: Any = connection.connection.dbapi_connection
        told = driver.info.get_parameters()
    count, interval_s = int(told["keepalives_count"]), int(told["keepalives_interval"])
    assert int(told["keepalives_idle"]) + count * interval_s <= 30
    assert int(told["tcp_user_timeout"]) <= 30_000


@on_postgresql
def test_a_ledger_that_others_may_only_read_is_told_in_one_sentence(
    ledger: Ledger, postgres: PostgresServer
) -> None:
    """As after a failover: the old address leads to a server that only reads."""
    message_id = queue_message(ledger)
    with postgres.connect() as connection:
        connection.execute("alter system set default_transaction_read_only = on")
        connection.execute("select pg_reload_conf()")
    try:
        ledger.close()
        with pytest.raises(LedgerError, match="read-only"):
            claim_due(ledger, message_id, "one", 1, NOW)
    finally:
        with postgres.connect() as connection:
            connection.execute("set default_transaction_read_only = off")
            connection.execute("alter system reset default_transaction_read_only")
            connection.execute("select pg_reload_conf()")


def test_migrating_again_changes_nothing(ledger: Ledger) -> None:
    message_id = queue_message(ledger)

    before, after = migrate_ledger(ledger)

    assert before == after
    assert count_statuses(ledger, message_id) == {"sms": {"waiting": 1}}


def test_a_ledger_is_compacted_unless_somebody_reads_it(ledger: Ledger) -> None:
    assert compact(ledger)
    with ledger.read() as reader:
        reader.exec_driver_sql("select * from messages").all()
        with ledger.write() as connection:
            set_up = "insert into taken_texts (text_id, taken_at) values ('t', '2026-01-01')"
            connection.exec_driver_sql(set_up)
        # PostgreSQL's readers see what they saw; SQLite's log cannot be emptied under them
        assert compact(ledger) == (ledger.backend == "postgresql")
    assert compact(ledger)
