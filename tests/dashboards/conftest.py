"""Views run as Streamlit runs them, on a ledger of their own."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from rollcall.ledger.engine import Ledger, open_ledger
from tests.dashboards.houses import Lived, living_in


@pytest.fixture
def sqlite_ledger(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Ledger]:
    """An empty ledger on SQLite: what views read is asked of both back ends in other tests."""
    opened = open_ledger(f"sqlite:///{shutil.copy(migrated_sqlite, tmp_path / 'ledger.db')}")
    yield opened
    opened.close()


@pytest.fixture
def lived(sqlite_ledger: Ledger, tmp_path: Path) -> Iterator[Lived]:
    with living_in(sqlite_ledger, tmp_path) as one:
        yield one
