"""A draft is tested, looked at and sent: once, to those who were shown, or to nobody."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from rollcall.desk.composing import Composing
from rollcall.domain.acts import Actor
from rollcall.domain.drafts import DraftKind, set_value
from rollcall.domain.trials import TrialReader
from rollcall.errors import InputError, NotAllowedError, SelectionError, SourceError
from rollcall.ledger.audit import AuditQuery, read_entries
from rollcall.ledger.engine import Ledger
from rollcall.ledger.log import count_statuses, list_messages
from rollcall.ledger.messages import load_message
from rollcall.ledger.opt_outs import OptOutRecord, opt_out
from rollcall.ledger.pending import load_pending
from rollcall.sending.steps import SendSteps
from tests.dashboards.houses import ROUTES, SMS_ROUTE, START, Lived, living_in
from tests.people import phone_of, write_people

ADMIN = Actor("Ana", "admin")
TOLD: dict[str, Any] = {
    "content": {"subject": "Drill", "text": "Hello {{ name }}"},
    "selection": {"groups": ["all"]},
}
CHAT: dict[str, Any] = {
    "title": "Roll",
    "post": "Say so.",
    "selection": {"groups": ["all"]},
    "ladder": [{"after_min": 5}],
}
BY_SMS: dict[str, Any] = {"options": {"include_sms": True}}


@pytest.fixture
def lived(ledger: Ledger, tmp_path: Path) -> Iterator[Lived]:
    write_people(tmp_path / "source", count=5)
    with living_in(ledger, tmp_path, public_url="https://safe.example.org") as one:
        prices = {"alpha": "0.05", "bravo": "0.2"}
        routes = [SMS_ROUTE.format(name=name, price=price) for name, price in prices.items()]
        (tmp_path / "routes.toml").write_text("\n".join([ROUTES, *routes]), "utf-8")
        yield one


@pytest.fixture
def composing(lived: Lived) -> Composing:
    assert lived.house.settings.source is not None
    return Composing(lived.house.desk, lived.house.settings.source)


def begin(lived: Lived, kind: DraftKind = "message", **changes: Any) -> str:
    body = (TOLD if kind == "message" else CHAT) | changes
    return lived.house.drafting.open(ADMIN, kind, body).draft_id


def change(lived: Lived, draft_id: str, path: str, value: Any) -> None:
    where = tuple(path.split("."))
    lived.house.drafting.change(ADMIN, draft_id, lambda body: set_value(body, where, value))


def run(steps: SendSteps, message_id: str) -> dict[str, dict[str, int]]:
    """Do what a run does before it delivers; return the deliveries by channel and status."""
    steps.claim_message(message_id)
    steps.load_snapshot(message_id)
    steps.select_audience(message_id)
    steps.record_first(message_id)
    return count_statuses(steps.ledger, message_id)


def test_four_clicks_are_one_message_to_those_who_were_shown(
    lived: Lived, composing: Composing
) -> None:
    draft_id = begin(lived)
    seen = composing.check(ADMIN, draft_id)
    sent = [composing.send(ADMIN, seen) for _ in range(4)]
    assert [is_new for _, is_new in sent] == [True, False, False, False]
    [message] = list_messages(lived.ledger)
    assert message.idempotency_key == f"draft-{draft_id}"
    assert message.request["expected_audience"] == seen.check.digest
    assert run(lived.house.app.steps, message.message_id) == {"email": {"waiting": 5}}


def test_a_draft_that_is_looked_at_again_after_it_was_sent_is_sent_once(
    lived: Lived, composing: Composing
) -> None:
    draft_id = begin(lived)
    early = composing.check(ADMIN, draft_id)
    first, _ = composing.send(ADMIN, early)
    late = replace(early, check=replace(early.check, digest="0" * 64))
    assert composing.send(ADMIN, late) == (first, False)


def test_a_draft_that_was_changed_since_is_not_sent(lived: Lived, composing: Composing) -> None:
    draft_id = begin(lived)
    seen = composing.check(ADMIN, draft_id)
    change(lived, draft_id, "content.text", "Something else")
    with pytest.raises(InputError, match="changed since you checked it"):
        composing.send(ADMIN, seen)
    assert list_messages(lived.ledger) == []


def test_it_is_selected_for_the_moment_of_the_check_which_is_not_long_ago(
    lived: Lived, composing: Composing
) -> None:
    seen = composing.check(ADMIN, begin(lived))
    lived.clock.go_on(minutes=10)
    with pytest.raises(InputError, match="checked a while ago"):
        composing.send(ADMIN, seen)
    seen = composing.check(ADMIN, seen.draft.draft_id)
    lived.clock.go_on(minutes=9)
    message, _ = composing.send(ADMIN, seen)
    assert message.as_of == seen.check.checked_at == START + timedelta(minutes=10)
    assert message.accepted_at == START + timedelta(minutes=19)


def test_others_than_those_who_were_shown_are_told_nothing(
    lived: Lived, composing: Composing
) -> None:
    draft_id = begin(lived)
    seen = composing.check(ADMIN, draft_id)
    message, _ = composing.send(ADMIN, seen)
    grow(composing, 6)
    with pytest.raises(SelectionError, match="does not mean the audience previewed"):
        run(lived.house.app.steps, message.message_id)


def grow(composing: Composing, count: int) -> None:
    (composing.source / "people.csv").unlink()
    composing.source.rmdir()
    write_people(composing.source, count=count)


def test_a_refused_draft_is_corrected_and_sent_under_its_own_key(
    lived: Lived, composing: Composing
) -> None:
    draft_id = begin(lived)
    first, _ = composing.send(ADMIN, composing.check(ADMIN, draft_id))
    lived.house.app.steps.refuse_message(first.message_id, "not those who were previewed")
    assert lived.house.drafting.load(ADMIN, draft_id).refusal == "not those who were previewed"
    second, is_new = composing.send(ADMIN, composing.check(ADMIN, draft_id))
    assert is_new
    assert second.message_id != first.message_id
    assert second.idempotency_key == f"draft-{draft_id}"


@pytest.mark.parametrize("act", ["check", "send", "send_test"])
def test_a_viewer_cannot_do_it_by_calling_the_library_either(
    lived: Lived, composing: Composing, act: str
) -> None:
    draft_id = begin(lived)
    seen = composing.check(ADMIN, draft_id)
    viewer = Actor("Vi", "viewer")
    acts: dict[str, Callable[[], object]] = {
        "check": lambda: composing.check(viewer, draft_id),
        "send": lambda: composing.send(viewer, seen),
        "send_test": lambda: composing.send_test(
            viewer, draft_id, TrialReader("Vi", "vi@example.org"), "1"
        ),
    }
    with pytest.raises(NotAllowedError, match="a viewer may not send"):
        acts[act]()
    assert list_messages(lived.ledger) == []
    [entry] = read_entries(lived.ledger, AuditQuery(actor="Vi"), 9)
    assert (entry.outcome, entry.subject_id) == ("refused", draft_id)


def test_a_sender_sends_no_draft_of_somebody_else(lived: Lived, composing: Composing) -> None:
    draft_id = begin(lived)
    seen = composing.check(ADMIN, draft_id)
    with pytest.raises(InputError, match="no such draft, or it is somebody else's"):
        composing.send(Actor("Bo", "sender"), seen)


def test_a_senders_limit_holds_for_a_draft(lived: Lived, composing: Composing) -> None:
    bo = Actor("Bo", "sender", 4)
    draft_id = lived.house.drafting.open(bo, "message", TOLD).draft_id
    with pytest.raises(NotAllowedError, match="goes to 5 people, and you may send to 4"):
        composing.send(bo, composing.check(bo, draft_id))
    assert list_messages(lived.ledger) == []


def test_what_is_missing_is_told_before_anybody_is_looked_up(
    lived: Lived, composing: Composing
) -> None:
    draft_id = lived.house.drafting.open(ADMIN, "message").draft_id
    with pytest.raises(InputError) as refused:
        composing.check(ADMIN, draft_id)
    assert str(refused.value) == "nobody is selected yet; the first version has no subject"


def test_the_same_to_the_same_people_must_be_confirmed(lived: Lived, composing: Composing) -> None:
    first, _ = composing.send(ADMIN, composing.check(ADMIN, begin(lived)))
    run(lived.house.app.steps, first.message_id)
    seen = composing.check(ADMIN, begin(lived))
    [objection] = seen.check.objections
    assert f"message {first.message_id} of 2026-11-23T06:00:00Z already says exactly" in objection
    with pytest.raises(InputError, match="confirm that it is meant"):
        composing.send(ADMIN, seen)
    second, is_new = composing.send(ADMIN, seen, is_confirmed=True)
    assert is_new
    assert run(lived.house.app.steps, second.message_id) == {"email": {"waiting": 5}}


def test_more_than_a_hundred_have_to_be_typed(lived: Lived, composing: Composing) -> None:
    grow(composing, 101)
    seen = composing.check(ADMIN, begin(lived))
    for wrong in ("", "100"):
        with pytest.raises(InputError, match="type 101 to confirm"):
            composing.send(ADMIN, seen, typed=wrong)
    assert list_messages(lived.ledger) == []
    assert composing.send(ADMIN, seen, typed="101")[1]


def test_a_check_tells_who_gets_it_how_and_at_what_cost(lived: Lived, composing: Composing) -> None:
    with lived.ledger.write() as connection:
        opt_out(connection, OptOutRecord(phone_of(0), "operator", None, START))
    content = {"subject": "Drill", "text": "x" * 200}
    check = composing.check(ADMIN, begin(lived, content=content, **BY_SMS)).check
    assert check.people_count == 5
    assert check.reach.by_channel == {"email": 5, "sms": 4}
    assert check.reach.by_country == {"unknown": 5}
    assert check.reach.unreached_count == 0
    assert check.texts is not None
    assert check.texts.opted_out_count == 1
    assert check.sms is not None
    assert (check.sms.people_count, check.sms.segment_count) == (4, 8)
    assert [check.sms.cost(price) for price in check.sms.prices] == [Decimal("0.40")]
    assert [told for told in check.notices if "no dispatcher is there" in told]


def test_whom_nothing_reaches_is_named_with_the_reason(lived: Lived, composing: Composing) -> None:
    with lived.ledger.write() as connection:
        opt_out(connection, OptOutRecord(phone_of(0), "operator", None, START))
    only_sms: dict[str, Any] = {"options": {"include_email": False, "include_sms": True}}
    check = composing.check(ADMIN, begin(lived, **only_sms)).check
    assert check.reach.unreached_count == 1
    assert [(one.name, one.reason) for one in check.unreached] == [
        ("Person 0", "asked for no more SMS (STOP)")
    ]
    for_life: dict[str, Any] = {"options": only_sms["options"] | {"life_safety": True}}
    assert composing.check(ADMIN, begin(lived, **for_life)).check.reach.unreached_count == 0


def test_high_quality_costs_what_the_dearest_route_may(lived: Lived, composing: Composing) -> None:
    options = {"include_sms": True, "high_quality_sms": True}
    sms = composing.check(ADMIN, begin(lived, options=options)).check.sms
    assert sms is not None
    assert [(one.route_id, sms.cost(one)) for one in sms.prices] == [
        ("alpha", Decimal("0.25")),
        ("bravo", Decimal("1.0")),
    ]


def test_people_are_told_in_their_language_as_far_as_there_is_one(
    lived: Lived, composing: Composing
) -> None:
    (composing.source / "people.csv").write_text(
        "person_id,name,email,language,groups\n"
        "p1,Ana,p1@example.org,ja-JP,all\n"
        "p2,Bo,p2@example.org,de,all\n"
        "p3,Cy,p3@example.org,,all\n",
        "utf-8",
    )
    content: dict[str, Any] = {"subject": "Drill", "text": "Run", "language": "en"}
    content |= {"translations": {"ja": {"subject": "訓練", "text": "走れ"}}}
    check = composing.check(ADMIN, begin(lived, content=content)).check
    assert check.by_language == {"en": 2, "ja": 1}


def test_a_broken_source_keeps_nobody_from_the_data_that_were_good_last(
    lived: Lived, composing: Composing
) -> None:
    draft_id = begin(lived)
    composing.check(ADMIN, draft_id)
    (composing.source / "people.csv").write_text("nothing", "utf-8")
    with pytest.raises(SourceError):
        composing.check(ADMIN, draft_id)
    seen = composing.check(ADMIN, draft_id, uses_last_good=True)
    message, _ = composing.send(ADMIN, seen)
    assert run(lived.house.app.steps, message.message_id) == {"email": {"waiting": 5}}


def test_a_test_goes_to_one_reader_before_anybody_is_selected(
    lived: Lived, composing: Composing
) -> None:
    draft_id = begin(lived, selection={}, **BY_SMS)
    reader = TrialReader("Ana", "ana@example.org", phone_of(900))
    sent = [composing.send_test(ADMIN, draft_id, reader, "1") for _ in range(4)]
    assert [is_new for _, is_new in sent] == [True, False, False, False]
    [message] = list_messages(lived.ledger)
    assert message.request["content"]["subject"] == "TEST: Drill"
    counts = run(lived.house.app.steps, message.message_id)
    assert counts == {"email": {"waiting": 1}, "sms": {"waiting": 1}}
    assert lived.house.drafting.load(ADMIN, draft_id).message_id is None
    entries = read_entries(lived.ledger, AuditQuery(action="send_test"), 9)
    assert {(one.outcome, one.people_count, one.subject_id) for one in entries} == {
        ("done", 1, message.message_id)
    }


@pytest.mark.parametrize("what", ["nonce", "address", "text"])
def test_another_test_is_another_message(lived: Lived, composing: Composing, what: str) -> None:
    draft_id = begin(lived)
    reader, other = (TrialReader("Ana", f"{name}@example.org") for name in ("ana", "bo"))
    composing.send_test(ADMIN, draft_id, reader, "1")
    if what == "text":
        change(lived, draft_id, "content.text", "Other")
    composing.send_test(
        ADMIN, draft_id, other if what == "address" else reader, "2" if what == "nonce" else "1"
    )
    assert len(list_messages(lived.ledger)) == 2


def test_a_test_of_a_chat_opens_one_with_its_reader_who_is_not_chased(
    lived: Lived, composing: Composing
) -> None:
    draft_id = begin(lived, "chat")
    message, _ = composing.send_test(ADMIN, draft_id, TrialReader("Ana", "a@example.org"), "1")
    assert message.kind == "chat_invite"
    assert message.chat_id is not None
    assert not message.request["chat"].get("ladder")
    assert run(lived.house.app.steps, message.message_id) == {"email": {"waiting": 1}}
    assert load_pending(lived.ledger, message.message_id) is None


def test_a_chat_is_sent_as_it_was_checked(lived: Lived, composing: Composing) -> None:
    draft_id = begin(lived, "chat")
    seen = composing.check(ADMIN, draft_id)
    assert seen.check.channels == ("email",)
    message, is_new = composing.send(ADMIN, seen)
    again, is_again_new = composing.send(ADMIN, seen)
    assert (is_new, is_again_new) == (True, False)
    assert load_message(lived.ledger, message.message_id).kind == "chat_invite"
    assert again.message_id == message.message_id
    assert run(lived.house.app.steps, message.message_id) == {"email": {"waiting": 5}}


def test_a_key_of_a_test_tells_no_address(lived: Lived, composing: Composing) -> None:
    reader = TrialReader("Ana", "ana@example.org")
    message, _ = composing.send_test(ADMIN, begin(lived), reader, "1")
    assert "ana" not in message.idempotency_key
