import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.cli.conftest import Answer, CommandLine

CHAT = {"title": "Flood", "post": "Are you safe?", "selection": {"people": ["p1"]}}


def send(rollcall: CommandLine, *arguments: str | Path) -> Answer:
    return rollcall("send", *arguments, "--data", rollcall.source, "--format", "json")


def save(rollcall: CommandLine, name: str, selection: dict[str, Any], *options: str) -> None:
    path = rollcall.write_message(selection, "template.json")
    answer = rollcall("templates", "save", name, "--file", path, *options)
    assert (answer.code, answer.out) == (0, f"saved {name!r}\n"), answer.err


def addresses(rollcall: CommandLine) -> list[str]:
    return sorted(one.address for one in rollcall.taken())


def test_settings_of_a_sent_message_are_saved_and_sent_again(rollcall: CommandLine) -> None:
    path = rollcall.write_message({"groups": ["board"]}, expires_at="2036-11-24T06:00:00Z")
    sent = send(rollcall, path)
    saved = rollcall(
        "templates", "save", "Board", "--from", sent.json["message_id"], "--format", "json"
    ).json
    message = json.loads(path.read_text())
    del message["expires_at"]
    assert (saved["kind"], saved["name"], saved["settings"]) == ("one_way", "Board", message)
    assert send(rollcall, "--template", "Board", "--confirm").code == 0
    assert addresses(rollcall) == ["p1@example.org", "p1@example.org"]


def test_keys_given_with_a_template_replace_its_own(rollcall: CommandLine) -> None:
    save(rollcall, "T", {"people": ["p1"]})
    changes = rollcall.write("changes.json", {"selection": {"people": ["p2"]}})
    sent = send(rollcall, changes, "--template", "T")
    assert sent.code == 0
    assert addresses(rollcall) == ["p2@example.org"]
    [logged] = rollcall("log", "--format", "json").json
    assert logged["subject"] == "Drill"
    shown = rollcall("templates", "show", "T", "--format", "json").json
    assert shown["settings"]["selection"] == {"people": ["p1"]}


def test_a_send_saves_what_was_sent(rollcall: CommandLine) -> None:
    path = rollcall.write_message({"people": ["p1"]})
    sent = send(rollcall, path, "--save-template", "T", "--key", "k")
    assert "saved as template 'T'" in sent.err
    again = send(rollcall, path, "--save-template", "T", "--key", "k")
    assert (again.code, again.json) == (0, sent.json)
    assert send(rollcall, "--template", "T", "--confirm").code == 0
    assert len(rollcall.taken()) == 2


def test_a_template_that_could_not_be_saved_stops_the_send_before_it_begins(
    rollcall: CommandLine,
) -> None:
    save(rollcall, "T", {"people": ["p1"]})
    path = rollcall.write_message({"people": ["p2"]})
    assert "'T' already" in send(rollcall, path, "--save-template", "T").mistake
    assert "differs from 't' in case only" in send(rollcall, path, "--save-template", "t").mistake
    assert "the name is empty" in send(rollcall, path, "--save-template", "").mistake
    rollcall.assert_nothing_sent()


def test_the_selection_is_evaluated_anew(rollcall: CommandLine) -> None:
    save(rollcall, "T", {"groups": ["board"]})
    first = send(rollcall, "--template", "T")
    with (rollcall.source / "people.csv").open("a") as people:
        people.write("p5,Ed,p5@example.org,,,board,,\n")
    second = send(rollcall, "--template", "T")
    assert addresses(rollcall) == ["p1@example.org", "p1@example.org", "p5@example.org"]
    told = f"compared with message {first.json['message_id']} with template 'T': +1 −0 people"  # noqa: RUF001 - a minus
    assert told in second.err
    assert "compared with" not in first.err


def test_a_template_whose_group_is_gone_says_so_before_anything_is_sent(
    rollcall: CommandLine,
) -> None:
    save(rollcall, "T", {"people": ["p1"], "groups": ["dissolved"]})
    assert "'dissolved'" in send(rollcall, "--template", "T").mistake
    rollcall.assert_nothing_sent()


def test_a_template_follows_its_saved_filter_and_misses_it_when_it_is_gone(
    rollcall: CommandLine,
) -> None:
    path = rollcall.write("f.json", {"people": ["p1"]})
    assert rollcall("filters", "save", "Who", path).code == 0
    save(rollcall, "T", {"saved_filters": ["Who"]})
    assert rollcall("filters", "rename", "Who", "Those").code == 0
    assert send(rollcall, "--template", "T").code == 0
    assert addresses(rollcall) == ["p1@example.org"]
    exported = json.loads(rollcall("templates", "export", "T").out)
    assert exported["settings"]["selection"] == {"saved_filters": ["Those"]}
    assert rollcall("templates", "delete", "T").code == 0
    assert rollcall("filters", "delete", "Those").code == 0
    importing = rollcall("templates", "import", rollcall.write("t.json", exported))
    assert "there is no dynamic filter 'Those'" in importing.mistake


def test_templates_of_the_other_kind_are_neither_shown_nor_sent(rollcall: CommandLine) -> None:
    chat = rollcall.write("chat.json", CHAT)
    assert rollcall("templates", "save", "T", "--file", chat, "--kind", "chat").code == 0
    assert "no templates for one-way messages yet" in rollcall("templates", "list").out
    assert rollcall("templates", "list", "--format", "json").json == []
    told = "there is no template for one-way messages 'T'"
    assert send(rollcall, "--template", "T").mistake == told
    for arguments in (("show", "T"), ("rename", "T", "U"), ("delete", "T"), ("export", "T")):
        assert rollcall("templates", *arguments).mistake == told
    [listed] = rollcall("templates", "list", "--kind", "chat", "--format", "json").json
    assert (listed["kind"], listed["name"]) == ("chat", "T")
    rollcall.assert_nothing_sent()


def test_an_exported_template_is_imported_under_its_name_or_another(rollcall: CommandLine) -> None:
    save(rollcall, "T", {"people": ["p1"]})
    file = rollcall.folder / "exported.json"
    assert "exported 'T'" in rollcall("templates", "export", "T", "-o", file).out
    assert rollcall("templates", "import", file, "--name", "U").code == 0
    assert rollcall("templates", "delete", "T").code == 0
    assert rollcall("templates", "import", file).code == 0
    listed = rollcall("templates", "list", "--format", "json").json
    assert [one["name"] for one in listed] == ["T", "U"]
    assert listed[0]["settings"] == listed[1]["settings"]
    told = rollcall("templates", "import", file, "--kind", "chat").mistake
    assert told == "template 'T' is for one-way messages, not for chats"


def test_a_template_is_listed_renamed_and_deleted(rollcall: CommandLine) -> None:
    save(rollcall, "T", {"people": ["p1"]})
    assert "Drill" in rollcall("templates", "list").out
    assert json.loads(rollcall("templates", "show", "T").out)["selection"] == {"people": ["p1"]}
    assert "'T' is called 'U' now" in rollcall("templates", "rename", "T", "U").out
    deleted = rollcall("templates", "delete", "U", "--format", "json")
    assert deleted.json == {"deleted": "U"}
    assert rollcall("templates", "list", "--format", "json").json == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("save", "U"), "give either --from MESSAGE or --file FILE"),
        (("save", "U", "--from", "m1", "--file", "{good}"), "give either"),
        (("save", "U", "--from", "m1"), "there is no message 'm1'"),
        (("save", "T", "--file", "{good}"), "'T' already: --replace changes it"),
        (("save", "U", "--file", "{broken}"), "line 1"),
        (("import", "{good}"), "rollcall_template is None"),
        (("export", "T", "-o", "missing/folder/t.json"), "cannot be written"),
        (("show", "t"), "(did you mean 'T'?)"),
    ],
)
def test_a_mistake_is_one_line_and_changes_nothing(
    rollcall: CommandLine, arguments: tuple[str, ...], told: str
) -> None:
    save(rollcall, "T", {"people": ["p1"]})
    good = rollcall.write_message({"people": ["p2"]}, "good.json")
    broken = rollcall.write(
        "broken.json",
        {"content": {"subject": "s", "text": "{{ nmae }}"}, "selection": {"everyone": True}},
    )
    before = rollcall("templates", "list", "--format", "json").json
    asked = [one.format(good=good, broken=broken) for one in arguments]
    assert told in rollcall("templates", *asked).mistake
    assert rollcall("templates", "list", "--format", "json").json == before


def test_a_send_needs_a_message_or_a_template(rollcall: CommandLine) -> None:
    assert "give a MESSAGE, or a --template" in send(rollcall).mistake
