"""`rollcall up`, as `make up DEMO=1` runs it: one start of all, looked at from all sides."""

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

from rollcall.cli.child_processes import list_descendants
from tests.e2e.conftest import ROLLCALL, Rollcall, install, wait_until
from tests.ports import find_free_ports

PORTS = ("PREFECT", "PORTAL", "DISPATCHER", "PORTAL_METRICS", "REPLIES", "BOUNCES")
START_PATIENCE_S = 180.0
END_WITHIN_S = 30.0


@dataclass(frozen=True)
class Running:
    """A `rollcall up --demo` that answers."""

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
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("up")
    rollcall = install(folder)
    ports = zip(PORTS, find_free_ports(len(PORTS)), strict=True)
    rollcall.env.update({f"ROLLCALL_PORTS__{name}": str(port) for name, port in ports})
    log, answer = folder / "up.log", folder / "answer.json"
    command = [*ROLLCALL, "up", "--demo", "--folder", str(folder / "demo"), "--format", "json"]
    with log.open("w") as stderr, answer.open("w") as stdout:
        process = subprocess.Popen(
            command, env=rollcall.env, stdout=stdout, stderr=stderr, text=True
        )

    def everything_answers() -> bool:
        assert process.poll() is None, log.read_text()
        return answer.read_text().endswith("}\n")

    try:
        wait_until(everything_answers, START_PATIENCE_S, "everything answers")
        rollcall.env.update(_read_environment(folder / "demo" / "up.env"))
        yield Running(process, rollcall, json.loads(answer.read_text()), log)
    finally:
        for pid in (*list_descendants(process.pid), process.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait(timeout=10)


def _read_environment(path: Path) -> dict[str, str]:
    lines = (line.partition("=") for line in path.read_text().splitlines())
    return {name: value.strip("'") for name, _, value in lines}


def _get(url: str) -> httpx.Response:
    return httpx.get(url, timeout=10, trust_env=False)


def test_every_address_that_it_prints_answers(running: Running) -> None:
    assert _get(running.told["prefect"]).is_success
    assert _get(f"{running.told['prefect']}/api/health").json() is True
    assert _get(f"{running.told['portal']}/healthz").is_success
    metrics = {name: _get(url).text for name, url in running.told["metrics"].items()}
    assert set(metrics) == {"dispatcher", "portal"}
    assert "rollcall_ledger_up 1.0" in metrics["dispatcher"]
    assert 'rollcall_portal_requests_total{place="healthz",status="2xx"}' in metrics["portal"]
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


def test_prefects_database_is_for_its_owner_only_and_nobody_is_told_of_it(running: Running) -> None:
    home = Path(running.told["data_dir"]) / "prefect"
    assert home.stat().st_mode & 0o777 == 0o700
    settings = _get(f"{running.told['prefect']}/api/admin/settings").json()["server"]
    assert settings["analytics_enabled"] is False
    assert settings["ui"]["v2_enabled"] is False
    assert settings["ui"]["show_promotional_content"] is False


def test_status_finds_that_all_is_well(running: Running) -> None:
    told = running.rollcall.run("status", "--format", "json")
    answer = json.loads(told.stdout)
    found = {one["part"]: one for one in answer["findings"]}
    ill = [one for one in found.values() if not one["is_good"] and one["part"] != "source"]
    assert ill == []
    assert set(found) >= {"ledger", "dispatcher", "queue", "prefect", "portal", "route alpha"}
    [dispatcher] = found["dispatcher"]["facts"]["dispatchers"]
    port = running.rollcall.env["ROLLCALL_PORTS__DISPATCHER"]
    assert dispatcher["address"] == f"127.0.0.1:{port}"


def test_a_second_one_is_refused_with_one_sentence(running: Running) -> None:
    folder = running.told["data_dir"]
    second = running.rollcall.run("up", "--demo", "--folder", folder)
    assert second.returncode == 2
    told = f"rollcall: `rollcall up` runs already for {folder} (process {running.process.pid}): "
    assert second.stderr == told + "end that one first\n"


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
    assert len(started) >= 4
    began = time.monotonic()
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(timeout=END_WITHIN_S) == 0, running.log.read_text()
    assert time.monotonic() - began < END_WITHIN_S
    assert [pid for pid in started if Path(f"/proc/{pid}").exists()] == []
    assert running.log.read_text().endswith("up         | all has ended\n")
