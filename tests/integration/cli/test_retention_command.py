"""`rollcall retention`: what is due is shown, removed, held, and nothing of it stays on disk."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from rollcall.cli.retention import warn_of_waiting
from rollcall.ledger.engine import open_ledger
from tests.integration.cli.chats import ask, open_chat
from tests.integration.cli.conftest import TABLES, CommandLine, write_source
from tests.people import phone_of

CANARY = ("Zanzibarina", "canary.mailbox", phone_of(77).lstrip("+"), "canary-text", "55.123456")
"""Parts of a name, an address, a number, a text and a position."""

KINDS = (
    "messages", "locations", "emergencies", "devices", "revocations", "receipts", "texts", "drafts",
    "snapshots", "sources", "previews", "incidents",
)  # fmt: skip

LONG_AGO = datetime.now(UTC) - timedelta(days=400)


def write_canary(rollcall: CommandLine) -> None:
    person = [
        "canary-id-9",
        "Zanzibarina Quux",
        "canary.mailbox@example.org",
        phone_of(77),
        "tokyo",
    ]
    people = [*TABLES["people"], [*person, "board", "vip", "en"]]
    locations = [
        ["person_id", "latitude", "longitude", "reported_at"],
        ["canary-id-9", "55.123456", "12.5", "2026-11-22T00:00:00Z"],
    ]
    write_source(rollcall.source, TABLES | {"people": people, "locations": locations})


WHO = "canary-id-9"
"""The canary's own id, where it must not stay either."""


def send_canary(rollcall: CommandLine, **options: bool) -> str:
    content = {"subject": "canary-text", "text": "canary-text for {{ name }}"}
    message = {"content": content, "selection": {"everyone": True}, "options": options}
    path = rollcall.write("m.json", message)
    sent = rollcall("send", path, "--data", rollcall.source, "--confirm", "--format", "json")
    return str(sent.json["message_id"])


def age(rollcall: CommandLine, statement: str) -> None:
    """Let something have happened long ago."""
    ledger = open_ledger(f"sqlite:///{rollcall.data / 'ledger.db'}")
    with ledger.write() as connection:
        connection.execute(text(statement), {"at": f"{LONG_AGO:%Y-%m-%d %H:%M:%S.%f}"})
    ledger.close()


def read_files(folder: Path) -> Iterator[tuple[Path, bytes]]:
    for path in folder.rglob("*"):
        if path.is_file():
            yield path, path.read_bytes()


def find_canary(rollcall: CommandLine, *more: str) -> list[tuple[str, str]]:
    """Return in which files of the data folder which part of the canary stands."""
    return [
        (path.name, part)
        for path, content in read_files(rollcall.data)
        for part in (*CANARY, *more)
        if part.encode() in content
    ]


def due(rollcall: CommandLine) -> dict[str, int]:
    told = rollcall("retention", "--format", "json").json["due"]
    return {one["kind"]: one["count"] for one in told if one["count"]}


def test_what_is_due_is_shown_and_then_is_in_no_file_any_more(rollcall: CommandLine) -> None:
    write_canary(rollcall)
    message_id = send_canary(rollcall, include_sms=True)
    assert due(rollcall) == {}
    before = rollcall("log", message_id, "--format", "json").json
    age(rollcall, "update messages set closed_at = :at")
    write_source(rollcall.source, TABLES)
    rollcall("refresh", "--data", rollcall.source)
    for manifest in (rollcall.data / "sources").rglob("manifest.json"):
        old = manifest.read_text().replace('"validated_at": "2026', '"validated_at": "2019')
        manifest.write_text(old)
    assert due(rollcall) == {"messages": 1, "snapshots": 1, "sources": 1}
    assert {name for name, _ in find_canary(rollcall)} >= {
        "ledger.db", f"{message_id}.duckdb", "people.parquet",
    }  # fmt: skip

    applied = rollcall("retention", "apply", "--format", "json")

    assert applied.code == 0, applied.err
    assert applied.json["is_compacted"] is True
    assert {kind: count for kind, count in applied.json["removed"].items() if count} == {
        "messages": 1, "snapshots": 1, "sources": 1,
    }  # fmt: skip
    assert find_canary(rollcall) == []
    assert due(rollcall) == {}
    after = rollcall("log", message_id, "--format", "json").json
    assert after["counts"] == before["counts"]
    assert {one["name"] for one in after["deliveries"]} == {"removed by retention"}
    assert "removed by retention at" in rollcall("log", message_id).out
    assert rollcall("log").code == 0
    assert "removed nothing" in rollcall("retention", "apply").out


def test_the_audience_of_an_old_message_is_no_forgery(rollcall: CommandLine) -> None:
    message_id = send_canary(rollcall)
    age(rollcall, "update messages set closed_at = :at")
    rollcall("retention", "apply")
    told = rollcall("audience", message_id)
    assert told.code == 0
    assert "were removed by retention at" in told.err
    answer = rollcall("audience", message_id, "--format", "json").json
    assert answer["removed_at"] is not None
    assert {one["name"] for one in answer["people"]} == {"removed by retention"}


def test_nobody_is_sent_what_an_old_message_said(rollcall: CommandLine) -> None:
    message_id = send_canary(rollcall)
    age(rollcall, "update messages set closed_at = :at")
    rollcall("retention", "apply")
    taken = rollcall.taken()
    for command in (("retry", message_id), ("correct", message_id, rollcall.folder / "m.json")):
        rollcall.write("m.json", {"content": {"subject": "Correction", "text": "All is well."}})
        refused = rollcall(*command, "--key", command[0])
        assert refused.code == 2
        assert "removed by retention; nothing was sent" in refused.err
    assert rollcall.taken() == taken


def test_what_is_held_stays_until_it_is_released(rollcall: CommandLine) -> None:
    message_id = send_canary(rollcall)
    age(rollcall, "update messages set closed_at = :at")
    assert rollcall("retention", "hold", message_id).out == f"{message_id} is held\n"
    assert rollcall("retention", "hold", message_id).out == f"{message_id} was held\n"
    told = rollcall("retention")
    assert f"held: message {message_id}, since" in told.out
    assert "old messages that stay: 1 held" in told.err
    assert "removed nothing" in rollcall("retention", "apply").out
    assert (rollcall.data / "snapshots" / f"{message_id}.duckdb").exists()
    view = rollcall("retention", "--format", "json").json
    assert (view["kept"]["held"], [one["held_id"] for one in view["holds"]]) == (1, [message_id])

    assert rollcall("retention", "release", message_id).out == f"{message_id} is held no more\n"
    assert "1 messages" in rollcall("retention", "apply").out
    assert not (rollcall.data / "snapshots" / f"{message_id}.duckdb").exists()


def test_mistakes_are_told_in_one_sentence(rollcall: CommandLine) -> None:
    assert rollcall("retention", "hold", "m1").mistake == "there is no message or chat 'm1'"
    told = "nothing is held under the id 'm1'"
    assert rollcall("retention", "release", "m1").mistake == told


def test_an_open_chat_stays_however_old_it_is(
    rollcall: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROLLCALL_PUBLIC_URL", "https://safe.example.org")
    chat_id = open_chat(rollcall).json["chat_id"]
    age(rollcall, "update messages set closed_at = :at, accepted_at = :at")
    age(rollcall, "update chats set opened_at = :at")
    assert "removed nothing" in rollcall("retention", "apply").out
    assert ask(rollcall, "show", chat_id)["title"] == "Flood in Example City"
    rollcall("chat", "archive", chat_id)
    age(rollcall, "update chats set archived_at = :at")
    assert "1 messages" in rollcall("retention", "apply").out
    assert ask(rollcall, "show", chat_id)["title"] == "removed by retention"
    assert rollcall("chat", "export", chat_id).code == 0
    assert ask(rollcall, "show", chat_id)["needs"]["silent"] >= 0


def test_what_dead_runs_left_goes_and_what_is_being_written_stays(rollcall: CommandLine) -> None:
    send_canary(rollcall)
    snapshots, previews = rollcall.data / "snapshots", rollcall.data / "previews"
    previews.mkdir(exist_ok=True)
    old, new = snapshots / ".m1.duckdb-x", snapshots / ".m2.duckdb-y"
    preview, unknown = previews / "old.parquet", snapshots / "m0.duckdb"
    for folder in (old, new):
        folder.mkdir()
    for path in (preview, unknown):
        path.write_bytes(b"")
    for path in (old, preview, unknown):
        os.utime(path, (LONG_AGO.timestamp(), LONG_AGO.timestamp()))
    assert due(rollcall) == {"snapshots": 2, "previews": 1}
    rollcall("retention", "apply")
    assert new.exists()
    assert not any(path.exists() for path in (old, preview, unknown))


def test_zero_days_keep_for_ever(rollcall: CommandLine) -> None:
    send_canary(rollcall)
    age(rollcall, "update messages set closed_at = :at")
    rollcall.set("RETENTION__MESSAGES_DAYS", "0")
    rollcall.set("RETENTION__SNAPSHOTS_DAYS", "0")
    assert due(rollcall) == {}
    assert "never" in rollcall("retention").out
    assert "removed nothing" in rollcall("retention", "apply").out


@dataclass(frozen=True)
class Involved:
    """Where the canary is before it is erased."""

    message_id: str
    chat_id: str


def involve_canary(rollcall: CommandLine) -> Involved:
    """Let there be a message that is held, and a chat that goes on, with words by and of them."""
    write_canary(rollcall)
    message_id = send_canary(rollcall, include_sms=True)
    chat_id = open_chat(rollcall, "--confirm").json["chat_id"]
    rollcall("chat", "answer", chat_id, WHO, "needs_help")
    told = f"zanzibarina quux is at {phone_of(77)}, call her"
    assert rollcall("chat", "post", chat_id, "--text", told).code == 0
    rollcall("retention", "hold", message_id)
    return Involved(message_id, chat_id)


def test_a_person_is_erased_from_every_file_and_everybody_else_stays(
    rollcall: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROLLCALL_PUBLIC_URL", "https://safe.example.org")
    of = involve_canary(rollcall)
    before = rollcall("log", of.message_id, "--format", "json").json["counts"]

    first = rollcall("retention", "erase", WHO, "--format", "json")

    assert first.code == 1
    left = "\n".join(first.json["left"])
    assert f"message {of.message_id}, which is not over" in left
    assert f"the source {rollcall.source}: take them out of its files" in left
    assert f"the snapshot of message {of.message_id}, which is not over, or is held" in left
    assert {name for name, _ in find_canary(rollcall, WHO)} >= {"ledger.db", "people.parquet"}

    rollcall("retention", "release", of.message_id)
    rollcall("chat", "archive", of.chat_id)
    write_source(rollcall.source, TABLES)
    (rollcall.source / "locations.csv").unlink()
    again = rollcall("retention", "erase", WHO)

    assert (again.code, again.err) == (0, "")
    assert f"{WHO} is erased from 2 messages, 2 snapshots, 1 kept versions" in again.out
    found = [one for one in find_canary(rollcall, WHO) if one[1] != "canary-text"]
    assert found == []  # but for the subject, which an administrator wrote to everybody
    assert rollcall("log", of.message_id, "--format", "json").json["counts"] == before
    assert_only_the_canary_is_gone(rollcall, of)
    gone = rollcall("retention", "erase", WHO)
    assert gone.mistake == f"nothing is kept here of a person {WHO!r}"


def assert_only_the_canary_is_gone(rollcall: CommandLine, of: Involved) -> None:
    log = rollcall("log", of.message_id, "--format", "json").json
    assert {one["name"] for one in log["deliveries"]} == {"Ana", "Bo", "Cy", "Di", "erased"}
    told = rollcall("audience", of.message_id)
    assert told.code == 0
    assert "1 of these people were erased" in told.err
    answers = {one["person_id"][:7]: one["answer"] for one in ask(rollcall, "members", of.chat_id)}
    assert answers["erased-"] == "needs_help"
    posts = [one["text"] for one in ask(rollcall, "show", of.chat_id)["posts"]]
    assert posts == ["Are you safe?", "erased is at erased, call her"]


def test_what_names_a_person_and_is_a_setting_is_told_and_stays(rollcall: CommandLine) -> None:
    send_canary(rollcall)
    selection = rollcall.write("s.json", {"people": ["p1"]})
    rollcall("filters", "save", "Board", selection)
    rollcall("optouts", "add", phone_of(1))
    erased = rollcall("retention", "erase", "p1", "--format", "json").json
    assert "dynamic filter 'Board', which names them: change it" in erased["left"]
    assert erased["kept"] == ["the opt-out of their number, so that they are not texted again"]
    assert rollcall("filters", "show", "Board", "--format", "json").json["selection"] == {
        "people": ["p1"]
    }


def forget_in_source(rollcall: CommandLine) -> None:
    write_source(rollcall.source, TABLES)
    (rollcall.source / "locations.csv").unlink()


def test_what_means_a_person_is_found_again_however_often_they_were_erased(
    rollcall: CommandLine,
) -> None:
    write_canary(rollcall)
    send_canary(rollcall)
    rollcall("filters", "save", "Board", rollcall.write("s.json", {"people": [WHO]}))
    forget_in_source(rollcall)
    for _ in range(2):
        erased = rollcall("retention", "erase", WHO, "--format", "json")
        assert erased.code == 1, erased.err
        assert erased.json["left"] == ["dynamic filter 'Board', which names them: change it"]
    rollcall("filters", "delete", "Board")
    told = f"nothing is kept here of a person {WHO!r}"
    assert rollcall("retention", "erase", WHO).mistake == told


def send_about_canary(rollcall: CommandLine) -> str:
    """Send somebody else a text that names the canary; its snapshot is gone, as after 30 days."""
    content = {"subject": "Missing", "text": "Zanzibarina Quux has not come back"}
    path = rollcall.write("m.json", {"content": content, "selection": {"people": ["p1"]}})
    sent = rollcall("send", path, "--data", rollcall.source, "--confirm", "--format", "json")
    (rollcall.data / "snapshots" / f"{sent.json['message_id']}.duckdb").unlink()
    return str(sent.json["message_id"])


def test_what_a_person_is_found_by_stays_until_all_that_names_them_is_over(
    rollcall: CommandLine,
) -> None:
    write_canary(rollcall)
    own_id, naming_id = send_canary(rollcall), send_about_canary(rollcall)
    rollcall("retention", "hold", naming_id)
    forget_in_source(rollcall)

    first = rollcall("retention", "erase", WHO, "--format", "json")

    assert first.json["left"] == [
        f"message {naming_id}, which is not over (its chat perhaps not archived), or is held",
        f"message {own_id}, which is over: what it tells of them is needed to find the rest",
    ]
    assert {name for name, _ in find_canary(rollcall, WHO)} == {"ledger.db"}
    rollcall("retention", "release", naming_id)
    again = rollcall("retention", "erase", WHO)
    assert (again.code, again.err) == (0, "")
    assert [one for one in find_canary(rollcall, WHO) if one[1] != "canary-text"] == []


def test_words_that_nothing_kept_tells_can_be_looked_for_too(rollcall: CommandLine) -> None:
    write_canary(rollcall)
    send_about_canary(rollcall)
    forget_in_source(rollcall)
    rollcall("refresh", "--data", rollcall.source)
    shutil.rmtree(rollcall.data / "sources")
    assert "nothing is kept" in rollcall("retention", "erase", WHO).err
    erased = rollcall("retention", "erase", WHO, "--known-as", "Zanzibarina Quux")
    assert (erased.code, erased.err) == (0, "")
    assert find_canary(rollcall) == []


def test_a_file_that_cannot_be_read_is_told_and_hinders_no_erasure(rollcall: CommandLine) -> None:
    write_canary(rollcall)
    send_canary(rollcall)
    forget_in_source(rollcall)
    rollcall("refresh", "--data", rollcall.source)
    damaged = rollcall.data / "snapshots" / "m0.duckdb"
    damaged.write_bytes(b"half a snapshot")
    [version] = [path for path in (rollcall.data / "sources").rglob("people.parquet")
                 if b"Zanzibarina" in path.read_bytes()]  # fmt: skip
    version.write_bytes(b"?" * version.stat().st_size)

    erased = rollcall("retention", "erase", WHO, "--format", "json")

    assert erased.code == 1, erased.err
    of_snapshot, of_version = erased.json["left"]
    assert str(damaged) in of_snapshot
    assert str(version.parent) in of_version
    found = {file for file, told in find_canary(rollcall, WHO) if told != "canary-text"}
    assert found == {"locations.parquet", "loaded.duckdb"}  # of the version that is told


def test_a_ledger_is_not_written_anew_while_a_message_is_under_way(rollcall: CommandLine) -> None:
    send_canary(rollcall)
    age(rollcall, "update messages set state = 'sending' where :at is not null")
    assert rollcall("retention", "apply").out == "removed nothing\n"  # and so nothing is left of it
    age(rollcall, "insert into taken_texts (text_id, taken_at) values ('t', :at)")
    told = rollcall("retention", "apply").out
    assert "removed 1 texts; the database's free pages still hold it" in told
    assert rollcall("retention", "apply", "--compact", "--format", "json").json == {
        "removed": dict.fromkeys(KINDS, 0),
        "is_compacted": False,
    }
    age(rollcall, "update messages set state = 'sent' where :at is not null")
    assert rollcall("retention", "apply").out == "removed nothing\n"


def test_who_has_a_large_ledger_written_anew_is_told_how_long_others_wait() -> None:
    assert warn_of_waiting(30) is None
    assert "may take 45 s; who writes waits for it for 30 s and then fails" in str(
        warn_of_waiting(45)
    )
