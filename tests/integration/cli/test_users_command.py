"""`rollcall users` and `rollcall dashboards`: who is let in, said before anything is served."""

import io
import json
import socket

import pytest

from rollcall.desk.passwords import is_right
from rollcall.ledger.audit import AuditQuery, AuditRecord, read_entries
from rollcall.ledger.desk_sessions import SessionRecord, find_session, open_session
from rollcall.ledger.engine import open_ledger
from tests.dashboards.houses import START
from tests.integration.cli.conftest import CommandLine

PASSWORD = "correct horse battery"
FAR = START.replace(year=2099)


def type_in(rollcall: CommandLine, line: str) -> None:
    rollcall.monkeypatch.setattr("sys.stdin", io.StringIO(line))


def add(rollcall: CommandLine, name: str, *more: str) -> None:
    type_in(rollcall, f"{PASSWORD}\n")
    assert rollcall("users", "add", name, *more).code == 0


def kept(rollcall: CommandLine) -> list[dict[str, object]]:
    users: list[dict[str, object]] = json.loads((rollcall.data / "users.json").read_text())["users"]
    return users


def audited(rollcall: CommandLine) -> list[AuditRecord]:
    ledger = open_ledger(f"sqlite:///{rollcall.data / 'ledger.db'}")
    try:
        return read_entries(ledger, AuditQuery(), 20)[::-1]
    finally:
        ledger.close()


def test_users_are_added_listed_changed_and_removed(rollcall: CommandLine) -> None:
    add(rollcall, "alice", "--role", "admin")
    add(rollcall, "bo", "--role", "sender", "--limit", "50")
    listed = rollcall("users", "list", "--format", "json").json
    assert [(one["name"], one["role"], one["limit"]) for one in listed] == [
        ("alice", "admin", None),
        ("bo", "sender", 50),
    ]
    assert rollcall("users", "role", "BO", "viewer").out == "'bo' is viewer now\n"
    assert rollcall("users", "role", "bo", "sender", "--format", "json").json["limit"] == 1000
    assert rollcall("users", "remove", "bo").out == "removed 'bo'\n"
    assert "alice" in rollcall("users", "list").out
    assert [(one.action, one.subject_id, one.outcome) for one in audited(rollcall)] == [
        ("add_user", "alice", "done"),
        ("add_user", "bo", "done"),
        ("change_user", "BO", "done"),
        ("change_user", "bo", "done"),
        ("remove_user", "bo", "done"),
    ]


def test_the_first_user_closes_the_door_and_the_last_one_opens_it(rollcall: CommandLine) -> None:
    type_in(rollcall, PASSWORD)
    assert "everybody has to sign in" in rollcall("users", "add", "alice").err
    assert "no users are left" in rollcall("users", "remove", "alice").err
    assert rollcall("users", "list").out == "no users yet\n"


def test_the_password_comes_from_standard_input_and_its_hash_alone_is_kept(
    rollcall: CommandLine,
) -> None:
    add(rollcall, "alice")
    [user] = kept(rollcall)
    assert is_right(str(user["password_hash"]), PASSWORD)
    assert PASSWORD not in (rollcall.data / "users.json").read_text()
    type_in(rollcall, "another long password\n")
    assert rollcall("users", "password", "alice").out == "'alice' has another password\n"
    [user] = kept(rollcall)
    assert is_right(str(user["password_hash"]), "another long password")


@pytest.mark.parametrize("command", ["remove", "password"])
def test_whoever_is_removed_or_gets_another_password_is_out_at_once(
    rollcall: CommandLine, command: str
) -> None:
    add(rollcall, "alice")
    ledger = open_ledger(f"sqlite:///{rollcall.data / 'ledger.db'}")
    open_session(ledger, SessionRecord("s1", "alice", "local", None, None, START, FAR))
    type_in(rollcall, PASSWORD)
    assert rollcall("users", command, "alice").code == 0
    session = find_session(ledger, "s1")
    ledger.close()
    assert session is not None
    assert session.ended_at is not None


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("add", "alice"), "there is a user 'alice' already"),
        (("add", "bo", "--limit", "5"), "--limit is for senders: a viewer has none"),
        (("remove", "alise"), "there is no user 'alise' (did you mean 'alice'?)"),
        (("password", "alise"), "there is no user 'alise' (did you mean 'alice'?)"),
        (("role", "alise", "admin"), "there is no user 'alise' (did you mean 'alice'?)"),
    ],
)
def test_mistakes_are_one_sentence(
    rollcall: CommandLine, arguments: tuple[str, ...], told: str
) -> None:
    add(rollcall, "alice")
    assert rollcall("users", *arguments).mistake == told


@pytest.mark.parametrize(
    ("line", "told"), [("", "no password"), ("short\n", "5 characters: at least 12")]
)
def test_a_password_that_is_none_adds_nobody(rollcall: CommandLine, line: str, told: str) -> None:
    type_in(rollcall, line)
    assert told in rollcall("users", "add", "alice").mistake
    assert not (rollcall.data / "users.json").exists()


@pytest.mark.parametrize("host", ["::", "192.0.2.1"])
def test_dashboards_that_others_could_use_want_users_first(
    rollcall: CommandLine, host: str
) -> None:
    told = rollcall("dashboards", "--host", host).mistake
    assert told.startswith(f"the dashboards at {host} could be used by anybody: add users first")


def test_dashboards_with_a_public_address_want_users_first(rollcall: CommandLine) -> None:
    rollcall.set("DASHBOARDS__PUBLIC_URL", "https://desk.example.org")
    assert "https://desk.example.org could be used by anybody" in rollcall("dashboards").mistake


def test_dashboards_refuse_a_file_of_users_that_they_cannot_read(
    rollcall: CommandLine,
) -> None:
    rollcall.data.mkdir(parents=True, exist_ok=True)
    (rollcall.data / "users.json").write_text("{")
    assert "the file of users" in rollcall("dashboards").mistake


def test_a_port_that_is_taken_is_told(rollcall: CommandLine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert f"port {port}" in rollcall("dashboards", "--port", str(port)).mistake
