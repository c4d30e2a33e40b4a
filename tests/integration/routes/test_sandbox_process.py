"""The sandbox as a process of its own: files, end, and survival of its clients."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from rollcall.errors import ConfigError
from rollcall.routes.base import Submission
from rollcall.routes.config import load_routes
from rollcall.routes.registry import build_route
from rollcall.sandbox.journal import Journal, JournalEntry, name_journal, read_journal
from tests.integration.routes.conftest import wait_for_file
from tests.ports import find_free_port

ENTRY = JournalEntry("bravo", "bravo-1", "d-1", None, "+491", "2026-11-23T06:00:00Z", True, "none")

CLIENT = """
import asyncio, sys
from pathlib import Path
from rollcall.routes.base import Submission
from rollcall.routes.config import load_routes
from rollcall.routes.registry import build_route

async def send_for_ever(route, address):
    for number in range(10**9):
        await route.submit(Submission(f"{number}", "a", f"{number}", address, "text"))
        Path(sys.argv[1], f"sent-{route.route_id}").touch()

async def main():
    settings = load_routes(Path(sys.argv[1], "routes.toml"), {})
    routes = {each.id: build_route(each) for each in settings}
    await asyncio.gather(
        *(send_for_ever(routes["alpha"], "+4912345678901") for _ in range(10)),
        *(send_for_ever(routes["mail"], "anna@example.net") for _ in range(10)),
    )

asyncio.run(main())
"""


@contextmanager
def run_process(folder: Path, plan: str, *arguments: str) -> Iterator["subprocess.Popen[bytes]"]:
    command = [sys.executable, "-m", "rollcall.sandbox", "--folder", str(folder), "--plan", plan]
    with subprocess.Popen([*command, *arguments], stderr=subprocess.PIPE) as process:
        try:
            wait_for_file(folder / "ready", process)
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_sandbox_ends_cleanly_when_told(tmp_path: Path, ending: signal.Signals) -> None:
    with run_process(tmp_path, "demo") as sandbox:
        assert {route.id for route in load_routes(tmp_path / "routes.toml", {})} == {
            "alpha", "bravo", "charlie", "mail"
        }  # fmt: skip
        sandbox.send_signal(ending)
        _, complaints = sandbox.communicate(timeout=10)
    assert (sandbox.returncode, complaints) == (0, b"")
    assert not (tmp_path / "ready").exists()


def test_sandbox_is_scraped_at_a_port_of_its_own_and_says_that_one_is_taken(tmp_path: Path) -> None:
    port = find_free_port()
    with run_process(tmp_path, "demo", "--metrics-port", str(port)) as sandbox:
        told = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=10).text
        assert httpx.get(f"http://127.0.0.1:{port}/health", timeout=10).json()["is_well"]
        command = [sys.executable, "-m", "rollcall.sandbox", "--folder", str(tmp_path / "other")]
        second = subprocess.run(
            [*command, "--metrics-port", str(port)], capture_output=True, timeout=60, check=False
        )
        sandbox.terminate()
        _, complaints = sandbox.communicate(timeout=10)
    assert 'rollcall_info{part="sandbox"' in told
    assert "process_resident_memory_bytes" in told
    assert (sandbox.returncode, complaints) == (0, b"")
    assert second.returncode == 2
    assert f"port {port}".encode() in second.stderr


async def test_sandbox_survives_clients_that_are_killed(tmp_path: Path) -> None:
    with run_process(tmp_path, "clean") as sandbox:
        for _ in range(2):
            command = [sys.executable, "-c", CLIENT, str(tmp_path)]
            with subprocess.Popen(command) as client:  # noqa: ASYNC220 - nothing else waits
                for name in ("alpha", "mail"):
                    wait_for_file(tmp_path / f"sent-{name}", client)
                    (tmp_path / f"sent-{name}").unlink()
                os.kill(client.pid, signal.SIGKILL)
        for settings in load_routes(tmp_path / "routes.toml", {}):
            route = build_route(settings)
            address = "+4912345678901" if route.channel == "sms" else "anna@example.net"
            await route.submit(Submission("last", "a", "last", address, "text"))
            await route.aclose()
            assert read_journal(name_journal(tmp_path, settings.id))[-1].reference == "last"
        sandbox.terminate()
        _, complaints = sandbox.communicate(timeout=10)
    assert (sandbox.returncode, complaints) == (0, b"")


def test_journal_reads_back_what_was_written(tmp_path: Path) -> None:
    with Journal(tmp_path / "j.jsonl") as journal:
        journal.record(ENTRY)
        assert read_journal(tmp_path / "j.jsonl") == [ENTRY]


def test_journal_grows_on_when_opened_again(tmp_path: Path) -> None:
    for _ in range(2):
        with Journal(tmp_path / "j.jsonl") as journal:
            journal.record(ENTRY)
    assert read_journal(tmp_path / "j.jsonl") == [ENTRY, ENTRY]


def test_half_written_line_is_left_out(tmp_path: Path) -> None:
    with Journal(tmp_path / "j.jsonl") as journal:
        journal.record(ENTRY)
    with (tmp_path / "j.jsonl").open("ab") as torn:
        torn.write(b'{"carrier": "bra')
    assert read_journal(tmp_path / "j.jsonl") == [ENTRY]


def test_missing_routes_file_is_told_by_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"routes\.toml: cannot be read \(No such file"):
        load_routes(tmp_path / "routes.toml", {})
    (tmp_path / "routes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match=r"routes\.toml: is not UTF-8"):
        load_routes(tmp_path / "routes.toml", {})
