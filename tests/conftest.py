"""What many tests share: a ledger on either back end, each empty and nobody else's."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from rollcall.ledger.engine import Ledger, open_ledger
from rollcall.ledger.migrate import migrate_ledger
from rollcall.ledger.tables import Base
from tests.postgres import PostgresServer, run_postgres

os.environ.pop("COLUMNS", None)  # pytest-xdist sets it, and Rich would take it for good

BACKENDS = ("sqlite", "postgresql")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the end-to-end tests: while they wait, others of several processes work."""
    items.sort(key=lambda item: not item.nodeid.startswith("tests/e2e/"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server of this test session; without one, tests that need it fail."""
    with run_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite ledger at the newest revision, to be copied."""
    path = tmp_path_factory.mktemp("ledger") / "template.db"
    _migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def migrated_postgres(postgres: PostgresServer) -> str:
    """The name of a PostgreSQL ledger at the newest revision, to be emptied before each test.

    To create a database takes 20 times as long as to empty one.
    """
    name = postgres.create_database()
    _migrate(postgres.url(name))
    return name


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    """Every test that asks for it, or for a ledger, runs on both back ends."""
    return str(request.param)


@pytest.fixture
def empty_url(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database without any table."""
    if backend == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    name = server.create_database()
    yield server.url(name)
    server.drop_database(name)


@pytest.fixture
def ledger_url(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty ledger at the newest revision; its tables must stay as they are."""
    if backend == "sqlite":
        path = shutil.copy(request.getfixturevalue("migrated_sqlite"), tmp_path / "ledger.db")
        return f"sqlite:///{path}"
    server: PostgresServer = request.getfixturevalue("postgres")
    name: str = request.getfixturevalue("migrated_postgres")
    server.empty_tables(name, Base.metadata.tables)
    return server.url(name)


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    """An empty ledger at the newest revision."""
    opened = open_ledger(ledger_url)
    yield opened
    opened.close()


def _migrate(url: str) -> None:
    ledger = open_ledger(url)
    migrate_ledger(ledger)
    ledger.close()
