"""What the benchmark of orchestration runs on: a Prefect server, dispatchers, people.

Each installation has a folder, a ledger and a dispatcher of its own, a process as in production.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import polars as pl
from sqlalchemy import Engine, create_engine, func, inspect, make_url, select, table

from benchmarks.send_world import TEXT, open_app, phone_numbers
from rollcall.cli.environments import QUIET, SERVER
from rollcall.dispatcher.deploying import DEPLOYED
from rollcall.domain.message_templates import MessageSettings
from rollcall.domain.schedule_orders import ScheduledOrder
from rollcall.ledger.migrate import migrate_ledger
from rollcall.ledger.templates import save_template
from rollcall.schedules.parameters import write_parameters
from rollcall.settings import Settings
from rollcall.wiring import App, build_ledger
from tests.ports import find_free_port
from tests.postgres import PostgresServer

PATIENCE_S = 180.0
GROUPS = {"few": 100, "half": 50_000}
"""Groups of the source by how many people are in them; `everyone` is all."""


def await_that(
    condition: Callable[[], bool],
    what: str,
    patience_s: float = PATIENCE_S,
    *,
    every_s: float = 0.1,
) -> None:
    """Look until something is so, every so often.

    Raises:
        TimeoutError: It never was.
    """
    give_up_at = time.monotonic() + patience_s
    while not condition():
        if time.monotonic() > give_up_at:
            raise TimeoutError(f"waited {patience_s} s in vain: {what}")
        time.sleep(every_s)


def write_people(folder: Path, count: int) -> Path:
    """Write a source of so many people with email, number, and the groups `few` and `half`."""
    folder.mkdir(parents=True)
    numbers = phone_numbers()
    ids = [f"p{number:07}" for number in range(count)]
    people = pl.DataFrame(
        {
            "person_id": ids,
            "name": [f"Person {number}" for number in range(count)],
            "email": [f"{one}@example.org" for one in ids],
            "phone": [next(numbers) for _ in ids],
            "groups": [
                [name for name, size in GROUPS.items() if number < size] for number in range(count)
            ],
        }
    )
    people.write_parquet(folder / "people.parquet")
    return folder


@dataclass(frozen=True)
class PrefectServer:
    """A Prefect server.

    Attributes:
        address: Of its API.
        process: Its process, leader of a group of its own.
        database: Its database, to count rows in.
        log: What it prints.
        opened: The deployments that a browser has open, their ids by name.
    """

    address: str
    process: "subprocess.Popen[bytes]"
    database: Engine
    log: Path
    opened: dict[str, str] = field(default_factory=dict)

    def click(self, name: str, parameters: dict[str, Any]) -> str:
        """Start a run of a deployment as the UI does, which has it open; return its id."""
        if name not in self.opened:
            self.opened[name] = self.ask("GET", f"deployments/name/{name}/{name}")["id"]
        told = {"parameters": parameters, "state": {"type": "SCHEDULED"}}
        path = f"deployments/{self.opened[name]}/create_flow_run"
        run_id: str = self.ask("POST", path, told)["id"]
        return run_id

    def ask(self, method: str, path: str, told: dict[str, Any] | None = None) -> Any:
        """Ask the API once; nothing is tried again."""
        answer = httpx.request(method, f"{self.address}/{path}", json=told, timeout=30)
        return answer.raise_for_status().json()

    def state_of(self, run_id: str) -> str:
        """Return the type of a run's state."""
        state: str = self.ask("GET", f"flow_runs/{run_id}")["state_type"]
        return state

    def has_deployments(self) -> bool:
        """Tell whether a dispatcher has deployed everything: that takes CPU time for a while."""
        kept = f"{self.address}/variables/name/{DEPLOYED}"
        return httpx.get(kept, timeout=30).is_success

    def count_rows(self) -> int:
        """Count the rows of all tables of its database."""
        names = inspect(self.database).get_table_names()
        counts = [select(func.count()).select_from(table(one)) for one in names]
        with self.database.connect() as connection:
            return sum(connection.execute(one).scalar_one() for one in counts)

    def settle(self) -> int:
        """Wait until its database has grown no more for three seconds; return its rows."""
        count, since = self.count_rows(), time.monotonic()
        give_up_at = since + PATIENCE_S
        while time.monotonic() < min(since + 3, give_up_at):
            time.sleep(0.5)
            if (now_count := self.count_rows()) != count:
                count, since = now_count, time.monotonic()
        return count

    @contextmanager
    def halted(self) -> Iterator[None]:
        """Let it take no CPU time for a while."""
        os.killpg(self.process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.killpg(self.process.pid, signal.SIGCONT)


@contextmanager
def run_prefect(folder: Path, postgres: PostgresServer | None) -> Iterator[PrefectServer]:
    """Run a Prefect server as `rollcall server` does: on PostgreSQL, or on SQLite by default."""
    folder.mkdir()
    home, port = folder / "home", find_free_port()
    url = make_url(f"sqlite:///{home / 'prefect.db'}")
    own = {"PREFECT_HOME": str(home), "PREFECT_SERVER_LOG_RETRYABLE_ERRORS": "true"}
    if postgres:
        url = make_url(postgres.url(postgres.create_database()))
        told = url.set(drivername="postgresql+asyncpg").render_as_string(hide_password=False)
        own["PREFECT_SERVER_DATABASE_CONNECTION_URL"] = told
        url = url.set(drivername="postgresql+psycopg")
    command = [sys.executable, "-m", "rollcall.cli.prefect_process", "server", "start", "--host"]
    log = folder / "server.log"
    with log.open("wb") as told_to:
        process = subprocess.Popen(  # noqa: S603 - our own
            [*command, "127.0.0.1", "--port", str(port)],
            env=os.environ | SERVER | own,
            stdout=told_to,
            stderr=told_to,
            start_new_session=True,
        )
    database = create_engine(url)
    server = PrefectServer(f"http://127.0.0.1:{port}/api", process, database, log)
    try:
        await_that(lambda: _answers(server.address), "the Prefect server answers")
        yield server
    finally:
        database.dispose()
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=60)


@dataclass(frozen=True)
class Installation:
    """A Rollcall of its own.

    Attributes:
        folder: Where its data are.
        app: Its app in this process, to order with and to read the ledger.
        source: Folder of the travellers' data.
        env: The environment of its dispatcher.
    """

    folder: Path
    app: App
    source: Path
    env: dict[str, str]

    @property
    def log(self) -> Path:
        """Where its dispatcher says what it does."""
        return self.folder / "dispatcher.log"

    @contextmanager
    def dispatcher(self, prefect: PrefectServer | None) -> Iterator[None]:
        """Run its dispatcher, with a Prefect server or without; yields when it works."""
        env = self.env | ({"PREFECT_API_URL": prefect.address} if prefect else {})
        command = [sys.executable, "-m", "rollcall.cli", "dispatcher", "--metrics-port", "0"]
        with self.log.open("wb") as told:
            process = subprocess.Popen(command, env=env, stdout=told, stderr=told)  # noqa: S603 - our own
        try:
            await_that(lambda: _says_works(process, self.log), "the dispatcher works")
            if prefect:
                await_that(prefect.has_deployments, "it has deployed")
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)


def install(folder: Path, source: Path, ports: tuple[int, int], prefect_home: Path) -> Installation:
    """Make an installation with the template `Quake`, whose routes lead to the sinks."""
    folder.mkdir()
    settings = Settings(data_dir=folder / "data", routes_file=folder / "routes.toml")
    ledger = build_ledger(settings)
    migrate_ledger(ledger)
    ledger.close()
    app, _ = open_app(folder, ports)
    template = MessageSettings.model_validate(
        {
            "content": {"subject": "Earthquake", "text": TEXT},
            "selection": {"everyone": True},
            "options": {"include_sms": True, "high_quality_sms": True},
        }
    )
    save_template(app.ledger, "one_way", "Quake", template, app.clock.now())
    app.sources.open(source)  # `rollcall refresh` has done it long before
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("ROLLCALL", "PREFECT"))
    }
    env = (
        kept
        | QUIET
        | {
            "ROLLCALL_DATA_DIR": str(folder / "data"),
            "ROLLCALL_ROUTES_FILE": str(folder / "routes.toml"),
            "ROLLCALL_SOURCE": str(source),
            "PREFECT_HOME": str(prefect_home),
        }
    )
    return Installation(folder, app, source, env)


def fill_form(group: str | None = None) -> dict[str, Any]:
    """Return what the run form is filled in with: the template, to everybody or to a group."""
    groups = (group,) if group else ()
    return write_parameters(ScheduledOrder("one_way", "Quake", groups, is_confirmed=True))


def _says_works(process: "subprocess.Popen[bytes]", log: Path) -> bool:
    """Tell whether a dispatcher works; one that has ended never will."""
    if process.poll() is not None:
        raise RuntimeError(f"the dispatcher ended: {log.read_text()[-500:]}")
    return b" works" in log.read_bytes()


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/health", timeout=1).is_success
    except httpx.HTTPError:
        return False
