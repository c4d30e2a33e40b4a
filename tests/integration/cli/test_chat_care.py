"""What administrators do with a chat once it is open."""

import csv
import io
import json
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rollcall.domain.chat_request import parse_chat
from rollcall.ledger.engine import open_ledger
from rollcall.ledger.entries import NewAnswer, NewPost, record_entries
from rollcall.sending.accepting import Order
from rollcall.sending.chat_orders import accept_order_of
from rollcall.settings import load_settings
from rollcall.wiring import build_app
from tests.integration.cli.chats import ask, needs, open_chat, write_chat
from tests.integration.cli.conftest import TABLES, CommandLine, write_source


@pytest.fixture(autouse=True)
def _address(rollcall: CommandLine) -> None:
    rollcall.set("PUBLIC_URL", "https://safe.example.org")


def record(rollcall: CommandLine, *entries: NewAnswer | NewPost) -> None:
    """Record entries as the portal does, one after the other."""
    ledger = open_ledger(f"sqlite:///{rollcall.data / 'ledger.db'}")
    try:
        for one in entries:
            assert record_entries(ledger, [one], datetime.now(UTC)) == ["recorded"]
    finally:
        ledger.close()


def test_members_are_listed_by_need_with_how_they_answered(rollcall: CommandLine) -> None:
    chat_id = open_chat(rollcall, near={"latitude": 35.0, "longitude": 139.0}).json["chat_id"]
    record(rollcall, NewAnswer(chat_id, "p2", "needs_help", "sms", "1"))
    assert "p1: ok" in rollcall("chat", "answer", chat_id, "p1", "ok").out

    assert needs(rollcall, chat_id) == {
        "p2": "needs_help",
        "p3": "not_reached",
        "p4": "not_reached",
        "p1": "ok",
    }
    [helped] = ask(rollcall, "members", chat_id, "--need", "needs_help")
    assert (helped["answered_via"], helped["weak_proof"]) == ("sms", True)
    assert helped["deliveries"] == {"email": "accepted"}
    shown = rollcall("chat", "members", chat_id).out
    assert "weak" in shown
    [second] = ask(rollcall, "members", chat_id, "--limit", "1", "--offset", "1")
    assert second["person_id"] == "p3"


def test_the_distance_to_where_it_happened_is_that_of_the_frozen_position(
    rollcall: CommandLine,
) -> None:
    place = {"latitude": 35.681, "longitude": 139.767}
    options = ("--as-of", "2026-11-23T06:00:00Z")
    chat_id = open_chat(rollcall, *options, near=place).json["chat_id"]
    by_person = {one["person_id"]: one["distance_km"] for one in ask(rollcall, "members", chat_id)}
    assert by_person["p1"] is not None
    assert by_person["p1"] < 50  # on a flight to Tokyo, or at work there
    assert by_person["p3"] is None
    silent = ask(rollcall, "members", chat_id, "--need", "silent")
    assert [one["person_id"] for one in silent] == ["p2", "p1"]  # p2 is at work there


def test_the_list_and_the_chat_itself_count_answers(rollcall: CommandLine) -> None:
    chat_id = open_chat(rollcall).json["chat_id"]
    rollcall("chat", "answer", chat_id, "p3", "needs_help")
    rollcall("chat", "answer", chat_id, "p1", "ok")
    rollcall("chat", "answer", chat_id, "p1", "none")

    [listed] = ask(rollcall, "list")
    assert (listed["members"], listed["answers"]) == (4, {"none": 3, "ok": 0, "needs_help": 1})
    shown = ask(rollcall, "show", chat_id)
    assert shown["needs"] == {"needs_help": 1, "not_reached": 1, "silent": 2, "ok": 0}
    text = rollcall("chat", "show", chat_id).out
    assert "1 needs help, 1 not reached, 2 silent, 0 ok" in text
    assert "Are you safe?" in text
    assert "Flood" in rollcall("chat", "list").out
    assert rollcall("chat", "list", "--archived").out == "no archived chats\n"


def test_what_members_write_gives_no_orders_to_the_terminal(rollcall: CommandLine) -> None:
    chat_id = open_chat(rollcall).json["chat_id"]
    evil = "\x1b]0;owned\x07[red]boo[/red]"
    record(rollcall, NewPost(chat_id, "p1", evil, "page", "1"))
    shown = rollcall("chat", "show", chat_id).out
    assert "\x1b" not in shown
    assert "[red]boo[/red]" in shown
    assert ask(rollcall, "show", chat_id)["posts"][1]["text"] == evil


def test_an_archived_chat_takes_nothing_and_stays_readable(rollcall: CommandLine) -> None:
    chat_id = open_chat(rollcall).json["chat_id"]
    rollcall("chat", "answer", chat_id, "p1", "ok")

    archived = rollcall("chat", "archive", chat_id)

    assert (archived.code, archived.out) == (0, f"chat {chat_id} is archived\n")
    assert "was archived already" in rollcall("chat", "archive", chat_id).out
    assert ask(rollcall, "list") == []
    assert ask(rollcall, "list", "--archived")[0]["answers"]["ok"] == 1
    assert needs(rollcall, chat_id)["p1"] == "ok"
    for refused in (
        ("answer", chat_id, "p2", "ok"),
        ("post", chat_id, "--text", "Too late."),
        ("link", chat_id, "p1"),
    ):
        assert "was archived at" in rollcall("chat", *refused).err
    assert rollcall("chat", "export", chat_id).code == 0
    followed = rollcall("chat", "follow", chat_id, "--format", "json")
    assert set(needs(rollcall, followed.json["chat_id"])) == {"p2", "p3", "p4"}


def test_invitations_that_wait_are_not_sent_once_the_chat_is_archived(
    rollcall: CommandLine,
) -> None:
    chat_id = accept_chat(rollcall, write_chat(rollcall))

    archived = ask(rollcall, "archive", chat_id)

    assert (archived["state"], archived["in_flight"]) == ("archived", 0)
    message_id = "m" + chat_id[1:]
    assert "was stopped at" in rollcall("resume", message_id).mistake
    rollcall.assert_nothing_sent()
    assert ask(rollcall, "members", chat_id) == []


def accept_chat(rollcall: CommandLine, path: Path) -> str:
    """Accept a chat as a program does that leaves the opening to a worker."""
    app = build_app(load_settings())
    record, _ = accept_order_of(Order(parse_chat(path.read_text()), rollcall.source), app.steps)
    app.ledger.close()
    return record.chat_id or ""


def test_a_chat_that_has_no_members_yet_is_not_followed_as_if_all_were_ok(
    rollcall: CommandLine,
) -> None:
    chat_id = accept_chat(rollcall, write_chat(rollcall))
    told = rollcall("chat", "follow", chat_id).mistake
    assert "is still being opened and has not all its members yet" in told
    command = ("post", chat_id, "--text", "Stay.", "--notify", "email", "--key", "k")
    noticed = rollcall("chat", *command)
    assert (noticed.code, noticed.out) == (2, "")
    assert rollcall("resume", "m" + chat_id[1:]).code == 0
    again = ask(rollcall, *command)
    assert not again["recorded"]
    assert again["notice"]["complete"]


def test_an_export_holds_members_history_and_posts_and_runs_nothing(rollcall: CommandLine) -> None:
    people = [row[:] for row in TABLES["people"]]
    people[1][1] = '=HYPERLINK("http://x.example")'
    write_source(rollcall.source, TABLES | {"people": people})
    chat_id = open_chat(rollcall).json["chat_id"]
    record(
        rollcall,
        NewAnswer(chat_id, "p1", "needs_help", "email", "1"),
        NewAnswer(chat_id, "p1", "ok", "page", "2"),
        NewPost(chat_id, "p1", '@SUM(1)\n"quoted", and more', "page", "3"),
    )
    path = rollcall.folder / "chat.csv"

    assert rollcall("chat", "export", chat_id, "--format", "csv", "-o", path).code == 0

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"), newline="")))
    members = {row["person_id"]: row for row in rows if row["record"] == "member"}
    assert len(members) == 4
    assert members["p1"]["name"] == '\'=HYPERLINK("http://x.example")'
    assert members["p1"]["phone"].startswith("'+")
    assert (members["p1"]["answer"], members["p1"]["weak_proof"]) == ("ok", "no")
    answers = [(row["answer"], row["weak_proof"]) for row in rows if row["record"] == "answer"]
    assert sorted(answers) == [("needs_help", "yes"), ("ok", "no")]
    posts = [row["text"] for row in rows if row["record"] == "post"]
    assert posts == ["Are you safe?", '\'@SUM(1)\n"quoted", and more']
    exported = json.loads(rollcall("chat", "export", chat_id, "--format", "json").out)
    by_person = {one["person_id"]: one for one in exported["members"]}
    assert [one["via"] for one in by_person["p1"]["answers"]] == ["email", "page"]
    assert by_person["p2"]["answers"] == []
    assert {one["text"] for one in exported["posts"]} == {
        "Are you safe?",
        '@SUM(1)\n"quoted", and more',
    }


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("show", "c1"), "there is no chat 'c1'"),
        (("members", "c1"), "there is no chat 'c1'"),
        (("archive", "c1"), "there is no chat 'c1'"),
        (("export", "c1"), "there is no chat 'c1'"),
        (("link", "c1", "p1"), "there is no chat 'c1'"),
        (("answer", "c1", "p1", "ok"), "there is no chat 'c1'"),
        (("answer", "c1", "p1", "fine"), "'fine' is not one of"),
        (("answer", "c1", "p1", "ok", "--key", " "), "--key is empty"),
        (("follow", "c1"), "there is no chat 'c1'"),
        (("post", "c1"), "give either a FILE or --text"),
        (("post", "c1", "--text", "x"), "there is no chat 'c1'"),
        (("post", "c1", "--text", "x", "--notify", "fax"), "'fax' is no way to tell anybody"),
        (("post", "c1", "--text", "{{ name }}"), "everybody reads the same"),
        (("open", "--data", "nowhere"), "give a FILE, or a --template"),
    ],
)
def test_a_mistake_is_one_sentence(
    rollcall: CommandLine, arguments: tuple[str, ...], told: str
) -> None:
    answer = rollcall("chat", *arguments)
    assert (answer.code, answer.out) == (2, "")
    assert told in answer.err
    assert "Traceback" not in answer.err


def test_every_command_has_help(rollcall: CommandLine) -> None:
    for command in (
        "open", "list", "show", "members", "post", "answer", "link", "follow", "archive", "export",
    ):  # fmt: skip
        answer = rollcall("chat", command, "--help")
        assert answer.code == 0
        assert "--format" in answer.out
