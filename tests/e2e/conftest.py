"""Real processes: the command line, sandbox carriers, a Prefect server."""

import gc
import os
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from prefect import Flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.exceptions import ObjectAlreadyExists
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.open_chat import open_chat
from flows.send_message import send_message
from rollcall.ledger.engine import Ledger, open_ledger
from rollcall.ledger.migrate import require_current
from tests.people import write_people
from tests.ports import find_free_port
from tests.postgres import PostgresServer

DEPLOYED_FLOWS: dict[str, Flow[..., Any]] = {"send-message": send_message, "open-chat": open_chat}
ROLLCALL = [sys.executable, "-m", "rollcall.cli"]


@dataclass(frozen=True)
class Rollcall:
    """The command line with settings of its own."""

    env: dict[str, str]
    folder: Path

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [*ROLLCALL, *arguments],
            env=self.env,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [*ROLLCALL, *arguments], env=self.env, stdout=subprocess.DEVNULL, text=True
        )

    @contextmanager
    def open_ledger(self) -> Iterator[Ledger]:
        """Open its ledger in this process; a new one is set up."""
        beside = f"sqlite:///{self.folder / 'data' / 'ledger.db'}"
        ledger = open_ledger(self.env.get("ROLLCALL_LEDGER_URL", beside))
        try:
            require_current(ledger)
            yield ledger
        finally:
            ledger.close()


@pytest.fixture(scope="module", autouse=True)
def collect_sockets() -> Iterator[None]:
    """Let go of what Prefect's clients leave open, so that no later test is told of it."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture
def rollcall(tmp_path: Path) -> Rollcall:
    return install(tmp_path)


def install(folder: Path) -> Rollcall:
    """Return the command line of an installation in an empty folder."""
    env = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("ROLLCALL", "PREFECT"))
    }
    env |= {
        "ROLLCALL_DATA_DIR": str(folder / "data"),
        "ROLLCALL_ROUTES_FILE": str(folder / "sandbox" / "routes.toml"),
        "ROLLCALL_DELIVERY__FIRST_WAIT_S": "0.05",
        "PREFECT_HOME": str(folder / "prefect"),
    }
    (folder / "sandbox").mkdir()
    return Rollcall(env, folder)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_people(tmp_path / "source", count=600)


def wait_until(condition: Callable[[], bool], patience_s: float, what: str) -> None:
    """Look until something is so; fail when patience ends.

    Looking takes a third of the time at most: it must not hold up what it waits for.
    """
    give_up_at = time.monotonic() + patience_s
    looked_at = time.monotonic()
    while not condition():
        now = time.monotonic()
        if now > give_up_at:
            pytest.fail(f"waited {patience_s} s in vain: {what}")
        time.sleep(max(0.01, 2 * (now - looked_at)))
        looked_at = time.monotonic()


@dataclass(frozen=True)
class PrefectStore:
    """Where the shared Prefect server keeps what it was told."""

    postgres: PostgresServer
    database: str
    home: Path

    def read_whole(self) -> str:
        """Return all it has kept, in its database and its files."""
        files = [path for path in self.home.rglob("*") if path.is_file()]
        told = [path.read_text("utf-8", "replace") for path in files]
        return "\n".join([self.postgres.read_whole(self.database), *told])


@pytest.fixture(scope="package")
def prefect_store(
    tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer
) -> PrefectStore:
    """On PostgreSQL, as where it is to last."""
    home = tmp_path_factory.mktemp("prefect") / "home"
    return PrefectStore(postgres, postgres.create_database(), home)


@pytest.fixture(scope="package")
def prefect_server(prefect_store: PrefectStore) -> Iterator[str]:
    """A real Prefect server on loopback, for the tests here; yields the address of its API.

    It works when nobody asks it, too: it ends before the tests of other folders begin.
    """
    url = prefect_store.postgres.url(prefect_store.database)
    database = url.replace("://", "+asyncpg://", 1)
    with run_prefect_server(prefect_store.home, database=database) as address:
        yield address


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer) -> Iterator[str]:
    """A server of the module's own, on PostgreSQL: what is changed there meets no other test."""
    url = postgres.url(postgres.create_database()).replace("://", "+asyncpg://", 1)
    home = tmp_path_factory.mktemp("own-server") / "home"
    with run_prefect_server(home, database=url) as address:
        yield address


@pytest.fixture
def prefect(own_server: str) -> str:
    """A server of the module's own without anything that was deployed before."""
    for name in ("deployments", "variables"):
        found = httpx.post(f"{own_server}/{name}/filter", json={}, timeout=30).raise_for_status()
        for one in found.json():
            httpx.delete(f"{own_server}/{name}/{one['id']}", timeout=30).raise_for_status()
    return own_server


@pytest.fixture(scope="module")
def deployed(prefect_server: str) -> Iterator[str]:
    """The server with the flows that send, and this process told where it is."""
    with temporary_settings({PREFECT_API_URL: prefect_server}):
        with get_client(sync_client=True) as client, suppress(ObjectAlreadyExists):
            client.create_work_pool(WorkPoolCreate(name="sends", type="process"))
        for name, flow in DEPLOYED_FLOWS.items():
            made: Any = flow.to_deployment(name, work_pool_name="sends", tags=["send"])
            made.apply()
        yield prefect_server


@contextmanager
def run_prefect_server(
    home: Path,
    host: str = "127.0.0.1",
    auth: str | None = None,
    database: str | None = None,
) -> Iterator[str]:
    """Run a Prefect server for as long as the context lasts; yields the address of its API."""
    home.mkdir()
    port = find_free_port()
    address = f"http://{host}:{port}/api"
    env = os.environ | {
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_UI_API_URL": address,
        "PREFECT_SERVER_UI_V2_ENABLED": "false",  # its page calls out, analytics or not
        "DO_NOT_TRACK": "1",
    }
    if auth is not None:
        env["PREFECT_SERVER_API_AUTH_STRING"] = auth
    if database is not None:
        env["PREFECT_SERVER_DATABASE_CONNECTION_URL"] = database
    command = [sys.executable, "-m", "rollcall.cli.prefect_process", "server", "start"]
    with (home / "server.log").open("w") as log:
        server = subprocess.Popen(
            [*command, "--host", host, "--port", str(port)],
            env=env,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        await_prefect(address)
        yield address
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(timeout=30)


def await_prefect(address: str) -> None:
    """Wait until a Prefect server that was started answers at the address of its API."""

    def answers() -> bool:
        try:
            return httpx.get(f"{address}/health", timeout=1).is_success
        except httpx.HTTPError:
            return False

    wait_until(answers, 180, "the Prefect server answers")
