"""What a user can get wrong gets one clear line, exit code 2, and nothing is sent."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.integration.cli.conftest import Answer, CommandLine

Break = Callable[[CommandLine], object]


def _replace(table: str, old: str, new: str) -> Break:
    def replace(rollcall: CommandLine) -> None:
        path = rollcall.source / f"{table}.csv"
        path.write_text(path.read_text().replace(old, new, 1))

    return replace


def _write_bytes(table: str, content: bytes) -> Break:
    return lambda rollcall: (rollcall.source / f"{table}.csv").write_bytes(content)


def _remove(name: str) -> Break:
    return lambda rollcall: (rollcall.source / name).unlink()


BROKEN_SOURCES: dict[str, tuple[Break, str]] = {
    "no folder": (lambda rollcall: shutil.rmtree(rollcall.source), "No such file or directory"),
    "no people": (_remove("people.csv"), "there is no people.csv or"),
    "no column": (_replace("people", "person_id,", "identifier,"), "person_id"),
    "no column elsewhere": (_replace("bookings", "starts_at", "start"), "bookings.csv"),
    "no encoding": (_write_bytes("people", b"person_id,name\np1,\x81\x8d\x8f\x90\x9d\n"), "people"),
    "no text": (_write_bytes("people", bytes(range(256)) * 20), "people"),
    "empty file": (_write_bytes("people", b""), "people"),
    "table twice": (
        lambda rollcall: (rollcall.source / "people.jsonl").write_text(""),
        "there twice",
    ),
}


def _area(*ring: list[float]) -> dict[str, Any]:
    polygon = {"type": "Polygon", "coordinates": [list(ring)]}
    return {"filters": [{"area": polygon}]}


TEN_MEGABYTES = [[number % 600_000 / 1e6, 0.5] for number in range(600_001)]

WRONG_SELECTIONS: dict[str, tuple[Any, str]] = {
    "country": ({"filters": [{"countries": ["UK"]}]}, "unknown country 'UK'"),
    "group": ({"groups": ["Board"]}, "unknown group 'Board'"),
    "group in a filter": ({"filters": [{"groups": ["x"]}]}, "unknown group 'x'"),
    "person": ({"people": ["p1", "p9"]}, "unknown person 'p9'"),
    "tag": ({"filters": [{"tags": ["vlp"]}]}, "unknown tag 'vlp'"),
    "facility": ({"facilities": ["osaka"]}, "unknown facility 'osaka'"),
    "excluded person": (
        {"everyone": True, "exclude": {"people": ["p9"]}},
        "exclude.people: unknown person 'p9'",
    ),
    "criterion": ({"filters": [{"contry": ["JP"]}]}, "unknown key 'contry'"),
    "airport": (
        {"filters": [{"upcoming_travel_to_iata": {"codes": ["XXQ"]}}]},
        "unknown airport code 'XXQ'",
    ),
    "country of a journey": (
        {"filters": [{"past_travel_to_country": {"countries": ["UK"]}}]},
        "unknown country 'UK'",
    ),
    "period": (
        {
            "filters": [
                {
                    "past_travel_to_iata": {
                        "codes": ["HND"],
                        "from_at": "2026-11-23T06:00:01Z",
                        "until_at": "2026-11-23T06:00:00Z",
                    }
                }
            ]
        },
        "from_at is after until_at",
    ),
    "line for an area": (_area([0, 0], [1, 1]), "a ring of 2 positions"),
    "crossed area": (_area([0, 0], [2, 2], [2, 0], [0, 2], [0, 0]), "crosses itself"),
    "latitude": (_area([0, 0], [2, 0], [2, 95], [0, 0]), "latitude 95 is not within ±90"),
    "ten megabytes of area": (_area(*TEN_MEGABYTES), "has more than 150000 positions: simplify it"),
    "dynamic filter": ({"saved_filters": ["Japan"]}, "there is no dynamic filter 'Japan'"),
    "nobody named": ({}, "selection names nobody"),
    "no criterion": ({"filters": [{}]}, "has no criterion"),
    "wrong type": ({"people": "p1"}, "selection: people"),
    "null": ({"people": None}, "selection: people"),
    "half a character": ({"people": ["\ud800"]}, "surrogate"),
}

WRONG_TEXTS: dict[str, tuple[str, str]] = {
    "no json": ("{everyone: true}", "is not valid JSON"),
    "empty": ("", "is not valid JSON"),
    "key twice": ('{"everyone": true, "everyone": false}', "key 'everyone' is given twice"),
    "too deep": ("[" * 100_000, "nested too deeply"),
    "a list": ("[]", "should be"),
    "no number": ('{"people": [NaN]}', "NaN is no number"),
}

WRONG_CONTENTS: dict[str, tuple[dict[str, str], str]] = {
    "loop": ({"text": "a\n{% for x in name %}{{ x }}{% endfor %}"}, "text, line 2: a loop"),
    "call": ({"text": "{{ name.upper() }}"}, "line 1"),
    "variable": ({"text": "{{ nmae }}"}, "nmae"),
    "unfinished": ({"subject": "{{ name"}, "subject, line 1"),
    "empty": ({"text": ""}, "content.text"),
    "empty for all": ({"text": "{% if name == 'x' %}y{% endif %}"}, "comes out empty"),
    "unknown key": ({"txt": "x"}, "unknown key 'txt' (did you mean 'text'?)"),
}


def select(rollcall: CommandLine, path: Path, *options: str | Path) -> Answer:
    return rollcall("select", path, "--data", rollcall.source, *options)


def send(rollcall: CommandLine, path: Path, *options: str | Path) -> Answer:
    return rollcall("send", path, "--data", rollcall.source, *options)


@pytest.mark.parametrize(("broken", "told"), BROKEN_SOURCES.values(), ids=BROKEN_SOURCES)
def test_broken_source(rollcall: CommandLine, broken: Break, told: str) -> None:
    broken(rollcall)
    path = rollcall.write("s.json", {"everyone": True})
    assert told in select(rollcall, path).mistake
    assert told in rollcall("refresh", "--data", rollcall.source).mistake
    assert told in send(rollcall, rollcall.write_message({"everyone": True})).mistake
    rollcall.assert_nothing_sent()


@pytest.mark.parametrize(("selection", "told"), WRONG_SELECTIONS.values(), ids=WRONG_SELECTIONS)
def test_wrong_selection(rollcall: CommandLine, selection: Any, told: str) -> None:
    assert told in select(rollcall, rollcall.write("s.json", selection)).mistake
    assert told in send(rollcall, rollcall.write_message(selection)).mistake
    rollcall.assert_nothing_sent()


@pytest.mark.parametrize(("text", "told"), WRONG_TEXTS.values(), ids=WRONG_TEXTS)
def test_text_that_is_no_json_of_ours(rollcall: CommandLine, text: str, told: str) -> None:
    path = rollcall.write("s.json", text)
    assert told in select(rollcall, path).mistake
    assert told in send(rollcall, path).mistake
    rollcall.assert_nothing_sent()


@pytest.mark.parametrize(("content", "told"), WRONG_CONTENTS.values(), ids=WRONG_CONTENTS)
def test_wrong_content(rollcall: CommandLine, content: dict[str, str], told: str) -> None:
    usual = {"subject": "Drill", "text": "Hello."}
    path = rollcall.write_message({"everyone": True}, content=usual | content)
    assert told in send(rollcall, path).mistake
    rollcall.assert_nothing_sent()


def test_selection_that_matches_nobody_is_not_sent(rollcall: CommandLine) -> None:
    path = rollcall.write_message({"filters": [{"countries": ["AQ"]}]})
    assert send(rollcall, path).mistake == "selection matches nobody; nothing was sent"
    rollcall.assert_nothing_sent()


def test_facility_without_a_manager_is_not_sent_to(rollcall: CommandLine) -> None:
    path = rollcall.write_message({"facilities": ["paris"]}, options={"managers_only": True})
    assert "nobody who can be contacted for the facilities" in send(rollcall, path).mistake
    rollcall.assert_nothing_sent()


def test_mistake_found_after_acceptance_is_told_with_one_notice(rollcall: CommandLine) -> None:
    answer = send(rollcall, rollcall.write_message({"people": ["p9"]}), "--format", "json")
    notice, told = answer.err.splitlines()
    assert notice.startswith("message m")
    assert told == "rollcall: selection: people: unknown person 'p9'"


def test_refused_message_is_in_the_log_and_gives_its_key_back(rollcall: CommandLine) -> None:
    path = rollcall.write_message({"people": ["p9"]})
    send(rollcall, path, "--key", "k1")
    [refused] = rollcall("log", "--format", "json").json
    assert (refused["state"], refused["counts"]) == ("refused", {})
    assert "unknown person 'p9'" in refused["reason"]
    corrected = rollcall.write_message({"people": ["p1"]})
    assert send(rollcall, corrected, "--key", "k1").code == 0
    assert len(rollcall.taken()) == 1


def test_refused_message_cannot_be_resumed_and_keeps_its_reason(rollcall: CommandLine) -> None:
    send(rollcall, rollcall.write_message({"people": ["p9"]}))
    [refused] = rollcall("log", "--format", "json").json
    for _ in range(2):
        told = rollcall("resume", refused["message_id"]).mistake
        assert told == f"message {refused['message_id']} was refused: {refused['reason']}"
    assert rollcall("log", "--format", "json").json == [refused]


def _write_routes(rollcall: CommandLine, text: str) -> None:
    rollcall.set("ROUTES_FILE", rollcall.write("routes.toml", text))


MAIL_ONLY = """
[[route]]
id = "mail"
kind = "smtp"
host = "127.0.0.1"
port = 9
security = "none"
sender = "Crisis Team <crisis@example.org>"
"""


@pytest.mark.parametrize(
    ("routes", "told"),
    [
        (MAIL_ONLY, "no route is configured for sms"),
        ("", "holds no [[route]]"),
        ("[[route", "is not TOML"),
        (MAIL_ONLY + MAIL_ONLY, "two routes have the id 'mail'"),
        (MAIL_ONLY.replace("smtp", "pigeon"), "route 'mail'"),
        (MAIL_ONLY + "prt = 7\n", "prt"),
        (MAIL_ONLY + 'username = "u"\npassword = "env:ROLLCALL_SECRET_NOT_SET"\n', "is not set"),
        (MAIL_ONLY + 'username = "u"\npassword = "env:HOME"\n', "begins with ROLLCALL_SECRET_"),
    ],
)
def test_wrong_routes(rollcall: CommandLine, routes: str, told: str) -> None:
    _write_routes(rollcall, routes)
    path = rollcall.write_message({"everyone": True}, options={"include_sms": True})
    assert told in send(rollcall, path).mistake
    rollcall.assert_nothing_sent()


def test_missing_routes_file(rollcall: CommandLine) -> None:
    rollcall.set("ROUTES_FILE", rollcall.folder / "nowhere.toml")
    told = send(rollcall, rollcall.write_message({"everyone": True})).mistake
    assert "nowhere.toml: cannot be read" in told
    rollcall.assert_nothing_sent()


@pytest.mark.parametrize("place", ["/proc/rollcall", "{file}/below"])
def test_data_folder_that_cannot_be_written(rollcall: CommandLine, place: str) -> None:
    rollcall.set("DATA_DIR", place.format(file=rollcall.write("file", "")))
    path = rollcall.write("s.json", {"everyone": True})
    assert "the data folder" in select(rollcall, path).mistake
    assert "the data folder" in send(rollcall, rollcall.write_message({"everyone": True})).mistake
    assert "the data folder" in rollcall("log").mistake
    assert "the data folder" in rollcall("migrate").mistake
    assert "the data folder" in rollcall("refresh", "--data", rollcall.source).mistake
    rollcall.assert_nothing_sent()


def test_demo_folder_that_cannot_be_written(rollcall: CommandLine) -> None:
    assert "cannot be written" in rollcall("demo", "--folder", "/proc/rollcall").mistake


@pytest.mark.parametrize(
    "url", ["nonsense", "mysql://localhost/x", "sqlite://", "sqlite:////proc/rollcall/ledger.db"]
)
def test_ledger_that_cannot_be(rollcall: CommandLine, url: str) -> None:
    rollcall.set("LEDGER_URL", url)
    assert send(rollcall, rollcall.write_message({"everyone": True})).mistake
    rollcall.assert_nothing_sent()


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("ROUTE_FILE", "x", "unknown setting ROLLCALL_ROUTE_FILE (did you mean ROLLCALL_ROUTES_F"),
        ("DELIVERY__SMS_MAX_TRIES", "0", "setting ROLLCALL_DELIVERY__SMS_MAX_TRIES: "),
        ("DELIVERY", "{", "is not JSON"),
    ],
)
def test_wrong_setting_stops_every_command(
    rollcall: CommandLine, name: str, value: str, told: str
) -> None:
    rollcall.set(name, value)
    path = rollcall.write_message({"everyone": True})
    selection = rollcall.write("s.json", {"everyone": True})
    for command in (
        ("select", selection, "--data", rollcall.source),
        ("send", path, "--data", rollcall.source),
        ("resume", "m1"),
        ("log",),
        ("check",),
        ("migrate",),
        ("refresh", "--data", rollcall.source),
        ("demo", "--folder", rollcall.folder / "demo"),
    ):
        assert told in rollcall(*command).mistake
    rollcall.assert_nothing_sent()
    assert not (rollcall.folder / "demo").exists()


@pytest.mark.parametrize(
    "as_of",
    ["", "now", "2026-11-23", "2026-11-23T06:00:00", "2026-13-01T00:00Z", "0001-01-01T00:00+14:00"],
)
def test_wrong_as_of(rollcall: CommandLine, as_of: str) -> None:
    path = rollcall.write("s.json", {"everyone": True})
    assert select(rollcall, path, "--as-of", as_of).mistake.startswith("--as-of: ")
    message = rollcall.write_message({"everyone": True})
    assert send(rollcall, message, "--as-of", as_of).mistake.startswith("--as-of: ")
    rollcall.assert_nothing_sent()


@pytest.mark.parametrize("command", ["log", "resume"])
def test_unknown_message_id(rollcall: CommandLine, command: str) -> None:
    assert rollcall(command, "m0").mistake == "there is no message 'm0'"


def test_key_that_stands_for_something_else(rollcall: CommandLine) -> None:
    path = rollcall.write_message({"people": ["p1"]})
    assert send(rollcall, path, "--key", "k").code == 0
    taken = rollcall.taken()
    for changed in (
        rollcall.write_message({"people": ["p2"]}, "other.json"),
        rollcall.write_message({"people": ["p1"]}, "other.json", options={"include_sms": True}),
    ):
        told = send(rollcall, changed, "--key", "k").mistake
        assert "key 'k' already stands for message m" in told
    told = send(rollcall, path, "--key", "k", "--as-of", "2026-11-23T06:00:00Z").mistake
    assert "asks for something else" in told
    assert rollcall.taken() == taken


@pytest.mark.parametrize("key", ["", "  "])
def test_empty_key_is_refused_rather_than_a_new_message_each_time(
    rollcall: CommandLine, key: str
) -> None:
    path = rollcall.write_message({"people": ["p1"]})
    assert send(rollcall, path, "--key", key).mistake.startswith("--key is empty")
    rollcall.assert_nothing_sent()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--nope"], "No such option: --nope"),
        (["selcet"], "No such command 'selcet'"),
        (["select"], "Missing option"),
        (["send"], "Missing"),
        (["select", "s.json"], "Missing option '--data'"),
        (["select", "s.json", "--dta", "x"], "No such option: --dta"),
        (["log", "--format", "yaml"], "'--format'"),
        (["log", "m1", "m2"], "m2"),
        (["demo", "--seed", "many"], "'--seed'"),
        (["select", "s.json", "--data", "x\udcff"], "is not UTF-8 text"),
        (["log", "\udcff"], "is not UTF-8 text"),
        (["select", "nowhere.json", "--data", "x"], "selection nowhere.json cannot be read"),
        (["send", "/", "--data", "x"], "message / cannot be read"),
    ],
)
def test_wrong_command_line(rollcall: CommandLine, arguments: list[str], told: str) -> None:
    assert told in rollcall(*arguments).mistake


def test_last_good_of_a_source_that_never_was_good(rollcall: CommandLine) -> None:
    path = rollcall.write("s.json", {"everyone": True})
    assert "has been kept yet" in select(rollcall, path, "--last-good").mistake
    message = rollcall.write_message({"everyone": True})
    assert "has been kept yet" in send(rollcall, message, "--last-good").mistake
    rollcall.assert_nothing_sent()


def test_selection_that_is_not_utf8(rollcall: CommandLine) -> None:
    path = rollcall.folder / "s.json"
    path.write_bytes('{"groups": ["Zürich"]}'.encode("cp1252"))
    assert select(rollcall, path).mistake == f"selection {path} is not UTF-8 text"
