import asyncio
from pathlib import Path
from typing import Any

import pytest

from rollcall.domain.message import parse_request
from rollcall.sending.accepting import Order, accept_order
from rollcall.settings import load_settings
from rollcall.wiring import build_app
from tests.integration.cli.conftest import Answer, CommandLine
from tests.people import phone_of

AS_OF = ("--as-of", "2026-11-23T06:00:00Z")
JAPAN = {"filters": [{"countries": ["JP"]}]}
CONTENT = {"subject": "Drill", "text": "Hello {{ name }}, this is a drill."}


def explain(rollcall: CommandLine, selection: dict[str, Any], *options: str | Path) -> Answer:
    path = rollcall.write("selection.json", selection)
    source = ("--data", rollcall.source)
    answer = rollcall("select", path, *source, *AS_OF, "--explain", *options)
    assert answer.code == 0, answer.err
    return answer


def explained(rollcall: CommandLine, selection: dict[str, Any], *options: str | Path) -> Any:
    return explain(rollcall, selection, "--format", "json", *options).json


def test_answer_is_the_usual_one_with_two_keys_more(rollcall: CommandLine) -> None:
    told = explained(rollcall, JAPAN)
    usual = rollcall(
        "select", rollcall.folder / "selection.json", "--data", rollcall.source, *AS_OF,
        "--format", "json",
    ).json  # fmt: skip
    assert {key: told[key] for key in usual} == usual
    assert told.keys() - usual.keys() == {"digest", "explain"}
    assert set(told["explain"]) == {
        "summary", "people", "near_misses", "sms", "texts", "compared",
    }  # fmt: skip


def test_every_person_is_explained(rollcall: CommandLine) -> None:
    people = {one["person_id"]: one for one in explained(rollcall, JAPAN)["explain"]["people"]}
    assert people.keys() == {"p1", "p2", "p3"}
    assert people["p1"]["channels"] == ["email", "sms"]
    assert people["p1"]["via"][0]["evidence"][0]["told"] == (
        "JP, by a booking that began 2026-11-22T16:00:00Z, 14.0 h ago"
    )
    (contact,) = people["p3"]["via"]
    assert contact["matched"][0]["evidence"][0]["told"] == "JP"


def test_managers_only_of_the_message_counts(rollcall: CommandLine) -> None:
    message = rollcall.write_message(JAPAN, options={"managers_only": True})
    told = explained(rollcall, {"facilities": ["tokyo"]}, "--message", message)
    assert [one["person_id"] for one in told["people"]] == ["p1"]
    (left_out,) = told["explain"]["near_misses"]["not_a_manager"]
    assert left_out["person_id"] == "p3"


def test_sms_are_counted_and_priced_over_the_routes_a_message_may_take(
    rollcall: CommandLine,
) -> None:
    rollcall.set("ROUTES_FILE", write_priced_routes(rollcall, "0.05", "0.08"))
    standard = rollcall.write_message(JAPAN, options={"include_sms": True})
    sms = explained(rollcall, JAPAN, "--message", standard)["explain"]["sms"]
    assert (sms["people"], sms["segments"]) == (2, 2)
    assert (sms["cost"], sms["cost_range"]) == ("0.10", ["0.10", "0.10"])
    options = {"include_sms": True, "high_quality_sms": True}
    high_quality = rollcall.write_message(JAPAN, options=options)
    sms = explained(rollcall, JAPAN, "--message", high_quality)["explain"]["sms"]
    assert (sms["cost"], sms["cost_range"]) == ("0.10", ["0.10", "0.16"])


def test_segments_are_counted_without_routes(rollcall: CommandLine) -> None:
    rollcall.set("ROUTES_FILE", rollcall.folder / "none.toml")
    message = rollcall.write_message(JAPAN, options={"include_sms": True})
    answer = explain(rollcall, JAPAN, "--message", message, "--format", "json")
    assert answer.json["explain"]["sms"]["segments"] == 2
    assert "the cost is not known" in answer.err


def share_a_number(rollcall: CommandLine) -> None:
    """Give p2 the number of p1, and let p3 opt out."""
    change_people(rollcall, "p2,Bo,p2@example.org,", f"p2,Bo,p2@example.org,{phone_of(1)}")
    assert rollcall("optouts", "add", phone_of(3)).code == 0


def test_who_opted_out_and_who_shares_a_number_are_counted(rollcall: CommandLine) -> None:
    share_a_number(rollcall)
    expected = {"people": 3, "opted_out": 1, "sharing_number": 2}
    assert explained(rollcall, JAPAN)["explain"]["texts"] == expected | {
        "overrides_opt_outs": False,
        "sms": 1,
    }
    options = {"include_sms": True, "life_safety": True}
    message = rollcall.write_message(JAPAN, options=options)
    assert explained(rollcall, JAPAN, "--message", message)["explain"]["texts"] == expected | {
        "overrides_opt_outs": True,
        "sms": 2,
    }


@pytest.mark.parametrize("life_safety", [False, True])
def test_as_many_sms_are_sent_as_were_foretold(rollcall: CommandLine, life_safety: bool) -> None:
    share_a_number(rollcall)
    options = {"include_sms": True, "life_safety": life_safety}
    message = rollcall.write_message(JAPAN, options=options)
    foretold = explained(rollcall, JAPAN, "--message", message)["explain"]["texts"]["sms"]

    assert rollcall("send", message, "--data", rollcall.source, *AS_OF).code == 0

    assert foretold == len([one for one in rollcall.taken() if one.address.startswith("+")])


def test_message_without_sms_counts_no_numbers(rollcall: CommandLine) -> None:
    message = rollcall.write_message(JAPAN)
    assert explained(rollcall, JAPAN, "--message", message)["explain"]["texts"] is None


def test_opt_outs_that_cannot_be_read_are_called_unknown(rollcall: CommandLine) -> None:
    rollcall.set("LEDGER_URL", "postgresql://nobody@127.0.0.1:1/none")
    answer = explain(rollcall, JAPAN, "--format", "json")
    texts = answer.json["explain"]["texts"]
    assert (texts["people"], texts["opted_out"], texts["sms"]) == (2, None, None)
    assert "who opted out of SMS is not known" in answer.err


def test_text_says_who_gets_no_sms_and_what_overrides_it(rollcall: CommandLine) -> None:
    rollcall.monkeypatch.setenv("COLUMNS", "200")
    share_a_number(rollcall)
    shown = explain(rollcall, JAPAN).out
    assert "1 people opted out of SMS (STOP): not texted" in shown
    assert "life_safety" in shown
    assert "2 people share a number: one SMS to each number" in shown
    assert "1 SMS to 3 people with a number" in shown


def test_message_without_sms_has_no_sms_to_count(rollcall: CommandLine) -> None:
    message = rollcall.write_message(JAPAN)
    assert explained(rollcall, JAPAN, "--message", message)["explain"]["sms"] is None


def test_text_tells_evidence_near_misses_numbers_and_digest(rollcall: CommandLine) -> None:
    rollcall.monkeypatch.setenv("COLUMNS", "200")
    shown = explain(rollcall, JAPAN | {"facilities": ["paris"]}, "--managers-only").out
    for told in (
        "filter 0: countries: JP, by place of work",
        "manager of facility tokyo (filter 0: countries: JP)",
        "1 contacts of facilities, left out by managers-only",
        "contact of tokyo, but not its manager",
        "2: paris, tokyo",
        "1: paris",
        "--expect",
        "bookings line 3",
    ):
        assert told in shown


def test_message_is_for_explain_only(rollcall: CommandLine) -> None:
    path, message = rollcall.write("s.json", JAPAN), rollcall.write_message(JAPAN)
    answer = rollcall("select", path, "--data", rollcall.source, "--message", message)
    assert "--explain" in answer.mistake


def send(rollcall: CommandLine, digest: str, *options: str) -> Answer:
    message = rollcall.write_message(JAPAN)
    return rollcall("send", message, "--data", rollcall.source, "--expect", digest, *options)


@pytest.fixture
def digest(rollcall: CommandLine) -> str:
    """The digest of what `JAPAN` means at `AS_OF`."""
    return str(explained(rollcall, JAPAN)["digest"])


def test_audience_that_was_previewed_is_sent_to(rollcall: CommandLine, digest: str) -> None:
    assert send(rollcall, digest, "--as-of", "2026-11-23T06:05:00Z").code == 0
    assert {one.person_id for one in rollcall.deliveries()} == {"p1", "p2", "p3"}


def test_other_audience_is_refused_with_the_difference(rollcall: CommandLine, digest: str) -> None:
    change_people(rollcall, "p2@example.org", "bo@example.org")
    told = send(rollcall, digest, *AS_OF).mistake
    assert "+0 −0 people, 1 with another address or reason; it means 3 people now" in told  # noqa: RUF001
    assert "nothing was sent" in told
    rollcall.assert_nothing_sent()


def test_name_that_changed_is_no_other_audience(rollcall: CommandLine, digest: str) -> None:
    change_people(rollcall, "p1,Ana", "p1,Ana Maria")
    assert send(rollcall, digest, *AS_OF).code == 0
    assert rollcall.deliveries()


def test_refused_message_gives_its_key_back_and_the_log_says_why(
    rollcall: CommandLine, digest: str
) -> None:
    assert send(rollcall, "0" * 64, "--key", "k", *AS_OF).code == 2
    (refused,) = rollcall("log", "--format", "json").json
    assert refused["state"] == "refused"
    assert "previewed as 000000000000" in refused["reason"]
    assert send(rollcall, digest, "--key", "k", *AS_OF).code == 0
    assert rollcall.deliveries()


def test_message_itself_can_insist(rollcall: CommandLine, digest: str) -> None:
    message = rollcall.write_message({"everyone": True}, expected_audience=digest)
    answer = rollcall("send", message, "--data", rollcall.source, *AS_OF)
    assert "+1 −0 people" in answer.mistake  # noqa: RUF001
    rollcall.assert_nothing_sent()


@pytest.mark.parametrize("digest", ["", "abc", "g" * 64, "a" * 63])
def test_digest_that_is_none_is_a_mistake(rollcall: CommandLine, digest: str) -> None:
    assert "--expect" in send(rollcall, digest).mistake
    rollcall.assert_nothing_sent()


def change_people(rollcall: CommandLine, old: str, new: str) -> None:
    people = rollcall.source / "people.csv"
    text = people.read_text()
    assert old in text
    people.write_text(text.replace(old, new))


def test_message_that_is_resumed_insists_too(rollcall: CommandLine) -> None:
    message = rollcall.write_message(JAPAN, expected_audience="0" * 64)
    app = build_app(load_settings())
    order = Order(parse_request(message.read_text()), rollcall.source)
    record, _ = accept_order(
        order, app.ledger, app.book, app.steps.layout, app.clock, links=app.steps.links
    )
    asyncio.run(app.aclose())
    assert "previewed as 000000000000" in rollcall("resume", record.message_id).mistake
    rollcall.assert_nothing_sent()


def test_saved_filter_is_compared_with_the_last_message_to_it(rollcall: CommandLine) -> None:
    assert rollcall("filters", "save", "Japan", rollcall.write("f.json", JAPAN)).code == 0
    whole = {"saved_filters": ["Japan"]}
    assert explained(rollcall, whole)["explain"]["compared"] is None
    sent = rollcall("send", rollcall.write_message(whole), "--data", rollcall.source, *AS_OF)
    assert sent.code == 0
    change_people(rollcall, "p3,Cy", "p5,Cy")
    compared = explained(rollcall, whole)["explain"]["compared"]
    assert (compared["joined"], compared["left"]) == ([], ["p3"])
    assert "+0 −1 people" in explain(rollcall, whole).out  # noqa: RUF001


def test_evidence_of_a_saved_filter_is_told(rollcall: CommandLine) -> None:
    rollcall("filters", "save", "Japan", rollcall.write("f.json", JAPAN))
    rollcall.monkeypatch.setenv("COLUMNS", "200")
    shown = explain(rollcall, {"saved_filters": ["Japan"]}).out
    assert "dynamic filter Japan: filter 0: countries: JP, by place of work" in shown


def write_priced_routes(rollcall: CommandLine, *prices: str) -> Path:
    """Write the routes of the carriers with a price for each SMS route, preferred first."""
    text = rollcall.sandbox.routes_file.read_text()
    for price in prices:
        text = text.replace('id_path = "', f'price_per_segment = {price}\nID_PATH = "', 1)
    return rollcall.write("priced.toml", text.replace("ID_PATH", "id_path"))


def test_template_is_previewed_and_compared_with_the_last_message_from_it(
    rollcall: CommandLine,
) -> None:
    message = rollcall.write_message(JAPAN)
    rollcall("templates", "save", "Quake", "--file", message)
    preview = ["select", "--template", "Quake", "--explain", "--format", "json"]
    preview += ["--data", str(rollcall.source), *AS_OF]
    assert rollcall(*preview).json["explain"]["compared"] is None

    assert rollcall("send", "--template", "Quake", "--data", rollcall.source, *AS_OF).code == 0
    change_people(rollcall, "p3,Cy", "p5,Cy")

    compared = rollcall(*preview).json["explain"]["compared"]
    assert (compared["joined"], compared["left"]) == ([], ["p3"])


def test_a_template_and_a_selection_are_one_too_many(rollcall: CommandLine) -> None:
    rollcall("templates", "save", "Quake", "--file", rollcall.write_message(JAPAN))
    asked = rollcall.write("s.json", JAPAN)
    told = rollcall("select", asked, "--template", "Quake", "--data", rollcall.source).mistake
    assert told == "--template has a selection of its own: leave the other out"


def test_that_the_app_is_not_notified_is_said_before_anything_is_sent(
    rollcall: CommandLine,
) -> None:
    told = "no route of kind webpush is configured: this goes out by email, not to the app"
    message = rollcall.write_message(JAPAN, options={"include_push": True})
    assert told in explain(rollcall, JAPAN, "--message", message, "--format", "json").err
    plain = rollcall.write_message(JAPAN, "plain.json")
    assert told not in explain(rollcall, JAPAN, "--message", plain, "--format", "json").err
