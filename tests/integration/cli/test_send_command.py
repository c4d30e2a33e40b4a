import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

from rollcall.ledger.recording import derive_delivery_id
from rollcall.sandbox.plan import CarrierPlan, MailPlan, SandboxPlan
from rollcall.sandbox.servers import start_sandbox
from tests.integration.cli.conftest import Answer, CommandLine
from tests.people import phone_of

BOTH = {"include_sms": True}


def send(rollcall: CommandLine, path: Path, *options: str | Path) -> Answer:
    return rollcall("send", path, "--data", rollcall.source, "--format", "json", *options)


def test_everybody_gets_it_once_on_every_channel_they_can_be_reached_by(
    rollcall: CommandLine,
) -> None:
    answer = send(rollcall, rollcall.write_message({"everyone": True}, options=BOTH))
    assert answer.code == 0
    report = answer.json
    assert (report["state"], report["complete"]) == ("sent", True)
    assert report["counts"] == {
        "email": {"accepted": 2, "not_attempted": 2},
        "sms": {"accepted": 2, "not_attempted": 2},
    }
    addresses = Counter(entry.address for entry in rollcall.taken())
    assert addresses == Counter(["p1@example.org", "p2@example.org", phone_of(1), phone_of(3)])
    assert {entry.reference for entry in rollcall.taken()} == {
        derive_delivery_id(report["message_id"], "p1", "email"),
        derive_delivery_id(report["message_id"], "p1", "sms"),
        derive_delivery_id(report["message_id"], "p2", "email"),
        derive_delivery_id(report["message_id"], "p3", "sms"),
    }


def test_same_key_twice_sends_once(rollcall: CommandLine) -> None:
    path = rollcall.write_message({"everyone": True}, options=BOTH)
    first = send(rollcall, path, "--key", "quake-1")
    taken = rollcall.taken()
    second = send(rollcall, path, "--key", "quake-1")
    assert (first.code, second.code) == (0, 0)
    assert first.json == second.json
    assert "known already" not in first.err
    assert "known already" in second.err
    assert rollcall.taken() == taken
    assert len(rollcall("log", "--format", "json").json) == 1


def test_same_key_from_another_folder_and_spelling_is_the_same_message(
    rollcall: CommandLine,
) -> None:
    path = rollcall.write_message({"people": ["p1"]})
    assert send(rollcall, path, "--key", "k").code == 0
    again = json.dumps(json.loads(path.read_text()), indent=4, sort_keys=True)
    spelled = rollcall.write("again.json", again)
    rollcall.monkeypatch.chdir(rollcall.source)
    answer = rollcall("send", spelled, "--data", ".", "--key", "k", "--format", "json")
    assert answer.code == 0
    assert len(rollcall.taken()) == 1


def test_without_a_key_every_call_is_a_message(rollcall: CommandLine) -> None:
    path = rollcall.write_message({"people": ["p1"]})
    first, second = send(rollcall, path), send(rollcall, path, "--confirm")
    assert first.json["message_id"] != second.json["message_id"]
    assert len(rollcall.taken()) == 2


def test_source_behind_a_link_is_known_by_the_links_name(rollcall: CommandLine) -> None:
    """`current -> 2026-11-23` is how nightly exports are swapped: the link is the source."""
    link = rollcall.folder / "current"
    link.symlink_to(rollcall.source)
    assert rollcall("refresh", "--data", link).code == 0
    path = rollcall.write_message({"people": ["p1"]})
    options = ("--data", link, "--format", "json", "--key", "k")
    assert rollcall("send", path, *options, "--last-good").code == 0
    tomorrow = shutil.copytree(rollcall.source, rollcall.folder / "tomorrow")
    link.unlink()
    link.symlink_to(tomorrow)
    assert rollcall("send", path, *options).code == 0
    assert len(rollcall.taken()) == 1


def test_source_that_broke_is_sent_from_its_last_good_version(rollcall: CommandLine) -> None:
    assert rollcall("refresh", "--data", rollcall.source).code == 0
    (rollcall.source / "people.csv").write_text("nothing of use\n")
    path = rollcall.write_message({"everyone": True})
    told = send(rollcall, path, "--key", "k").mistake
    assert "old) is still in place: use it with --last-good" in told
    rollcall.assert_nothing_sent()
    assert send(rollcall, path, "--key", "k", "--last-good").code == 0
    assert len(rollcall.taken()) == 2


def test_as_of_is_the_moment_that_is_selected_for(rollcall: CommandLine) -> None:
    path = rollcall.write_message({"filters": [{"countries": ["JP"], "groups": ["board"]}]})
    (rollcall.source / "facilities.csv").unlink()
    (rollcall.source / "facility_contacts.csv").unlink()
    late = send(rollcall, path, "--as-of", "2026-11-24T00:00:00Z")
    assert "matches nobody" in late.mistake
    assert send(rollcall, path, "--as-of", "2026-11-23T06:00:00Z").code == 0
    assert [entry.address for entry in rollcall.taken()] == ["p1@example.org"]


def test_managers_only_is_an_option_of_the_message(rollcall: CommandLine) -> None:
    options = BOTH | {"managers_only": True}
    path = rollcall.write_message({"facilities": ["tokyo"]}, options=options)
    assert send(rollcall, path).code == 0
    assert {entry.address for entry in rollcall.taken()} == {"p1@example.org", phone_of(1)}


def test_one_row_that_is_not_as_it_should_be_does_not_stop_a_send(rollcall: CommandLine) -> None:
    with (rollcall.source / "people.csv").open("a") as people:
        people.write('p5,"Ed,p5@example.org\n')
    assert send(rollcall, rollcall.write_message({"everyone": True})).code == 0
    assert len(rollcall.taken()) == 2


def test_what_no_route_would_take_is_exit_code_1(rollcall: CommandLine) -> None:
    plan = SandboxPlan(mail_servers=(MailPlan(is_down=True),))
    folder = rollcall.folder / "down"
    folder.mkdir()
    rollcall.set("DELIVERY__EMAIL_MAX_TRIES", "2")
    with start_sandbox(plan, folder) as sandbox:
        rollcall.set("ROUTES_FILE", sandbox.routes_file)
        answer = send(rollcall, rollcall.write_message({"people": ["p1"]}))
    assert answer.code == 1
    assert answer.json["complete"] is False
    assert answer.json["counts"] == {"email": {"not_delivered": 1}}
    assert "Traceback" not in answer.err


def test_dead_route_costs_a_try_and_not_the_message(rollcall: CommandLine) -> None:
    carriers = (
        CarrierPlan(name="alpha", priority=1, is_down=True),
        CarrierPlan(name="bravo", priority=2),
    )
    folder = rollcall.folder / "one-down"
    folder.mkdir()
    options = BOTH | {"high_quality_sms": True}
    with start_sandbox(SandboxPlan(carriers=carriers, mail_servers=(MailPlan(),)), folder) as box:
        rollcall.set("ROUTES_FILE", box.routes_file)
        answer = send(rollcall, rollcall.write_message({"people": ["p3"]}, options=options))
        [taken] = box.journal()
    assert answer.code == 0
    assert (taken.carrier, taken.address) == ("bravo", phone_of(3))
    log = rollcall("log", answer.json["message_id"], "--format", "json").json
    sms: dict[str, Any] = next(one for one in log["deliveries"] if one["channel"] == "sms")
    assert (sms["route_id"], sms["attempt_count"], sms["status"]) == ("bravo", 2, "accepted")


def test_text_answer_tells_counts_and_where_to_look(rollcall: CommandLine) -> None:
    path = rollcall.write_message({"everyone": True})
    answer = rollcall("send", path, "--data", rollcall.source)
    assert answer.code == 0
    assert "2 accepted" in answer.out
    assert "rollcall log m" in answer.out
    assert "sending" in answer.err


def test_resuming_what_is_done_sends_nothing_more(rollcall: CommandLine) -> None:
    sent = send(rollcall, rollcall.write_message({"everyone": True}))
    taken = rollcall.taken()
    resumed = rollcall("resume", sent.json["message_id"], "--format", "json")
    assert (resumed.code, resumed.json) == (0, sent.json)
    assert rollcall.taken() == taken


def test_message_that_was_accepted_but_never_sent_is_resumed(rollcall: CommandLine) -> None:
    """A snapshot that cannot be written is no mistake in the message: it stays accepted."""
    path = rollcall.write_message({"everyone": True})
    rollcall.data.mkdir()
    (rollcall.data / "sources").write_text("in the way")
    failed = send(rollcall, path, "--key", "k")
    assert "cannot write to the data folder" in failed.mistake
    rollcall.assert_nothing_sent()
    (rollcall.data / "sources").unlink()
    [waiting] = rollcall("log", "--format", "json").json
    assert rollcall("resume", waiting["message_id"], "--format", "json").code == 0
    assert len(rollcall.taken()) == 2


def test_channel_that_lost_its_route_is_told_when_a_message_is_resumed(
    rollcall: CommandLine,
) -> None:
    path = rollcall.write_message({"everyone": True}, options=BOTH)
    rollcall.data.mkdir()
    (rollcall.data / "sources").write_text("in the way")
    assert send(rollcall, path).code == 2
    (rollcall.data / "sources").unlink()
    [waiting] = rollcall("log", "--format", "json").json
    routes = rollcall.sandbox.routes_file.read_text().split("[[route]]")
    mail = next(route for route in routes if 'kind = "smtp"' in route)
    rollcall.set("ROUTES_FILE", rollcall.write("mail.toml", f"[[route]]{mail}"))
    answer = rollcall("resume", waiting["message_id"])
    assert (answer.code, answer.out) == (2, "")
    assert "no route is configured for sms" in answer.err
    assert rollcall.taken() == []


def test_message_is_read_from_standard_input(
    rollcall: CommandLine,
) -> None:
    path = rollcall.write_message({"people": ["p1"]})
    with path.open() as text:
        rollcall.monkeypatch.setattr("sys.stdin", text)
        assert send(rollcall, Path("-")).code == 0
    assert len(rollcall.taken()) == 1


def test_loaded_source_and_ledger_are_their_owners_only(rollcall: CommandLine) -> None:
    assert send(rollcall, rollcall.write_message({"people": ["p1"]})).code == 0
    assert rollcall.data.stat().st_mode & 0o077 == 0


def test_without_a_way_to_the_app_the_message_goes_out_and_says_so(rollcall: CommandLine) -> None:
    told = "no route of kind webpush is configured: this goes out by email, not to the app"
    path = rollcall.write_message({"everyone": True}, options={"include_push": True})
    answer = send(rollcall, path)
    assert answer.code == 0
    assert told in answer.err.splitlines()
    assert set(answer.json["counts"]) == {"email"}

    alone = {"include_push": True, "include_email": False}
    refused = send(rollcall, rollcall.write_message({"everyone": True}, options=alone))
    assert refused.mistake.startswith("no route is configured for push")


def test_who_has_no_app_is_complete_without_it(rollcall: CommandLine) -> None:
    with_push = rollcall.write(
        "push.toml",
        rollcall.sandbox.routes_file.read_text("utf-8")
        + '\n[[route]]\nid = "app"\nkind = "webpush"\nsubject = "mailto:crisis@example.org"\n',
    )
    rollcall.set("ROUTES_FILE", with_push)
    answer = send(
        rollcall, rollcall.write_message({"everyone": True}, options={"include_push": True})
    )
    assert (answer.code, answer.err.count("\n")) == (0, 1)
    assert answer.json["complete"]
    assert set(answer.json["counts"]) == {"email"}
    checked = rollcall("check", "--format", "json").json
    (way,) = (one for one in checked if one["part"] == "route app")
    assert way["is_good"]
    assert way["told"].startswith("push, has a VAPID key")
    assert (rollcall.data / "vapid.key").stat().st_mode & 0o777 == 0o600
