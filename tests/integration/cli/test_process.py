"""The installed command as a process: what a shell sees of it."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.integration.cli.conftest import CommandLine

ROLLCALL = Path(sys.executable).with_name("rollcall")


def start(*arguments: str | Path, stdin: str = "") -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [ROLLCALL, *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_success_is_0_with_the_answer_alone_on_stdout(rollcall: CommandLine) -> None:
    ended = start("select", "-", "--data", rollcall.source, "--format", "json", stdin="{}")
    assert ended.returncode == 2
    assert ended.stdout == ""
    ended = start(
        "select", "-", "--data", rollcall.source, "--format", "json", stdin='{"everyone": true}'
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert json.loads(ended.stdout)["counts"]["people"] == 3


def test_send_in_a_process_of_its_own_says_nothing_but_what_it_should(
    rollcall: CommandLine,
) -> None:
    path = rollcall.write_message({"everyone": True}, options={"include_sms": True})
    ended = start("send", path, "--data", rollcall.source, "--format", "json")
    assert ended.returncode == 0
    report = json.loads(ended.stdout)
    [notice] = ended.stderr.splitlines()
    assert notice.startswith(f"message {report['message_id']} (key ")
    assert len(rollcall.taken()) == 4


def test_mistake_is_2_with_one_line(rollcall: CommandLine) -> None:
    ended = start("select", "-", "--data", rollcall.source, stdin='{"people": ["p9"]}')
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == "rollcall: selection: people: unknown person 'p9'\n"


def test_fault_of_ours_is_1_with_one_line(rollcall: CommandLine) -> None:
    rollcall.data.mkdir()
    (rollcall.data / "ledger.db").write_bytes(b"this is no database, whatever it is called" * 99)
    ended = start("log")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.count("\n") == 1
    assert "file is not a database" in ended.stderr


def test_no_command_shows_what_there_is(rollcall: CommandLine) -> None:
    ended = start()
    assert ended.returncode == 2
    assert "select" in ended.stdout
    assert ended.stderr == "rollcall: no command is given\n"
    assert start("--version").stdout.strip()
    assert not rollcall.data.exists()


def test_reader_that_goes_away_is_no_fault(rollcall: CommandLine) -> None:
    selection = rollcall.write("s.json", {"everyone": True})
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as pipe:
        ended = subprocess.run(
            [ROLLCALL, "select", selection, "--data", rollcall.source, "--format", "json"],
            stdout=pipe,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=60,
        )
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    assert "Exception" not in ended.stderr


def test_a_command_imports_no_other_one() -> None:
    ended = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "rollcall.cli", "users", "--help"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    imported = {line.rpartition("|")[2].strip() for line in ended.stderr.splitlines()}
    assert "rollcall.desk.users" in imported
    assert imported.isdisjoint({"rollcall.cli.send", "rollcall.cli.portal", "rollcall.portal"})
