"""`rollcall up`, as `make up` runs it: one start of all, on PostgreSQL."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from rollcall import __version__
from rollcall.cli.child_processes import list_descendants
from rollcall.ledger.log import list_messages
from rollcall.sandbox.plan import make_plan
from rollcall.sandbox.servers import start_sandbox
from tests.e2e.conftest import ROLLCALL, Rollcall, install, wait_until
from tests.e2e.prefect_api import is_deployed
from tests.people import write_message, write_people
from tests.ports import draw_ports
from tests.postgres import PostgresServer

PREFECT = "rollcall.cli.prefect_process"
START_PATIENCE_S = 180.0
END_WITHIN_S = 30.0


@dataclass(frozen=True)
class Running:
    """A `rollcall up` that answers."""

    process: "subprocess.Popen[str]"
    rollcall: Rollcall
    told: dict[str, Any]
    log: Path

    def children(self) -> dict[str, int]:
        """Return the processes it has started, by the command that they run."""
        return {_name_of(pid): pid for pid in list_descendants(self.process.pid)}


def _name_of(pid: int) -> str:
    words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    return words[3] if words[2] == "rollcall.cli" else words[2]


@pytest.fixture(scope="module")
def running(
    tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer
) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("up")
    rollcall = _install_on_postgres(folder, postgres)
    log, answer = folder / "up.log", folder / "answer.json"
    with start_sandbox(make_plan("clean", seed=1), folder / "sandbox"):
        with log.open("w") as stderr, answer.open("w") as stdout:
            process = subprocess.Popen(
                [*ROLLCALL, "up", "--format", "json"],
                env=rollcall.env,
                stdout=stdout,
                stderr=stderr,
                text=True,
            )

        def everything_answers() -> bool:
            assert process.poll() is None, log.read_text()
            return answer.read_text().endswith("}\n")

        try:
            wait_until(everything_answers, START_PATIENCE_S, "everything answers")
            yield Running(process, rollcall, json.loads(answer.read_text()), log)
        finally:
            for pid in (*list_descendants(process.pid), process.pid):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            process.wait(timeout=10)


def _install_on_postgres(folder: Path, postgres: PostgresServer) -> Rollcall:
    """Return an installation whose ledger and Prefect are on PostgreSQL, at free ports."""
    rollcall = install(folder)
    ports = draw_ports()
    rollcall.env.update({f"ROLLCALL_PORTS__{name}": str(port) for name, port in ports.items()})
    prefect = postgres.url(postgres.create_database())
    rollcall.env.update(
        ROLLCALL_LEDGER_URL=postgres.url(postgres.create_database()),
        ROLLCALL_PUBLIC_URL=f"http://127.0.0.1:{ports['PORTAL']}",
        ROLLCALL_SOURCE=str(write_people(folder / "source", count=40)),
        PREFECT_SERVER_DATABASE_CONNECTION_URL=prefect.replace("://", "+asyncpg://", 1),
    )
    return rollcall


def _get(url: str) -> httpx.Response:
    return httpx.get(url, timeout=10, trust_env=False)


def test_everything_answers_once_the_deployments_are_there(running: Running) -> None:
    assert running.told["deployments"] == "made"
    for name in ("chase-answers", "run-check-ins", "resume-sends", "send-message"):
        assert is_deployed(f"{running.told['prefect']}/api", name)


def test_every_address_that_it_prints_answers(running: Running) -> None:
    assert _get(running.told["prefect"]).is_success
    assert _get(f"{running.told['prefect']}/api/health").json() is True
    assert _get(f"{running.told['portal']}/healthz").is_success
    assert _get(f"{running.told['dashboards']}/healthz").json() == {"is_well": True}
    metrics = {name: _get(url).text for name, url in running.told["metrics"].items()}
    assert set(metrics) == {"prefect", "dispatcher", "portal", "dashboards"}
    for told in metrics.values():
        assert "process_resident_memory_bytes" in told
    assert "rollcall_ledger_up 1.0" in metrics["dispatcher"]
    assert 'rollcall_portal_requests_total{place="healthz",status="2xx"}' in metrics["portal"]
    assert "prefect" in metrics.pop("prefect")
    for name, told in metrics.items():
        assert f'rollcall_info{{part="{name}",' in told
    log = running.log.read_text()
    assert {line.split(" | ")[0].strip() for line in log.splitlines()} >= {
        "up",
        "prefect",
        "portal",
    }


def test_the_public_portal_tells_no_metrics(running: Running) -> None:
    assert _get(f"{running.told['portal']}/metrics").status_code == 404


def test_the_dashboards_tell_browsers_no_metrics(running: Running) -> None:
    """Streamlit's own are for whoever is signed in."""
    dashboards = running.told["dashboards"]
    assert _get(f"{dashboards}/_stcore/metrics").status_code == 401
    assert "rollcall_info" not in _get(f"{dashboards}/metrics").text


def test_prefects_database_is_for_its_owner_only_and_nobody_is_told_of_it(running: Running) -> None:
    home = Path(running.rollcall.env["PREFECT_HOME"])
    assert home.stat().st_mode & 0o777 == 0o700
    settings = _get(f"{running.told['prefect']}/api/admin/settings").json()["server"]
    assert settings["analytics_enabled"] is False
    assert settings["ui"]["v2_enabled"] is False
    assert settings["ui"]["show_promotional_content"] is False


def test_message_left_to_it_is_sent_and_shows_in_status_and_metrics(running: Running) -> None:
    rollcall = running.rollcall
    message = write_message(rollcall.folder / "m.json")
    left = rollcall.run("send", str(message), "--detach", "--format", "json")
    assert left.returncode == 0, left.stderr
    name = 'rollcall_recent_deliveries{channel="email",status="accepted"} 40.0'

    def is_sent() -> bool:
        return name in _get(running.told["metrics"]["dispatcher"]).text

    wait_until(is_sent, 60, "the dispatcher has sent it")
    told = rollcall.run("status", "--format", "json")
    found = {one["part"]: one for one in json.loads(told.stdout)["findings"]}
    assert [one for one in found.values() if not one["is_good"]] == []
    assert told.returncode == 0
    assert set(found) >= {"ledger", "dispatcher", "queue", "prefect", "portal", "source"}
    assert found["ledger"]["facts"]["backend"] == "postgresql"
    assert found["route mail"]["facts"]["tries"] == {"accepted": 40}
    for part in ("dispatcher", "portal", "dashboards"):
        assert f"version {__version__}" in found[part]["told"]
    [dispatcher] = found["dispatcher"]["facts"]["dispatchers"]
    assert dispatcher["address"] == f"127.0.0.1:{rollcall.env['ROLLCALL_PORTS__DISPATCHER']}"


def test_make_demo_does_its_work_beside_it_and_leaves_it_alone(running: Running) -> None:
    rollcall, beside = running.rollcall, running.rollcall.folder / "beside"
    before = _states(rollcall)
    started = running.children()
    demo = rollcall.run("demo", "--folder", str(beside), "--format", "json")
    told = json.loads(demo.stdout)
    # 1: some could not be reached, which is as it should be with these carriers
    assert demo.returncode in (0, 1), demo.stderr
    assert (told["lost"], told["state"]) == (0, "sent")
    assert (beside / "ledger.db").exists()

    assert _states(rollcall) == before
    assert running.children() == started
    message = write_message(rollcall.folder / "beside.json")
    message.write_text(message.read_text().replace("Drill", "Beside the demo"))
    assert rollcall.run("send", str(message), "--detach").returncode == 0

    is_sent = [*before, "sent"]
    wait_until(lambda: _states(rollcall) == is_sent, 60, "it sends as before")


def _states(rollcall: Rollcall) -> list[str]:
    """Look into the ledger: a command of its own would take seconds."""
    with rollcall.open_ledger() as ledger:
        return [one.state for one in list_messages(ledger)]


def test_a_second_one_is_refused_with_one_sentence(running: Running) -> None:
    second = running.rollcall.run("up")
    assert second.returncode == 2
    folder, pid = running.told["data_dir"], running.process.pid
    told = f"rollcall: `rollcall up` runs already for {folder} (process {pid}): end that one first"
    assert second.stderr == f"{told}\n"


def test_a_part_that_is_killed_comes_back(running: Running) -> None:
    killed = running.children()["portal"]
    os.kill(killed, signal.SIGKILL)

    def is_back() -> bool:
        try:
            answers = _get(f"{running.told['portal']}/healthz").is_success
        except httpx.HTTPError:
            return False
        return answers and running.children().get("portal", killed) != killed

    wait_until(is_back, 90, "the portal is started again")
    assert "portal     | was ended by SIGKILL: started again in 1 s" in running.log.read_text()


def test_ctrl_c_ends_all_of_it_within_seconds_and_leaves_no_process(running: Running) -> None:
    started = list_descendants(running.process.pid)
    assert set(running.children()) >= {PREFECT, "dispatcher", "portal"}
    began = time.monotonic()
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(timeout=END_WITHIN_S) == 0, running.log.read_text()
    assert time.monotonic() - began < END_WITHIN_S
    assert [pid for pid in started if Path(f"/proc/{pid}").exists()] == []
    assert running.log.read_text().endswith("up         | all has ended\n")
