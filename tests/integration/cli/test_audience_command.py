from typing import Any

import pytest
from sqlalchemy import update

from rollcall.ledger.engine import open_ledger
from rollcall.ledger.tables import AudienceMember
from tests.integration.cli.conftest import CommandLine


@pytest.fixture
def message_id(rollcall: CommandLine) -> str:
    """A sent message to p1 and p2, by a dynamic filter."""
    path = rollcall.write("f.json", {"people": ["p1", "p2"]})
    assert rollcall("filters", "save", "Who", path).code == 0
    message = rollcall.write_message({"saved_filters": ["Who"]})
    options = ("--as-of", "2026-11-23T06:00:00Z", "--format", "json")
    return str(rollcall("send", message, "--data", rollcall.source, *options).json["message_id"])


def change(rollcall: CommandLine, **values: Any) -> None:
    ledger = open_ledger(f"sqlite:///{rollcall.data / 'ledger.db'}")
    with ledger.write() as connection:
        one = update(AudienceMember).where(AudienceMember.person_id == "p1")
        connection.execute(one.values(values))
    ledger.close()


def test_who_was_meant_and_why_is_told_as_it_was_frozen(
    rollcall: CommandLine, message_id: str
) -> None:
    rollcall("filters", "delete", "Who")
    (rollcall.source / "people.csv").write_text("person_id,name\n")
    answer = rollcall("audience", message_id, "--format", "json")
    assert answer.code == 0
    told = answer.json
    assert [one["person_id"] for one in told["people"]] == ["p1", "p2"]
    assert told["people"][0]["via"] == [{"by": "saved_filter", "name": "Who"}]
    assert told["people"][0]["position"]["country"] == "JP"
    assert told["saved_filters"] == {"Who": {"people": ["p1", "p2"]}}
    assert told["as_of"] == "2026-11-23T06:00:00Z"
    [logged] = rollcall("log", "--format", "json").json
    assert told["source_version"] == logged["source_version"]
    assert told["audience_digest"] == told["computed_digest"] == logged["audience_digest"]
    assert told["is_intact"] is True


def test_text_tells_the_same(rollcall: CommandLine, message_id: str) -> None:
    answer = rollcall("audience", message_id)
    assert answer.code == 0
    for told in ("Ana", "saved_filter Who", "2026-11-23T06:00:00Z", ", verified"):
        assert told in answer.out


@pytest.mark.parametrize("output", ["text", "json"])
def test_a_changed_audience_is_exit_code_1_and_one_clear_sentence(
    rollcall: CommandLine, message_id: str, output: str
) -> None:
    change(rollcall, email="somebody@example.org")
    answer = rollcall("audience", message_id, "--format", output)
    assert answer.code == 1
    [told] = answer.err.splitlines()
    assert told.startswith(f"rollcall: the audience of {message_id} is not the one that was frozen")
    assert ", verified" not in answer.out
    if output == "json":
        assert answer.json["is_intact"] is False
        assert answer.json["audience_digest"] != answer.json["computed_digest"]


def test_what_changed_since_the_message_before_is_told(
    rollcall: CommandLine, message_id: str
) -> None:
    path = rollcall.write("f.json", {"people": ["p2", "p3"]})
    assert rollcall("filters", "save", "Who", path, "--replace").code == 0
    message = rollcall.write_message({"saved_filters": ["Who"]})
    sent = rollcall("send", message, "--data", rollcall.source, "--format", "json").json
    told = rollcall("audience", sent["message_id"], "--format", "json").json["compared"]
    assert (told["message_id"], told["joined"], told["left"]) == (message_id, ["p3"], ["p1"])
    shown = rollcall("audience", sent["message_id"])
    assert f"compared with message {message_id}" in shown.out


def test_a_message_that_is_not_there_or_meant_nobody_is_a_mistake(rollcall: CommandLine) -> None:
    assert rollcall("audience", "m1").mistake == "there is no message 'm1'"
    message = rollcall.write_message({"groups": ["dissolved"]})
    assert rollcall("send", message, "--data", rollcall.source).code == 2
    [refused] = rollcall("log", "--format", "json").json
    told = rollcall("audience", refused["message_id"]).mistake
    assert "has no audience: it was refused: " in told
