"""`log`, `check`, `migrate`, `refresh`, and what all commands have in common."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest
from typer.main import get_command

from rollcall.cli.app import app
from rollcall.ledger.recording import derive_delivery_id
from tests.integration.cli.conftest import CommandLine
from tests.people import phone_of
from tests.ports import find_free_port


def list_commands(group: Any, *path: str) -> Iterator[tuple[str, ...]]:
    """Yield every command by the words that call it: `("check",)`, `("filters", "save")`."""
    for name, command in sorted(group.commands.items()):
        if hasattr(command, "commands"):
            yield from list_commands(command, *path, name)
        else:
            yield (*path, name)


COMMANDS = list(list_commands(get_command(app)))
WITHOUT_ANSWER = {("dashboards",), ("dispatcher",), ("server",)}
"""These print only what they do."""


def send_drill(rollcall: CommandLine, **options: bool) -> str:
    path = rollcall.write_message({"everyone": True}, options=options)
    answer = rollcall("send", path, "--data", rollcall.source, "--confirm", "--format", "json")
    message_id: str = answer.json["message_id"]
    return message_id


def test_commands_are_those_of_the_product() -> None:
    assert sorted({command[0] for command in COMMANDS}) == [
        "app", "audience", "bounces", "chase", "chat", "check", "check-in", "correct",
        "dashboards", "demo",
        "dispatcher", "filters", "find", "incidents", "log", "migrate", "optouts", "portal",
        "refresh", "replies", "resume", "retention", "retry", "schedule", "select", "send",
        "server", "status", "stop", "templates", "up", "users",
    ]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_help_and_json(rollcall: CommandLine, command: tuple[str, ...]) -> None:
    answer = rollcall(*command, "--help")
    assert answer.code == 0
    assert "--format" in answer.out or command in WITHOUT_ANSWER
    assert answer.err == ""


def test_log_of_nothing(rollcall: CommandLine) -> None:
    assert rollcall("log").out == "no messages yet\n"
    assert rollcall("log", "--format", "json").json == []


def test_log_lists_the_latest_message_first(rollcall: CommandLine) -> None:
    first, second = send_drill(rollcall), send_drill(rollcall, include_sms=True)
    listed = rollcall("log", "--format", "json").json
    assert [one["message_id"] for one in listed] == [second, first]
    latest = listed[0]
    assert set(latest) == {
        "message_id", "kind", "state", "reason", "subject", "accepted_at", "as_of", "closed_at",
        "source_version", "audience_digest", "counts", "follows", "stopped_at",
        "chat", "removed_at",
    }  # fmt: skip
    assert (latest["kind"], latest["state"], latest["subject"]) == ("one_way", "sent", "Drill")
    assert latest["counts"]["sms"] == {"accepted": 2, "not_attempted": 2}
    text = rollcall("log").out
    assert first in text
    assert second in text


def test_log_of_a_message_shows_every_recipient(rollcall: CommandLine) -> None:
    message_id = send_drill(rollcall, include_sms=True)
    answer = rollcall("log", message_id, "--format", "json").json
    assert answer["message_id"] == message_id
    deliveries = {(one["person_id"], one["channel"]): one for one in answer["deliveries"]}
    assert len(deliveries) == len(answer["deliveries"]) == 8
    assert deliveries["p1", "sms"] == {
        "delivery_id": derive_delivery_id(message_id, "p1", "sms"),
        "provider_id": ANY,
        "person_id": "p1",
        "name": "Ana",
        "channel": "sms",
        "address": phone_of(1),
        "route_id": "alpha",
        "attempt_count": 1,
        "status": "accepted",
        "reason": None,
        "next_attempt_at": None,
        "same_as": None,
        "is_opted_out": False,
    }
    silent = deliveries["p2", "sms"]
    assert (silent["status"], silent["reason"]) == ("not_attempted", "no phone number")
    assert (silent["address"], silent["route_id"], silent["attempt_count"]) == (None, None, 0)


def test_log_of_a_message_as_text_has_name_channel_route_tries_and_status(
    rollcall: CommandLine,
) -> None:
    rollcall.monkeypatch.setenv("COLUMNS", "200")
    lines = rollcall("log", send_drill(rollcall)).out.splitlines()
    rows = [line.split() for line in lines]
    assert ["p1", "Ana", "email", "mail", "1", "accepted", "-"] in rows
    assert ["p3", "Cy", "email", "-", "0", "not", "attempted", "no", "email", "address"] in rows


def test_check_of_what_is_in_order(rollcall: CommandLine) -> None:
    answer = rollcall("check", "--format", "json")
    assert answer.code == 0
    assert {one["part"]: one["is_good"] for one in answer.json} == {
        "settings": True,
        "ledger": True,
        "route alpha": True,
        "route bravo": True,
        "route mail": True,
        "channel push": True,
    }
    assert all(set(one) == {"part", "is_good", "told"} for one in answer.json)
    text = rollcall("check")
    assert text.code == 0
    assert [line[:4] for line in text.out.splitlines()] == ["ok  "] * 6
    assert rollcall.taken() == []


def test_check_names_the_route_that_is_down(rollcall: CommandLine) -> None:
    port = rollcall.sandbox.ports["alpha"]
    routes = rollcall.sandbox.routes_file.read_text().replace(f":{port}/", f":{find_free_port()}/")
    rollcall.set("ROUTES_FILE", rollcall.write("routes.toml", routes))
    answer = rollcall("check", "--format", "json")
    assert answer.code == 1
    assert [one["part"] for one in answer.json if not one["is_good"]] == ["route alpha"]
    assert answer.err == ""


def test_check_looks_at_everything_even_when_the_routes_file_is_missing(
    rollcall: CommandLine,
) -> None:
    rollcall.set("ROUTES_FILE", rollcall.folder / "nowhere.toml")
    answer = rollcall("check", "--format", "json")
    assert answer.code == 1
    assert [one["part"] for one in answer.json if not one["is_good"]] == ["routes"]
    assert [one["part"] for one in answer.json if one["is_good"]] == ["settings", "ledger"]


def test_check_tells_which_channel_has_no_route(rollcall: CommandLine) -> None:
    routes = rollcall.sandbox.routes_file.read_text().split("[[route]]")
    carriers = [route for route in routes if 'kind = "http_sms"' in route]
    rollcall.set(
        "ROUTES_FILE",
        rollcall.write("routes.toml", "".join(f"[[route]]{route}" for route in carriers)),
    )
    answer = rollcall("check", "--format", "json")
    assert answer.code == 1
    assert [one["part"] for one in answer.json if not one["is_good"]] == ["channel email"]


def test_check_of_a_database_that_does_not_answer(rollcall: CommandLine) -> None:
    rollcall.set("LEDGER_URL", f"postgresql://rollcall@127.0.0.1:{find_free_port()}/rollcall")
    answer = rollcall("check", "--format", "json")
    assert answer.code == 1
    [ledger] = [one for one in answer.json if not one["is_good"]]
    assert ledger["part"] == "ledger"
    assert "\n" not in ledger["told"]


def test_database_that_does_not_answer_is_one_line_and_no_mistake_of_the_users(
    rollcall: CommandLine,
) -> None:
    rollcall.set("LEDGER_URL", f"postgresql://rollcall@127.0.0.1:{find_free_port()}/rollcall")
    path = rollcall.write_message({"everyone": True})
    answer = rollcall("send", path, "--data", rollcall.source)
    assert (answer.code, answer.out) == (1, "")
    assert answer.err.startswith("rollcall: the ledger does not answer: ")
    assert answer.err.count("\n") == 1
    assert rollcall.taken() == []


def test_ledger_file_that_is_no_database_is_told_in_one_line(rollcall: CommandLine) -> None:
    rollcall.data.mkdir()
    (rollcall.data / "ledger.db").write_bytes(b"this is no database, whatever it is called" * 99)
    for command in (["log"], ["migrate"], ["check"]):
        answer = rollcall(*command)
        assert answer.code == 1
        assert "file is not a database" in answer.out + answer.err


def test_migrate_sets_up_a_ledger_and_then_leaves_it_alone(rollcall: CommandLine) -> None:
    first = rollcall("migrate", "--format", "json").json
    assert first["before"] is None
    assert rollcall("migrate", "--format", "json").json == {
        "before": first["after"],
        "after": first["after"],
    }
    assert rollcall("migrate").out == f"the ledger is at revision {first['after']}\n"


def test_refresh_keeps_a_version_and_tells_what_it_left_out(rollcall: CommandLine) -> None:
    answer = rollcall("refresh", "--data", rollcall.source, "--format", "json").json
    assert set(answer) == {"version", "validated_at", "row_counts", "rejected_rows"}
    assert answer["row_counts"]["people"] == 4
    assert answer["row_counts"]["bookings"] == 1
    assert answer["rejected_rows"] == [
        {"table": "bookings", "line": 3, "reason": "ends_at is before starts_at"}
    ]
    again = rollcall("refresh", "--data", rollcall.source, "--format", "json").json
    assert again == answer
    assert "bookings line 3: ends_at is before starts_at" in (
        rollcall("refresh", "--data", rollcall.source).out
    )


def test_demo_reaches_everybody_and_says_so_to_programs(
    rollcall: CommandLine, tmp_path: Path
) -> None:
    for _ in range(2):
        answer = rollcall("demo", "--folder", tmp_path / "demo", "--format", "json")
        assert answer.code == 0
        report = answer.json
        assert (report["state"], report["complete"]) == ("sent", True)
        assert (report["lost"], report["sent_twice"]) == (0, 0)
        assert report["counts"]["email"]["accepted"] > 100
        assert report["counts"]["sms"]["delivered"] > 10
        assert report["counts"]["sms"]["at_carrier"] > 100
        assert report["counts"]["sms"].keys() <= {"delivered", "at_carrier", "not_attempted"}
