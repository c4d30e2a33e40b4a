"""`rollcall replies` with a real IMAP server: answers come in, and people are told what counted."""

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

import pytest

from rollcall.clock import SystemClock
from rollcall.domain.personal_links import derive_token
from rollcall.domain.reply_addresses import write_reply_address
from rollcall.domain.sayings import make_saying
from rollcall.ledger.chat_tables import ChatMember
from rollcall.ledger.counted_notices import list_waiting_notices
from rollcall.ledger.engine import Ledger, open_ledger
from rollcall.ledger.log import list_messages
from rollcall.ledger.sayings import record_sayings
from tests.dovecot import PASSWORD, USER, Dovecot, run_dovecot
from tests.integration.cli import chats
from tests.integration.cli.conftest import CommandLine
from tests.people import phone_of
from tests.ports import find_free_port

TEMPLATE = "reply+{token}@example.org"


@pytest.fixture(scope="module")
def dovecot() -> Iterator[Dovecot]:
    with run_dovecot() as server:
        yield server


@pytest.fixture
def ledger(rollcall: CommandLine, dovecot: Dovecot) -> Iterator[Ledger]:
    """The ledger of an installation whose emails can be answered."""
    dovecot.empty()
    set_up(rollcall, dovecot, dovecot.tls_port)
    opened = open_ledger(f"sqlite:///{rollcall.data / 'ledger.db'}")
    yield opened
    opened.close()


def set_up(rollcall: CommandLine, dovecot: Dovecot, port: int) -> None:
    mailbox = f"""
[[mailbox]]
route = "mail"
holds = "replies"
host = "127.0.0.1"
port = {port}
ca_file = "{dovecot.ca_file}"
username = "{USER}"
password = "env:ROLLCALL_SECRET_REPLIES"
"""
    rollcall.set("SECRET_REPLIES", PASSWORD)
    rollcall.set("PUBLIC_URL", "https://safe.example.org")
    routes = rollcall.sandbox.routes_file.read_text("utf-8")
    answerable = routes.replace('kind = "smtp"', f'kind = "smtp"\nreply_to = "{TEMPLATE}"')
    rollcall.set("ROUTES_FILE", rollcall.write("routes.toml", answerable + mailbox))
    assert rollcall("migrate").code == 0


def open_chat(rollcall: CommandLine, title: str) -> str:
    """Invite p1 by email; return the chat's id."""
    answered = chats.open_chat(rollcall, title=title, selection={"people": ["p1"]})
    assert answered.code == 0, answered.err
    return str(answered.json["chat_id"])


def answer(rollcall: CommandLine, chat_id: str, text: str) -> bytes:
    key = bytes.fromhex((rollcall.data / "portal.key").read_text())
    mail = EmailMessage(policy=SMTP)
    mail["From"] = "p1@example.org"
    mail["To"] = write_reply_address(TEMPLATE, derive_token(key, chat_id, "p1", "reply"))
    mail["Message-ID"] = "<1@example.org>"
    mail.set_content(text)
    return mail.as_bytes()


def stand_at(ledger: Ledger) -> dict[str, Any]:
    with ledger.read() as connection:
        rows = connection.execute(ChatMember.__table__.select())
        return {row.chat_id: (row.answer, row.answered_via) for row in rows}


def test_answers_are_read_and_counted(
    rollcall: CommandLine, ledger: Ledger, dovecot: Dovecot
) -> None:
    chat_id = open_chat(rollcall, "Flood")
    dovecot.deliver(answer(rollcall, chat_id, "I need help, room 12"))
    read = rollcall("replies", "--format", "json")
    reading = {"mailbox": "INBOX on 127.0.0.1", "route_id": "mail", "problem": None}
    counts = {"read_count": 1, "reply_count": 1, "new_count": 1}
    assert (read.code, read.json) == (
        0,
        {"mailboxes": [reading | counts], "told_count": 0, "problem": None},
    )
    assert stand_at(ledger) == {chat_id: ("needs_help", "email")}
    assert "0 mails, 0 answers, 0 new" in rollcall("replies").out


def test_whose_text_was_counted_in_one_of_two_chats_is_told_once(
    rollcall: CommandLine, ledger: Ledger
) -> None:
    older, newer = (open_chat(rollcall, title) for title in ("Flood", "Storm"))
    now = SystemClock().now() + timedelta(seconds=1)
    record_sayings(ledger, [make_saying("t-1", "sms", phone_of(1), "ok", now)], now)
    assert stand_at(ledger) == {older: ("none", None), newer: ("ok", "sms")}
    assert [one.address for one in rollcall.taken() if one.idempotency_key] == []
    assert rollcall("replies", "--format", "json").json["told_count"] == 1
    assert [one.address for one in rollcall.taken() if one.idempotency_key] == [phone_of(1)]
    assert rollcall("replies", "--format", "json").json["told_count"] == 0
    assert list_waiting_notices(ledger) == []
    assert len(list_messages(ledger)) == 3


def test_mailbox_that_cannot_be_reached_is_told(rollcall: CommandLine, dovecot: Dovecot) -> None:
    set_up(rollcall, dovecot, find_free_port())
    answered = rollcall("replies")
    assert answered.code == 1
    assert "mailbox INBOX on 127.0.0.1: not reached (ConnectionRefusedError)" in answered.out


def test_mailbox_of_a_route_that_takes_no_answers_is_a_mistake(
    rollcall: CommandLine, dovecot: Dovecot
) -> None:
    set_up(rollcall, dovecot, dovecot.tls_port)
    routes = (rollcall.folder / "routes.toml").read_text("utf-8")
    rollcall.set(
        "ROUTES_FILE", rollcall.write("r.toml", routes.replace(f'reply_to = "{TEMPLATE}"', ""))
    )
    told = rollcall("replies").mistake
    assert told.endswith("mailbox 1: route: no route with a reply_to is called 'mail'")


@pytest.mark.usefixtures("ledger")
def test_reading_every_so_often_ends_when_told(rollcall: CommandLine) -> None:
    command = [sys.executable, "-u", "-m", "rollcall.cli", "replies", "--every", "1"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=rollcall.folder)
    try:
        assert process.stdout is not None
        for _ in range(2):
            assert "0 answers, 0 new" in process.stdout.readline()
            assert "counted in: 0" in process.stdout.readline()
        process.terminate()
        assert process.wait(timeout=30) == 0
    finally:
        process.kill()
        process.communicate()


def test_carrier_that_is_down_holds_up_neither_answers_nor_the_end(
    rollcall: CommandLine, ledger: Ledger, dovecot: Dovecot
) -> None:
    older, newer = (open_chat(rollcall, title) for title in ("Flood", "Storm"))
    now = SystemClock().now() + timedelta(seconds=1)
    record_sayings(ledger, [make_saying("t-1", "sms", phone_of(1), "ok", now)], now)
    routes = (rollcall.folder / "routes.toml").read_text("utf-8")
    nowhere = f'url = "http://127.0.0.1:{find_free_port()}/'
    down = re.sub(r'url = "http://127\.0\.0\.1:\d+/', nowhere, routes)
    rollcall.set("ROUTES_FILE", rollcall.write("down.toml", down))
    rollcall.set("DELIVERY__SMS_MAX_TRIES", "50")  # it is not to be given up meanwhile
    command = [sys.executable, "-u", "-m", "rollcall.cli", "replies", "--every", "1"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd=rollcall.folder
    ) as process:
        timer = threading.Timer(60, process.kill)
        timer.start()
        try:
            assert process.stdout is not None
            assert "0 answers, 0 new" in process.stdout.readline()
            assert "counted in: 0" in process.stdout.readline()
            dovecot.deliver(answer(rollcall, older, "I need help, room 12"))
            read = (line for line in process.stdout if "1 answers, 1 new" in line)
            assert next(read, None) is not None
            process.terminate()
            assert process.wait(timeout=30) == 0
        finally:
            timer.cancel()
            process.kill()
    assert stand_at(ledger)[older] == ("needs_help", "email")
    assert len(list_waiting_notices(ledger)) == 1, newer
