import json
from pathlib import Path

import pytest

from tests.integration.cli.conftest import CommandLine

BOARD = {"groups": ["board"]}


def save(rollcall: CommandLine, name: str, selection: object, *options: str) -> None:
    path = rollcall.write("saved.json", selection)
    answer = rollcall("filters", "save", name, path, *options)
    assert (answer.code, answer.out) == (0, f"saved {name!r}\n")


def send(rollcall: CommandLine, *options: str | Path, **selection: object) -> str:
    path = rollcall.write_message(selection)
    command = ("send", path, "--data", rollcall.source, "--format", "json", *options)
    answer = rollcall(*command)
    assert answer.code == 0, answer.err
    return str(answer.json["message_id"])


def test_a_saved_filter_is_saved_shown_renamed_and_deleted(rollcall: CommandLine) -> None:
    path = rollcall.write("f.json", {"countries": ["jp"]})
    saved = rollcall("filters", "save", "Japan now", path, "--format", "json").json
    assert saved["selection"] == {"filters": [{"countries": ["JP"]}]}
    assert (saved["name"], saved["last_used_at"], saved["used_by"]) == ("Japan now", None, [])
    assert rollcall("filters", "list", "--format", "json").json == [saved]
    assert rollcall("filters", "show", "Japan now", "--format", "json").json == saved
    renamed = rollcall("filters", "rename", "Japan now", "Nippon", "--format", "json").json
    assert (renamed["name"], renamed["selection"]) == ("Nippon", saved["selection"])
    deleted = rollcall("filters", "delete", "Nippon", "--format", "json")
    assert (deleted.code, deleted.json) == (0, {"deleted": "Nippon"})
    assert rollcall("filters", "list", "--format", "json").json == []


def test_text_answers_say_what_was_done(rollcall: CommandLine) -> None:
    assert "no dynamic filters yet" in rollcall("filters", "list").out
    save(rollcall, "Board", BOARD)
    save(rollcall, "All but board", {"everyone": True, "exclude": {"saved_filters": ["Board"]}})
    listed = rollcall("filters", "list").out
    assert "dynamic filter 'All but board'" in listed
    assert "'Board' is called 'B' now" in rollcall("filters", "rename", "Board", "B").out
    assert "deleted 'All but board'" in rollcall("filters", "delete", "All but board").out


def test_what_is_shown_can_be_saved_again(rollcall: CommandLine) -> None:
    save(rollcall, "A", {"filters": [{"countries": ["JP"], "tags": ["vip"]}]})
    shown = json.loads(rollcall("filters", "show", "A").out)
    save(rollcall, "A", shown)
    save(rollcall, "B", shown)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("save", "Board", "{other}"), "a dynamic filter 'Board' already: --replace changes it"),
        (("save", "board", "{other}"), "differs from 'board' in case only"),
        (("save", " ", "{other}"), "the name is empty"),
        (("save", "New", "{circle}"), "dynamic filters lead in a circle: 'New' → 'New'"),
        (("save", "X", "{circle}"), "there is no dynamic filter 'New'"),
        (("save", "X", "nothing.json"), "selection nothing.json cannot be read"),
        (("show", "board"), "no dynamic filter 'board' (did you mean 'Board'?)"),
        (("rename", "Board", "Users"), "there is a dynamic filter 'Users' already"),
        (("rename", "Board", "b\tc"), "holds a character that cannot be printed"),
        (("delete", "Board"), "'Board' is used by dynamic filter 'Users', template 'T'"),
        (("delete", "Nobody"), "there is no dynamic filter 'Nobody'"),
    ],
)
def test_a_mistake_is_one_line_and_changes_nothing(
    rollcall: CommandLine, arguments: tuple[str, ...], told: str
) -> None:
    save(rollcall, "Board", BOARD)
    save(rollcall, "Users", {"saved_filters": ["Board"]})
    template = rollcall.write_message({"saved_filters": ["Board"]})
    assert rollcall("templates", "save", "T", "--file", template).code == 0
    other = rollcall.write("other.json", {"people": ["p1"]})
    circle = rollcall.write("circle.json", {"saved_filters": ["New"]})
    before = rollcall("filters", "list", "--format", "json").json
    asked = [one.format(other=other, circle=circle) for one in arguments]
    assert told in rollcall("filters", *asked).mistake
    assert rollcall("filters", "list", "--format", "json").json == before


def test_a_message_reaches_whom_a_saved_filter_means_now(rollcall: CommandLine) -> None:
    save(rollcall, "Who", {"people": ["p1"]})
    send(rollcall, saved_filters=["Who"])
    save(rollcall, "Who", {"people": ["p2"]}, "--replace")
    send(rollcall, saved_filters=["Who"])
    assert [one.address for one in rollcall.taken()] == ["p1@example.org", "p2@example.org"]


def test_a_saved_filter_excludes_too(rollcall: CommandLine) -> None:
    save(rollcall, "Board", BOARD)
    send(rollcall, everyone=True, exclude={"saved_filters": ["Board"]})
    assert [one.address for one in rollcall.taken()] == ["p2@example.org"]


def test_a_missing_saved_filter_is_told_before_the_message_is_accepted(
    rollcall: CommandLine,
) -> None:
    save(rollcall, "Board", BOARD)
    path = rollcall.write_message({"everyone": True, "exclude": {"saved_filters": ["Bord"]}})
    told = rollcall("send", path, "--data", rollcall.source, "--key", "k").mistake
    assert told == "selection: there is no dynamic filter 'Bord' (did you mean 'Board'?)"
    assert rollcall("log", "--format", "json").json == []
    send(rollcall, "--key", "k", people=["p1"])


def test_a_message_that_was_interrupted_means_whom_it_meant_when_it_was_accepted(
    rollcall: CommandLine,
) -> None:
    save(rollcall, "Who", {"people": ["p1"]})
    path = rollcall.write_message({"saved_filters": ["Who"]})
    (rollcall.data / "sources").write_text("in the way")
    assert rollcall("send", path, "--data", rollcall.source).code == 2
    (rollcall.data / "sources").unlink()
    rollcall("filters", "delete", "Who")
    [waiting] = rollcall("log", "--format", "json").json
    assert rollcall("resume", waiting["message_id"]).code == 0
    assert [one.address for one in rollcall.taken()] == ["p1@example.org"]


def test_a_send_tells_what_changed_since_the_last_one_with_this_filter(
    rollcall: CommandLine,
) -> None:
    save(rollcall, "Who", {"people": ["p1"]})
    first = send(rollcall, saved_filters=["Who"])
    save(rollcall, "Who", {"people": ["p1", "p2"]}, "--replace")
    path = rollcall.write_message({"saved_filters": ["Who"]})
    answer = rollcall("send", path, "--data", rollcall.source)
    assert f"compared with message {first} with dynamic filter 'Who': +1 −0 people" in answer.err  # noqa: RUF001 - a minus
