"""`rollcall optouts`: what an operator says for somebody who cannot text STOP."""

from datetime import UTC, datetime

import pytest

from rollcall.clock import parse_instant
from tests.integration.cli.conftest import CommandLine
from tests.people import phone_of


def test_nobody_opted_out(rollcall: CommandLine) -> None:
    assert rollcall("optouts", "list").out == "nobody opted out\n"
    assert rollcall("optouts", "list", "--format", "json").json == []


def test_a_number_is_added_listed_and_removed(rollcall: CommandLine) -> None:
    spaced = f"{phone_of(1)[:5]} {phone_of(1)[5:8]}-{phone_of(1)[8:]}"
    answer = rollcall("optouts", "add", spaced)
    assert (answer.code, answer.out) == (0, f"{phone_of(1)} opted out\n")
    [listed] = rollcall("optouts", "list", "--format", "json").json
    said_at = parse_instant(listed.pop("opted_out_at"))
    assert abs((datetime.now(UTC) - said_at).total_seconds()) < 600
    assert listed == {"number": phone_of(1), "source": "operator", "route_id": None}
    assert phone_of(1) in rollcall("optouts", "list").out

    removed = rollcall("optouts", "remove", phone_of(1), "--format", "json")
    assert removed.json == {"number": phone_of(1), "is_changed": True}
    assert rollcall("optouts", "list", "--format", "json").json == []


def test_to_say_it_twice_changes_nothing_and_is_told(rollcall: CommandLine) -> None:
    rollcall("optouts", "add", phone_of(1))
    again = rollcall("optouts", "add", phone_of(1), "--format", "json")
    assert again.json == {"number": phone_of(1), "is_changed": False}
    assert rollcall("optouts", "add", phone_of(1)).out == f"{phone_of(1)} was opted out already\n"
    assert rollcall("optouts", "remove", phone_of(2)).out == f"{phone_of(2)} was not opted out\n"


@pytest.mark.parametrize("command", ["add", "remove"])
@pytest.mark.parametrize("number", ["2025550101", "nobody", "", "+1", "p1@example.org"])
def test_what_is_no_international_number_is_refused(
    rollcall: CommandLine, command: str, number: str
) -> None:
    told = rollcall("optouts", command, number).mistake
    assert "no international telephone number" in told
    assert rollcall("optouts", "list", "--format", "json").json == []
