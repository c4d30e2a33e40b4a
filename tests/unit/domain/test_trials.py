from typing import Any

import pytest

from rollcall.domain.chat_request import parse_chat
from rollcall.domain.content import MAX_SUBJECT_CHARS
from rollcall.domain.message import MessageRequest
from rollcall.domain.trials import TYPED_ID, TrialReader, make_trial, read_addresses
from rollcall.errors import InputError
from tests.people import phone_of

EVERY_WAY = {"include_sms": True, "include_push": True, "high_quality_sms": True}


def a_request(**changes: Any) -> MessageRequest:
    told = {
        "content": {
            "subject": "Flood",
            "text": "Stay in.",
            "sms": "Stay",
            "translations": {"ja": {"subject": "洪水", "text": "屋内に"}},
        },
        "selection": {"everyone": True},
        "options": EVERY_WAY,
    }
    return MessageRequest.model_validate(told | changes)


def test_a_test_goes_to_its_reader_alone_and_says_so_in_every_text() -> None:
    trial = make_trial(a_request(), TrialReader("Ana", "ana@example.org", phone_of(1)))
    assert trial.selection is not None
    assert trial.selection.people == (TYPED_ID,)
    assert not trial.selection.everyone
    japanese = trial.content.translations["ja"]
    texts = (trial.content.subject, trial.content.text, trial.content.sms)
    assert texts == ("TEST: Flood", "TEST: Stay in.", "TEST: Stay")
    assert (japanese.subject, japanese.text, japanese.sms) == ("TEST: 洪水", "TEST: 屋内に", None)


@pytest.mark.parametrize(
    ("reader", "has_app", "ways"),
    [
        (TrialReader("Ana", "ana@example.org"), False, ("email",)),
        (TrialReader("Ana", None, phone_of(1)), False, ("sms",)),
        (TrialReader("Ana", "ana@example.org", person_id="p1"), True, ("email", "push")),
    ],
)
def test_it_goes_by_what_reaches_the_reader(
    reader: TrialReader, has_app: bool, ways: tuple[str, ...]
) -> None:
    trial = make_trial(a_request(), reader, has_app=has_app)
    assert trial.channels() == ways
    assert trial.options.high_quality_sms == ("sms" in ways)


def test_what_reaches_the_reader_by_no_way_says_what_is_needed() -> None:
    only_sms = a_request(options={"include_email": False, "include_sms": True})
    with pytest.raises(InputError, match=r"it needs a number$"):
        make_trial(only_sms, TrialReader("Ana", "ana@example.org"))


def test_nobody_is_chased_for_an_answer_to_a_test() -> None:
    chat = parse_chat(
        '{"title": "Roll", "post": "Say so.", "selection": {"everyone": true},'
        ' "ladder": [{"after_min": 5}]}'
    )
    trial = make_trial(chat, TrialReader("Ana", "ana@example.org"))
    assert trial.chat is not None
    assert trial.chat.ladder == ()
    assert trial.opens_conversation


def test_a_text_with_no_room_for_the_mark_is_refused_and_not_cut() -> None:
    content = {"subject": "x" * (MAX_SUBJECT_CHARS - 5), "text": "t"}
    with pytest.raises(InputError, match="before the subject: shorten it by 1 characters"):
        make_trial(a_request(content=content), TrialReader("Ana", "ana@example.org"))


def test_addresses_are_read_as_they_are_typed() -> None:
    assert read_addresses(" ana@example.org ", "") == ("ana@example.org", None)
    assert read_addresses("", "+1 202-555-0101") == (None, "+12025550101")


@pytest.mark.parametrize(("email", "phone"), [("", " "), ("ana", ""), ("", "2025550101")])
def test_what_cannot_be_sent_to_is_refused_and_not_quoted(email: str, phone: str) -> None:
    with pytest.raises(InputError) as refused:
        read_addresses(email, phone)
    assert "2025550101" not in str(refused.value)
