"""The command line in this process, with a source, a ledger and carriers of its own."""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from rollcall.cli.app import run
from rollcall.ledger.engine import open_ledger
from rollcall.ledger.log import LogEntry, list_messages, read_log
from rollcall.sandbox.journal import JournalEntry
from rollcall.sandbox.plan import make_plan
from rollcall.sandbox.servers import Sandbox, start_sandbox
from rollcall.settings import variable_names
from tests.people import phone_of

TABLES: dict[str, list[list[str]]] = {
    "people": [
        ["person_id", "name", "email", "phone", "facility_id", "groups", "tags", "language"],
        ["p1", "Ana", "p1@example.org", phone_of(1), "tokyo", "board", "vip", "pt"],
        ["p2", "Bo", "p2@example.org", "", "tokyo", "it", "", ""],
        ["p3", "Cy", "", phone_of(3), "", "it", "no-contact", ""],
        ["p4", "Di", "", "", "", "it", "", ""],
    ],
    "facilities": [
        ["facility_id", "name", "country", "latitude", "longitude"],
        ["tokyo", "Tokyo office", "JP", "35.681", "139.767"],
        ["paris", "Paris office", "FR", "", ""],
    ],
    "facility_contacts": [
        ["facility_id", "person_id", "is_manager"],
        ["tokyo", "p1", "true"],
        ["tokyo", "p3", "false"],
    ],
    "bookings": [
        ["booking_id", "person_id", "kind", "iata", "starts_at", "ends_at"],
        ["b1", "p1", "flight", "HND", "2026-11-23T01:00:00+09:00", "2026-11-23T21:00:00+09:00"],
        ["b2", "p2", "hotel", "CDG", "2026-11-23T08:00:00Z", "2026-11-23T07:00:00Z"],
    ],
}


@dataclass(frozen=True)
class Answer:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The answer for programs."""
        return json.loads(self.out)

    @property
    def mistake(self) -> str:
        """What the user is told; fails unless it is one line for a mistake, and nothing else."""
        assert (self.code, self.out) == (2, "")
        assert "Traceback" not in self.err
        *notices, told = self.err.splitlines()
        assert told.startswith("rollcall: ")
        assert all(line.startswith("message m") for line in notices)
        assert len(notices) <= 1
        return told.removeprefix("rollcall: ")


@dataclass
class CommandLine:
    """Runs commands and keeps an eye on what went out."""

    folder: Path
    sandbox: Sandbox
    capture: pytest.CaptureFixture[str]
    monkeypatch: pytest.MonkeyPatch
    taken_before: set[JournalEntry] = field(init=False)

    def __post_init__(self) -> None:
        self.taken_before = set(self.sandbox.journal())

    def __call__(self, *arguments: str | Path) -> Answer:
        self.capture.readouterr()
        code = run([str(argument) for argument in arguments])
        printed = self.capture.readouterr()
        return Answer(code, printed.out, printed.err)

    def set(self, name: str, value: str | Path) -> None:
        self.monkeypatch.setenv(f"ROLLCALL_{name}", str(value))

    def write(self, name: str, content: object) -> Path:
        """Write a file; what is no text is written as JSON."""
        path = self.folder / name
        path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
        return path

    def write_message(self, selection: dict[str, Any], name: str = "m.json", **rest: Any) -> Path:
        content = {"subject": "Drill", "text": "Hello {{ name }}, this is a drill."}
        return self.write(name, {"content": content, "selection": selection} | rest)

    @property
    def source(self) -> Path:
        return self.folder / "source"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def taken(self) -> list[JournalEntry]:
        """Return what the carriers took since this test began."""
        return [entry for entry in self.sandbox.journal() if entry not in self.taken_before]

    def deliveries(self) -> list[LogEntry]:
        """Return every delivery in the ledger; none where there is no ledger."""
        if not (self.data / "ledger.db").exists():
            return []
        ledger = open_ledger(f"sqlite:///{self.data / 'ledger.db'}")
        try:
            messages = list_messages(ledger)
            return [entry for one in messages for entry in read_log(ledger, one.message_id)]
        finally:
            ledger.close()

    def assert_nothing_sent(self) -> None:
        assert self.taken() == []
        assert self.deliveries() == []


@pytest.fixture(scope="session")
def carriers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """Carriers and a mail server that behave, for the whole session."""
    folder = tmp_path_factory.mktemp("carriers")
    with start_sandbox(make_plan("clean", seed=1), folder) as sandbox:
        yield sandbox


@pytest.fixture
def rollcall(
    carriers: Sandbox,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> CommandLine:
    return install_beside(carriers, tmp_path, capsys, monkeypatch)


def install_beside(
    carriers: Sandbox,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> CommandLine:
    """Return the command line of an installation whose routes lead to some carriers."""
    for name in variable_names():
        monkeypatch.delenv(name, raising=False)
    command_line = CommandLine(folder, carriers, capsys, monkeypatch)
    write_source(command_line.source, TABLES)
    command_line.set("DATA_DIR", command_line.data)
    command_line.set("ROUTES_FILE", carriers.routes_file)
    command_line.set("DELIVERY__FIRST_WAIT_S", "0.05")
    return command_line


def write_source(folder: Path, tables: dict[str, list[list[str]]]) -> None:
    """Write tables as CSV files."""
    folder.mkdir(exist_ok=True)
    for name, rows in tables.items():
        with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(rows)
