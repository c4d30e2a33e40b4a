"""`rollcall check-in`: added with every mistake named, run, and its rounds read."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from rollcall.ledger.chat_tables import CheckIn
from rollcall.ledger.engine import open_ledger
from tests.integration.cli.conftest import Answer, CommandLine


@pytest.fixture
def ready(rollcall: CommandLine) -> CommandLine:
    rollcall.set("PUBLIC_URL", "https://safe.example.org")
    assert rollcall("migrate").code == 0
    return rollcall


def add(rollcall: CommandLine, *changes: str, name: str = "Night shift") -> Answer:
    told = ("check-in", "add", name, "--data", rollcall.source, "--time-zone", "UTC")
    return rollcall(*told, *(changes or ("--group", "board", "--at", "08:00")))


def let_it_be_due(rollcall: CommandLine, minutes_ago: int) -> None:
    """Have the check-in be due so many minutes ago."""
    due_at = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    ledger = open_ledger(f"sqlite:///{rollcall.data / 'ledger.db'}")
    with ledger.write() as connection:
        told: dict[str, Any] = {"asked_at": f"{due_at:%H:%M}"}
        told["looked_until_at"] = due_at - timedelta(minutes=2)
        connection.execute(update(CheckIn).values(told))
    ledger.close()


def test_a_check_in_is_added_listed_and_ended(ready: CommandLine) -> None:
    added = add(ready, "--group", "board", "--at", "08:00", "--on", "mon-fri", "--notify", "p2")
    assert added.code == 0, added.err
    assert "08:00 mon-fri" in added.out

    [listed] = ready("check-in", "list", "--format", "json").json
    assert (listed["name"], listed["asked_on"]) == (
        "Night shift",
        ["mon", "tue", "wed", "thu", "fri"],
    )
    assert (listed["next"]["UTC"]["people_count"], listed["notify"]) == (1, ["p2"])
    assert listed["next"]["UTC"]["at"].endswith("T08:00:00Z")
    assert "there is a check-in 'Night shift' already" in add(
        ready, name="night SHIFT"
    ).mistake or ("in case only" in add(ready, name="night SHIFT").mistake)

    assert "ended 'Night shift'" in ready("check-in", "end", "night shift").out
    assert "has ended already" in ready("check-in", "end", "Night shift").mistake
    assert ready("check-in", "list").out.strip() == "no check-ins yet"
    assert add(ready).code == 0


def test_a_check_in_is_asked_and_its_round_shown(ready: CommandLine) -> None:
    assert add(ready).code == 0
    let_it_be_due(ready, minutes_ago=5)

    first = ready("check-in", "run", "--format", "json")

    assert first.code == 0, first.err
    [asked] = first.json["asked"]
    assert (asked["time_zone"], asked["people_count"]) == ("UTC", 1)
    assert [entry.channel for entry in ready.deliveries()] == ["email"]
    assert len(ready.taken()) == 1
    [shown] = ready("check-in", "rounds", "Night shift", "--format", "json").json
    assert (shown["state"], shown["asked_count"], shown["missing"]) == ("open", 1, ["p1"])
    assert "nobody is to be asked now" in ready("check-in", "run").out
    assert len(ready.taken()) == 1


def test_a_check_in_that_is_too_late_is_said_loudly(ready: CommandLine) -> None:
    add(ready, "--people", "p1", "--at", "08:00", "--grace", "3", "--notify", "p2")
    let_it_be_due(ready, minutes_ago=30)

    late = ready("check-in", "run")

    assert late.code == 1
    assert "1 NOT ASKED" in late.out
    assert "not asked in time" in late.err
    [shown] = ready("check-in", "rounds", "Night shift", "--format", "json").json
    assert (shown["state"], shown["missing"]) == ("not_asked", ["p1"])
    assert "not asked" in ready("check-in", "rounds", "Night shift").out
    [notice] = ready.deliveries()
    assert notice.person_id == "p2"


def test_a_message_of_ones_own_is_asked(ready: CommandLine) -> None:
    message = ready.write_message({"people": ["p1", "p3"]}, options={"include_sms": True})
    assert add(ready, str(message), "--at", "08:00").code == 0
    let_it_be_due(ready, minutes_ago=1)
    ready("check-in", "run")
    told = {(one.person_id, one.channel, one.status) for one in ready.deliveries()}
    assert ("p1", "sms", "accepted") in told
    assert ("p3", "sms", "accepted") in told


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--at", "08:00"), "say who is asked"),
        (("--group", "board", "--at", "8"), "'8' is no time of day"),
        (("--group", "board", "--at", "08:00", "--on", "weekdays"), "names no days"),
        (("--group", "nobody", "--at", "08:00"), "unknown group 'nobody'"),
        (("--people", "p9", "--at", "08:00"), "p9"),
        (("--group", "board", "--at", "08:00", "--notify", "p9"), "there is no person 'p9'"),
        (("--group", "board", "--at", "08:00", "--time-zone", "Berlin"), "no time zone 'Berlin'"),
    ],
)
def test_mistakes_are_named(ready: CommandLine, options: tuple[str, ...], told: str) -> None:
    assert told in add(ready, *options).mistake
    assert ready("check-in", "list", "--format", "json").json == []


def test_what_can_be_sent_only_once_is_refused(ready: CommandLine) -> None:
    chat = ready.write_message({"groups": ["board"]}, chat={})
    assert "message: chat: a check-in" in add(ready, str(chat), "--at", "08:00").mistake
    plain = ready.write_message({"groups": ["board"]})
    both = add(ready, str(plain), "--at", "08:00", "--group", "it")
    assert "the MESSAGE says who is asked" in both.mistake


def test_without_an_address_nobody_can_answer(rollcall: CommandLine) -> None:
    assert rollcall("migrate").code == 0
    assert "ROLLCALL_PUBLIC_URL" in add(rollcall).mistake


def test_an_unknown_check_in_is_a_mistake(ready: CommandLine) -> None:
    add(ready)
    assert "did you mean 'Night shift'" in ready("check-in", "rounds", "Night shfit").mistake
