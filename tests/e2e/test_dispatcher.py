"""The resident dispatcher: at once, through Prefect and without, and after somebody died."""

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rollcall.ledger.log import list_messages
from rollcall.sandbox.plan import MailPlan, SandboxPlan
from rollcall.sandbox.servers import Sandbox, start_sandbox
from tests.e2e.conftest import ROLLCALL, Rollcall, wait_until
from tests.e2e.prefect_api import (
    await_end,
    cancel,
    is_deployed,
    resume,
    runs_named,
    start_deployment,
    state_of,
    suspend,
)
from tests.people import write_message
from tests.ports import find_free_port

SLOW = SandboxPlan(mail_servers=(MailPlan(delay_s=0.2, max_connections=20),))
PEOPLE = 600


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with start_sandbox(SLOW, tmp_path / "sandbox") as started:
        yield started


@contextmanager
def dispatcher(rollcall: Rollcall, name: str) -> Iterator["subprocess.Popen[str]"]:
    """Run a dispatcher that is ready; at the end it is told to end."""
    with log_of(rollcall, name).open("w") as log:
        process = subprocess.Popen(
            [*ROLLCALL, "dispatcher", "--metrics-port", "0"],
            env=rollcall.env,
            stdout=log,
            stderr=log,
            text=True,
        )
    try:
        wait_until(lambda: " works" in log_of(rollcall, name).read_text(), 60, "it works")
        yield process
    finally:
        end(process)


def end(process: "subprocess.Popen[str]") -> None:
    """End a dispatcher well: one that is killed leaves runs that no other ledger knows of."""
    process.terminate()
    try:
        process.wait(timeout=30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(timeout=10)


def log_of(rollcall: Rollcall, name: str) -> Path:
    return rollcall.folder / f"{name}.log"


def detach(rollcall: Rollcall, message: Path, source: Path) -> str:
    left = rollcall.run("send", str(message), "--data", str(source), "--detach", "--format", "json")
    assert left.returncode == 0, left.stderr
    message_id: str = json.loads(left.stdout)["message_id"]
    return message_id


def interrupt(rollcall: Rollcall, message: Path, source: Path, sandbox: Sandbox) -> str:
    """Leave a message that was begun, and that nobody is sending."""
    sending = rollcall.start("send", str(message), "--data", str(source))
    wait_until(lambda: len(sandbox.journal()) > 0, 60, "the send is under way")
    sending.kill()
    sending.wait(timeout=10)
    return str(states(rollcall).popitem()[0])


def states(rollcall: Rollcall) -> dict[str, str]:
    """Look into the ledger: a command of its own would hold up what is waited for."""
    with rollcall.open_ledger() as ledger:
        return {one.message_id: one.state for one in list_messages(ledger)}


def await_sent(rollcall: Rollcall, message_id: str, patience_s: float = 60) -> None:
    wait_until(lambda: states(rollcall)[message_id] == "sent", patience_s, "the message is sent")


def count_reached(sandbox: Sandbox) -> int:
    return len({entry.reference for entry in sandbox.journal()})


def test_a_message_that_is_left_to_it_is_a_flow_run_and_is_sent_without_a_server_too(
    rollcall: Rollcall, source: Path, tmp_path: Path, prefect_server: str, sandbox: Sandbox
) -> None:
    message = write_message(tmp_path / "m.json")
    rollcall.env["PREFECT_API_URL"] = prefect_server
    with dispatcher(rollcall, "with") as process:
        message_id = detach(rollcall, message, source)
        await_sent(rollcall, message_id)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
    [run] = runs_named(prefect_server, f"message-{message_id}")
    assert (run["state_type"], run["parameters"]) == (
        "COMPLETED",
        {"message_id": message_id, "order": {}},
    )

    message.write_text(message.read_text().replace("Drill", "Second drill"))
    rollcall.env["PREFECT_API_URL"] = f"http://127.0.0.1:{find_free_port()}/api"
    with dispatcher(rollcall, "without"):
        await_sent(rollcall, detach(rollcall, message, source))
    assert count_reached(sandbox) == 2 * PEOPLE
    assert len(sandbox.journal()) == 2 * PEOPLE


def test_what_a_killed_process_left_is_finished_and_its_flow_run_is_told_to_have_crashed(
    rollcall: Rollcall, source: Path, tmp_path: Path, prefect_server: str, sandbox: Sandbox
) -> None:
    rollcall.env["PREFECT_API_URL"] = prefect_server
    message_id = interrupt(rollcall, write_message(tmp_path / "m.json"), source, sandbox)
    with dispatcher(rollcall, "first") as first:
        begun_count = len(sandbox.journal())
        wait_until(lambda: len(sandbox.journal()) > begun_count, 60, "it goes on")
        first.kill()
        first.wait(timeout=10)
    with dispatcher(rollcall, "second"):
        await_sent(rollcall, message_id)

        def told() -> list[str]:
            runs = runs_named(prefect_server, f"message-{message_id}")
            return sorted(run["state_type"] for run in runs)

        wait_until(lambda: told() == ["COMPLETED", "CRASHED", "CRASHED"], 30, "Prefect is told")
    assert count_reached(sandbox) == PEOPLE


def test_a_click_is_run_by_it_and_cancelling_the_run_stops_the_message(
    rollcall: Rollcall, source: Path, tmp_path: Path, prefect_server: str
) -> None:
    plan = SandboxPlan(mail_servers=(MailPlan(delay_s=2, max_connections=4, answer_timeout_s=60),))
    rollcall.env["PREFECT_API_URL"] = prefect_server
    with start_sandbox(plan, tmp_path / "sandbox") as sandbox:
        message_id = interrupt(rollcall, write_message(tmp_path / "m.json"), source, sandbox)
        with dispatcher(rollcall, "pool"):
            wait_until(lambda: is_deployed(prefect_server, "send-message"), 90, "it has deployed")
            run_id = start_deployment(prefect_server, "send-message", message_id=message_id)
            begun = "of send-message: begun"
            wait_until(lambda: begun in log_of(rollcall, "pool").read_text(), 30, "it has begun")
            cancel(prefect_server, run_id)
            await_end(prefect_server, run_id, state="CANCELLED")
        assert states(rollcall) == {message_id: "stopped"}
        assert count_reached(sandbox) < PEOPLE


def test_a_run_that_is_suspended_gives_way_and_its_message_is_sent_all_the_same(
    rollcall: Rollcall, source: Path, tmp_path: Path, prefect_server: str, sandbox: Sandbox
) -> None:
    rollcall.env["PREFECT_API_URL"] = prefect_server
    message_id = interrupt(rollcall, write_message(tmp_path / "m.json"), source, sandbox)
    with dispatcher(rollcall, "pool"):
        wait_until(lambda: is_deployed(prefect_server, "send-message"), 90, "it has deployed")
        run_id = start_deployment(prefect_server, "send-message", message_id=message_id)
        wait_until(lambda: state_of(prefect_server, run_id) == "RUNNING", 60, "it has begun")
        suspend(prefect_server, run_id)
        gives_way = "of send-message: Prefect wants it not to run"
        wait_until(lambda: gives_way in log_of(rollcall, "pool").read_text(), 30, "it gives way")
        await_sent(rollcall, message_id)
        assert state_of(prefect_server, run_id) == "PAUSED"
        resume(prefect_server, run_id)
        await_end(prefect_server, run_id)
    assert count_reached(sandbox) == PEOPLE


EVERY_SO_OFTEN = (
    "chase-answers", "run-check-ins", "resume-sends", "refresh-sources", "apply-retention",
)  # fmt: skip


def test_every_deployment_that_looks_every_so_often_is_run_by_it(
    rollcall: Rollcall, source: Path, prefect_server: str, sandbox: Sandbox
) -> None:
    rollcall.env.update(PREFECT_API_URL=prefect_server, ROLLCALL_SOURCE=str(source))
    with dispatcher(rollcall, "rounds"):
        wait_until(lambda: is_deployed(prefect_server, EVERY_SO_OFTEN[-1]), 90, "it has deployed")
        for name in EVERY_SO_OFTEN:
            assert run_to_end(prefect_server, name) == "COMPLETED", name
    assert sandbox.journal() == []


def run_to_end(address: str, name: str) -> str:
    """Start a run and wait for its end; again where the minute's own run was under way."""
    ended = "CANCELLED"
    for _ in range(3):
        ended = await_any_end(address, start_deployment(address, name))
        if ended != "CANCELLED":
            break
    return ended


def await_any_end(address: str, run_id: str) -> str:
    ends = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}
    wait_until(lambda: state_of(address, run_id) in ends, 60, "the run ends")
    return state_of(address, run_id)
