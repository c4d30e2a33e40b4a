"""`rollcall bounces` with a real IMAP server."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dovecot import PASSWORD, USER, Dovecot, run_dovecot
from tests.integration.cli.conftest import CommandLine
from tests.ports import find_free_port

BOUNCES = Path(__file__).parents[2] / "data" / "bounces"


@pytest.fixture(scope="module")
def dovecot() -> Iterator[Dovecot]:
    with run_dovecot() as server:
        yield server


def set_mailbox(rollcall: CommandLine, dovecot: Dovecot, port: int) -> None:
    mailbox = f"""
[[mailbox]]
route = "mail"
host = "127.0.0.1"
port = {port}
ca_file = "{dovecot.ca_file}"
username = "{USER}"
password = "env:ROLLCALL_SECRET_BOUNCES"
"""
    rollcall.set("SECRET_BOUNCES", PASSWORD)
    routes = rollcall.sandbox.routes_file.read_text("utf-8")
    rollcall.set("ROUTES_FILE", rollcall.write("routes.toml", routes + mailbox))
    assert rollcall("migrate").code == 0


def start_reading(rollcall: CommandLine) -> "subprocess.Popen[str]":
    command = [sys.executable, "-u", "-m", "rollcall.cli", "bounces", "--every", "1"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=rollcall.folder)


def test_mailbox_is_read_and_counted(rollcall: CommandLine, dovecot: Dovecot) -> None:
    dovecot.empty()
    set_mailbox(rollcall, dovecot, dovecot.tls_port)
    dovecot.deliver((BOUNCES / "no_reply_of_a_person.eml").read_bytes())
    answer = rollcall("bounces", "--format", "json")
    assert answer.code == 0
    [reading] = answer.json["mailboxes"]
    assert reading == {
        "mailbox": "INBOX on 127.0.0.1",
        "route_id": "mail",
        "read_count": 1,
        "bounce_count": 0,
        "new_count": 0,
        "problem": None,
    }
    assert "0 mails, 0 bounces, 0 new" in rollcall("bounces").out


def test_mailbox_that_cannot_be_reached_is_told(rollcall: CommandLine, dovecot: Dovecot) -> None:
    set_mailbox(rollcall, dovecot, find_free_port())
    answer = rollcall("bounces")
    assert answer.code == 1
    assert "mailbox INBOX on 127.0.0.1: not reached (ConnectionRefusedError)" in answer.out


def test_no_mailbox_is_a_mistake(rollcall: CommandLine) -> None:
    assert "holds no [[mailbox]]" in rollcall("bounces").mistake


def test_reading_every_so_often_ends_when_told(rollcall: CommandLine, dovecot: Dovecot) -> None:
    set_mailbox(rollcall, dovecot, dovecot.tls_port)
    assert "Invalid value" in rollcall("bounces", "--every", "0").err
    process = start_reading(rollcall)
    try:
        assert process.stdout is not None
        for _ in range(2):
            assert "0 bounces, 0 new" in process.stdout.readline()
        process.terminate()
        assert process.wait(timeout=30) == 0
    finally:
        process.kill()
        process.communicate()
