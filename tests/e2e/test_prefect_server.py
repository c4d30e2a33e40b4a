"""A real Prefect server sees every send, and no send depends on it."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rollcall.sandbox.plan import MailPlan, SandboxPlan, make_plan
from rollcall.sandbox.servers import Sandbox, start_sandbox
from tests.e2e.conftest import Rollcall, wait_until
from tests.e2e.prefect_api import (
    await_end,
    filter_runs,
    read_run,
    start_deployment,
)
from tests.people import write_message
from tests.ports import find_free_port

PROJECT = Path(__file__).parents[2]
PEOPLE = 600


def test_a_send_is_a_flow_run_whose_parameters_hold_only_the_message_id(
    rollcall: Rollcall, source: Path, tmp_path: Path, prefect_server: str
) -> None:
    rollcall.env["PREFECT_API_URL"] = prefect_server
    message = write_message(tmp_path / "m.json", include_sms=True)
    with start_sandbox(make_plan("clean", seed=1), tmp_path / "sandbox") as sandbox:
        sent = rollcall.run("send", str(message), "--data", str(source), "--format", "json")
        accepted_count = len(sandbox.journal())

    assert sent.returncode == 0, sent.stderr
    assert accepted_count == 1200
    message_id = json.loads(sent.stdout)["message_id"]
    [run] = [
        run
        for run in filter_runs(prefect_server, "flow_runs")
        if run["name"] == f"message-{message_id}"
    ]
    assert run["state_type"] == "COMPLETED"
    assert run["parameters"] == {"message_id": message_id, "order": {}}

    def recorded_names() -> set[str]:
        of_run = {"id": {"any_": [run["id"]]}}
        tasks = filter_runs(prefect_server, "task_runs", flow_runs=of_run)
        return {task["name"].rsplit("-", 1)[0] for task in tasks}

    steps = {
        "claim-message",
        "load-snapshot",
        "select-audience",
        "record-first",
        "record-rest",
        "batch",
    }
    wait_until(lambda: recorded_names() >= steps, 30, "the server has recorded the steps")


def test_a_mistake_in_the_selection_fails_the_flow_run_and_sends_nothing(
    rollcall: Rollcall, source: Path, tmp_path: Path, prefect_server: str
) -> None:
    rollcall.env["PREFECT_API_URL"] = prefect_server
    message = write_message(tmp_path / "m.json")
    message.write_text(message.read_text().replace('["all"]', '["nobody-has-this"]'))
    with start_sandbox(make_plan("clean", seed=1), tmp_path / "sandbox") as sandbox:
        sent = rollcall.run("send", str(message), "--data", str(source))
        assert sandbox.journal() == []

    assert sent.returncode == 2
    assert "unknown group 'nobody-has-this'" in sent.stderr
    assert "Traceback" not in sent.stderr  # Prefect's pages have it
    failed = [
        run for run in filter_runs(prefect_server, "flow_runs") if run["state_type"] == "FAILED"
    ]
    assert failed


def test_a_prefect_server_that_is_away_does_not_hold_up_a_send(
    rollcall: Rollcall, source: Path, tmp_path: Path
) -> None:
    rollcall.env["PREFECT_API_URL"] = f"http://127.0.0.1:{find_free_port()}/api"
    message = write_message(tmp_path / "m.json")
    with start_sandbox(make_plan("clean", seed=1), tmp_path / "sandbox") as sandbox:
        sent = rollcall.run("send", str(message), "--data", str(source))
        assert len(sandbox.journal()) == 600

    assert sent.returncode == 0
    assert "does not answer: sending without it" in sent.stderr


def test_a_deployment_with_a_cron_gets_scheduled_runs(prefect_server: str) -> None:
    """With the wrong SQLAlchemy, schedules silently create no runs (docs/architecture.md)."""
    deploy = (
        "from flows.send_message import send_message;"
        "send_message.to_deployment('cron', cron='* * * * *', parameters={'message_id': 'm'})"
        ".apply()"
    )
    subprocess.run(
        [sys.executable, "-c", deploy],
        env={"PREFECT_API_URL": prefect_server, "PATH": "/usr/bin:/bin"},
        cwd=PROJECT,
        check=True,
        timeout=60,
    )

    def is_scheduled() -> bool:
        runs = filter_runs(prefect_server, "flow_runs")
        return any("auto-scheduled" in run["tags"] for run in runs)

    wait_until(is_scheduled, 90, "the server schedules a run")


def _deploy_all(rollcall: Rollcall) -> None:
    prefect = [sys.executable, "-m", "prefect", "--no-prompt"]
    for command in (
        ["work-pool", "create", "sends", "--type", "process", "--overwrite"],
        ["deploy", "--all"],
    ):
        subprocess.run(
            [*prefect, *command],
            env=rollcall.env | {"PWD": str(PROJECT)},
            cwd=PROJECT,
            check=True,
            capture_output=True,
            timeout=90,
        )


@contextmanager
def _worker(rollcall: Rollcall) -> Iterator[None]:
    command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", "sends"]
    with (rollcall.folder / "worker.log").open("w") as log:
        worker = subprocess.Popen(
            [*command, "--type", "process"],
            env=rollcall.env | {"PREFECT_WORKER_QUERY_SECONDS": "0.5"},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield
    finally:
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait(timeout=10)


def test_a_send_of_a_worker_is_stopped_by_another_deployment(
    rollcall: Rollcall, source: Path, tmp_path: Path, prefect_server: str
) -> None:
    mail = MailPlan(delay_s=1.0, max_connections=5, answer_timeout_s=60)
    message = write_message(tmp_path / "m.json")
    rollcall.env["PREFECT_CLI_PROMPT"] = "false"
    with start_sandbox(SandboxPlan(mail_servers=(mail,)), tmp_path / "sandbox") as sandbox:
        message_id = _interrupt(rollcall, message, source, sandbox)
        rollcall.env["PREFECT_API_URL"] = prefect_server
        _deploy_all(rollcall)
        with _worker(rollcall):
            known_count = len(sandbox.journal())
            send_id = start_deployment(prefect_server, "send-message", message_id=message_id)
            wait_until(lambda: len(sandbox.journal()) > known_count, 120, "the worker sends")
            asked = {"message_id": message_id, "wait_s": 60}
            stop_id = start_deployment(prefect_server, "stop-message", **asked)
            await_end(prefect_server, stop_id, send_id)
        report = json.loads(rollcall.run("stop", message_id, "--format", "json").stdout)
        log = json.loads(rollcall.run("log", message_id, "--format", "json").stdout)
        taken = {entry.reference for entry in sandbox.journal()}

    held_back = {one["delivery_id"] for one in log["deliveries"] if one["status"] == "stopped"}
    assert report["state"] == "stopped"
    assert (report["held_back"], report["in_flight"]) == (len(held_back), 0)
    assert report["handed_over"] + report["held_back"] == PEOPLE
    assert held_back
    assert taken.isdisjoint(held_back)
    told = read_run(prefect_server, stop_id)
    counted = re.match(
        rf"message {message_id} is stopped: (\d+) handed over, (\d+) held back",
        told["state"]["message"],
    )
    assert counted
    assert 0 < int(counted[1]) <= report["handed_over"]
    assert 0 < int(counted[2]) <= report["held_back"]
    assert (told["name"], told["parameters"]) == (f"stop-{message_id}", asked)


def _interrupt(rollcall: Rollcall, message: Path, source: Path, sandbox: Sandbox) -> str:
    """Leave a message that was begun, and that nobody is sending."""
    sending = rollcall.start("send", str(message), "--data", str(source))
    wait_until(lambda: len(sandbox.journal()) > 0, 60, "the send is under way")
    sending.kill()
    sending.wait(timeout=10)
    [interrupted] = json.loads(rollcall.run("log", "--format", "json").stdout)
    assert interrupted["state"] == "sending"
    message_id: str = interrupted["message_id"]
    return message_id
