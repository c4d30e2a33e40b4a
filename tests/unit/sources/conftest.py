from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

WriteSource = Callable[..., Path]


class SettableClock:
    """A clock that stands still until it is told to move on."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 23, 6, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment

    def advance(self, **duration: float) -> None:
        self.moment += timedelta(**duration)


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "Our People"
    folder.mkdir()
    return folder


@pytest.fixture
def write_source(source: Path) -> WriteSource:
    """Write CSV files from lines: `write_source(people=[...], bookings=[...])`."""

    def write(**tables: list[str]) -> Path:
        for name, lines in tables.items():
            (source / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        return source

    return write
