"""`stop`, `correct`, `retry` and the guards, through the real flow and carriers."""

from pathlib import Path

from rollcall.sandbox.plan import MailPlan, SandboxPlan
from rollcall.sandbox.servers import start_sandbox
from rollcall.sending.accepting import Order, accept_order
from rollcall.settings import load_settings
from rollcall.wiring import build_app
from tests.integration.cli.conftest import TABLES, Answer, CommandLine, write_source
from tests.people import phone_of

BOTH = {"include_sms": True}
CORRECTION = {"content": {"subject": "Correction", "text": "Come to the other gate, {{ name }}."}}


def send(rollcall: CommandLine, path: Path, *options: str) -> Answer:
    return rollcall("send", path, "--data", rollcall.source, "--format", "json", *options)


def follow(rollcall: CommandLine, command: str, *arguments: str | Path) -> Answer:
    return rollcall(command, *arguments, "--format", "json")


def send_to_broken_mail(rollcall: CommandLine) -> str:
    """Send by email and SMS while mail is down; return the message's id."""
    folder = rollcall.folder / "down"
    folder.mkdir()
    rollcall.set("DELIVERY__EMAIL_MAX_TRIES", "2")
    healthy = rollcall.sandbox.routes_file
    with start_sandbox(SandboxPlan(mail_servers=(MailPlan(is_down=True),)), folder) as broken:
        mail = broken.routes_file.read_text().split("[[route]]")[-1]
        sms = [one for one in healthy.read_text().split("[[route]]") if 'kind = "smtp"' not in one]
        rollcall.set("ROUTES_FILE", rollcall.write("mixed.toml", "[[route]]".join([*sms, mail])))
        answer = send(rollcall, rollcall.write_message({"everyone": True}, options=BOTH))
    rollcall.set("ROUTES_FILE", healthy)
    return str(answer.json["message_id"])


def accept(rollcall: CommandLine, path: Path) -> str:
    """Accept a message as a program does that leaves the sending to a worker."""
    from rollcall.domain.message import parse_request  # noqa: PLC0415 - beside its only use

    app = build_app(load_settings())
    order = Order(parse_request(path.read_text()), rollcall.source, key="quake")
    record, _ = accept_order(
        order, app.ledger, app.book, app.steps.layout, app.clock, links=app.steps.links
    )
    app.ledger.close()
    return record.message_id


def test_message_stopped_before_it_began_is_never_sent(rollcall: CommandLine) -> None:
    path = rollcall.write_message({"everyone": True})
    message_id = accept(rollcall, path)

    stopped = follow(rollcall, "stop", message_id)

    assert (stopped.code, stopped.json["state"]) == (0, "stopped")
    told = f"message {message_id} was stopped at "
    assert rollcall("resume", message_id).mistake.startswith(told)
    assert send(rollcall, path, "--key", "quake").mistake.startswith(told)
    rollcall.assert_nothing_sent()
    assert follow(rollcall, "stop", message_id).json == stopped.json


def test_stopping_what_is_done_says_that_nothing_was_left(rollcall: CommandLine) -> None:
    sent = send(rollcall, rollcall.write_message({"everyone": True}))

    answer = rollcall("stop", sent.json["message_id"])

    assert answer.code == 0
    assert "is sent: nothing was left to stop; 2 handed over, 0 held back" in answer.out


def test_unknown_message_cannot_be_stopped_or_followed(rollcall: CommandLine) -> None:
    correction = rollcall.write("c.json", CORRECTION)
    assert "no message 'm1'" in rollcall("stop", "m1").mistake
    assert "no message 'm1'" in rollcall("retry", "m1", "--key", "k").mistake
    assert "no message 'm1'" in rollcall("correct", "m1", correction, "--key", "k").mistake


def test_correction_goes_to_exactly_those_reached_also_when_the_source_is_gone(
    rollcall: CommandLine,
) -> None:
    first = send_to_broken_mail(rollcall)  # p1 and p3 by SMS; p2 has email only, p4 nothing
    write_source(rollcall.source, {"people": [TABLES["people"][0]]})
    correction = rollcall.write("c.json", CORRECTION)
    taken = len(rollcall.taken())

    answer = follow(rollcall, "correct", first, correction, "--key", "c1")

    assert answer.json["counts"] == {
        "email": {"accepted": 1, "not_attempted": 1},
        "sms": {"accepted": 2},
    }
    addresses = {entry.address for entry in rollcall.taken()[taken:]}
    assert addresses == {"p1@example.org", phone_of(1), phone_of(3)}
    log = rollcall("log", answer.json["message_id"], "--format", "json").json
    assert log["follows"] == first
    assert {one["person_id"] for one in log["deliveries"]} == {"p1", "p3"}
    again = follow(rollcall, "correct", first, correction, "--key", "c1")
    assert again.json == answer.json
    assert len(rollcall("log", "--format", "json").json) == 2


def test_retry_goes_to_exactly_those_not_reached_with_the_same_words(
    rollcall: CommandLine,
) -> None:
    first = send_to_broken_mail(rollcall)
    taken = len(rollcall.taken())

    answer = follow(rollcall, "retry", first, "--key", "r1")

    assert [entry.address for entry in rollcall.taken()[taken:]] == ["p2@example.org"]
    audience = rollcall("audience", answer.json["message_id"], "--format", "json").json
    assert audience["follow_up"] == {"message_id": first, "who": "not_reached"}
    assert [one["person_id"] for one in audience["people"]] == ["p2", "p4"]
    assert all(
        one["via"] == [{"by": "everyone"}, {"by": "follow_up", "message_id": first}]
        for one in audience["people"]
    )
    assert (
        f"follows {first}, to those not reached" in rollcall("log", answer.json["message_id"]).out
    )


def test_retry_waits_for_the_end_of_what_it_follows_unless_that_is_stopped(
    rollcall: CommandLine,
) -> None:
    first = accept(rollcall, rollcall.write_message({"people": ["p1"]}))
    assert "has no audience to follow up" in rollcall("retry", first, "--key", "r1").mistake


def test_nobody_to_follow_up_is_one_clear_sentence(rollcall: CommandLine) -> None:
    first = send(rollcall, rollcall.write_message({"people": ["p1"]})).json["message_id"]

    told = rollcall("retry", first, "--key", "r1").mistake

    assert told.startswith(f"there is nobody to follow up message {first} with: it reached every")


def test_follow_up_says_nothing_of_whom_it_goes_to(rollcall: CommandLine) -> None:
    first = send(rollcall, rollcall.write_message({"people": ["p1"]})).json["message_id"]
    aimed = rollcall.write("c.json", CORRECTION | {"selection": {"everyone": True}})
    wordless = rollcall.write("w.json", {"options": {}})

    assert (
        "'selection' has no place in a follow-up"
        in rollcall("correct", first, aimed, "--key", "c").mistake
    )
    assert "content" in rollcall("correct", first, wordless, "--key", "c").mistake


def test_same_words_to_the_same_people_need_a_confirmation(rollcall: CommandLine) -> None:
    path = rollcall.write_message({"everyone": True})
    first = send(rollcall, path, "--key", "a").json["message_id"]
    taken = rollcall.taken()

    told = send(rollcall, path, "--key", "b").mistake

    assert told.startswith(f"message {first} of 20")
    assert "already says exactly this to the same 4 people" in told
    assert rollcall.taken() == taken
    assert send(rollcall, path, "--key", "a").json["message_id"] == first
    assert send(rollcall, path, "--key", "b", "--confirm").code == 0
    assert send(rollcall, path, "--key", "b").code == 0
    assert len(rollcall.taken()) == 2 * len(taken)


def test_other_words_other_people_or_another_hour_need_none(rollcall: CommandLine) -> None:
    path = rollcall.write_message({"everyone": True})
    assert send(rollcall, path).code == 0
    assert send(rollcall, rollcall.write_message({"people": ["p1"]})).code == 0
    words = {"subject": "Drill", "text": "Other words."}
    assert send(rollcall, rollcall.write_message({"everyone": True}, content=words)).code == 0
    rollcall.set("GUARDS__REPEAT_WITHIN_S", "0")
    assert send(rollcall, path).code == 0


def test_far_more_people_than_last_time_need_a_confirmation(rollcall: CommandLine) -> None:
    rollcall.set("GUARDS__GROWTH_MIN", "3")
    path = rollcall.write_message({"people": ["p1"]})
    first = send(rollcall, path, "--save-template", "Quake").json["message_id"]
    with_template = ("send", "--template", "Quake", "--data", rollcall.source)
    assert rollcall(*with_template, "--confirm").code == 0
    everybody = rollcall.write("all.json", {"selection": {"everyone": True}})

    told = rollcall(*with_template, everybody, "--key", "k").mistake

    assert "went to 1 people, this one would go to 4; if it is meant, confirm it" in told
    assert first not in told
    assert rollcall(*with_template, everybody, "--key", "k", "--confirm").code == 0


def test_people_who_share_a_number_get_one_text_and_are_both_shown_as_reached(
    rollcall: CommandLine,
) -> None:
    people = [row[:] for row in TABLES["people"]]
    people[2][3] = people[1][3]
    write_source(rollcall.source, TABLES | {"people": people})
    path = rollcall.write_message({"people": ["p1", "p2"]}, options=BOTH)

    answer = send(rollcall, path)

    texts = [entry for entry in rollcall.taken() if entry.address == phone_of(1)]
    assert len(texts) == 1
    assert answer.json["counts"]["sms"] == {"accepted": 2}
    log = rollcall("log", answer.json["message_id"], "--format", "json").json["deliveries"]
    leader, follower = (one for one in log if one["channel"] == "sms")
    assert follower["same_as"] == leader["delivery_id"]
    assert (follower["route_id"], follower["attempt_count"]) == (leader["route_id"], 1)
    assert "one SMS with p1: same number" in rollcall("log", answer.json["message_id"]).out


def test_message_that_expired_before_it_was_given_is_refused(rollcall: CommandLine) -> None:
    path = rollcall.write_message({"everyone": True}, expires_at="2020-01-01T00:00:00Z")
    told = send(rollcall, path).mistake
    assert told == "expires_at 2020-01-01T00:00:00Z is past: nothing would be sent"
    assert rollcall("log", "--format", "json").json == []


def test_broken_source_does_not_refuse_what_another_run_may_be_sending(
    rollcall: CommandLine,
) -> None:
    message_id = accept(rollcall, rollcall.write_message({"everyone": True}))
    app = build_app(load_settings())
    assert app.steps.claim_message(message_id)
    app.ledger.close()
    good = (rollcall.source / "people.csv").read_text()
    (rollcall.source / "people.csv").write_text("nothing of use\n")

    assert "people.csv" in rollcall("resume", message_id).err

    assert rollcall("log", message_id, "--format", "json").json["state"] == "sending"
    (rollcall.source / "people.csv").write_text(good)
    assert rollcall("resume", message_id).code == 0
