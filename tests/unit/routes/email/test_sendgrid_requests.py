"""What a request to SendGrid says, for one content and for many."""

import json
from typing import Any

import pytest

from rollcall.domain.personal_links import derive_token
from rollcall.domain.reply_addresses import write_reply_address
from rollcall.routes.base import Submission
from rollcall.routes.email.batches import Batch, Letter
from rollcall.routes.email.sendgrid_requests import (
    HTML_MARKER,
    MOST_SUBSTITUTION_BYTES,
    TEXT_MARKER,
    RequestBuilder,
    fits_substitutions,
)

NASTY = 'Flood "}]} \r\n%recipient.x% {{x}} 洪水 <b>'


def letter(number: int = 1, /, **changes: Any) -> Letter:
    plain: dict[str, Any] = {
        "delivery_id": f"d-{number}",
        "attempt_id": f"a-{number}",
        "idempotency_key": "k",
        "address": f"p{number}@example.org",
        "text": "Go up.",
        "subject": "Flood",
    }
    submission = Submission(**(plain | changes))
    return Letter(number, submission, submission.address)


def build(*letters: Letter, sender: str = "Crisis Team <crisis@example.org>") -> Any:
    return json.loads(RequestBuilder(sender).build(Batch(letters)))


def test_shared_content_stands_once() -> None:
    request = build(letter(1, text=NASTY, html="<p>x</p>"), letter(2, text=NASTY, html="<p>x</p>"))
    assert request["content"] == [
        {"type": "text/plain", "value": NASTY},
        {"type": "text/html", "value": "<p>x</p>"},
    ]
    assert request["subject"] == "Flood"
    assert [set(each) for each in request["personalizations"]] == [
        {"to", "headers", "custom_args"}
    ] * 2


def test_own_contents_are_substitutions() -> None:
    request = build(letter(1, text="one", html="<i>"), letter(2, text=NASTY, html="<b>"))
    assert [part["value"] for part in request["content"]] == [TEXT_MARKER, HTML_MARKER]
    assert [each["substitutions"] for each in request["personalizations"]] == [
        {TEXT_MARKER: "one", HTML_MARKER: "<i>"},
        {TEXT_MARKER: NASTY, HTML_MARKER: "<b>"},
    ]


def test_everybody_has_their_own_address_reference_and_subject() -> None:
    request = build(letter(1, subject="For you,\r\nBcc: x"), letter(2, subject=None))
    first, second = request["personalizations"]
    assert first["to"] == [{"email": "p1@example.org"}]
    assert first["custom_args"] == {"rollcall_attempt": "a-1", "rollcall_delivery": "d-1"}
    assert first["headers"] == {"Message-ID": "<d-1@example.org>"}
    assert (first["subject"], second["subject"]) == ("For you, Bcc: x", "(no subject)")


@pytest.mark.parametrize(
    ("sender", "expected"),
    [
        ("crisis@example.org", {"email": "crisis@example.org"}),
        ("危機 <crisis@example.org>", {"email": "crisis@example.org", "name": "危機"}),
    ],
)
def test_sender_is_told_with_and_without_a_name(sender: str, expected: dict[str, str]) -> None:
    assert build(letter(), sender=sender)["from"] == expected


def test_links_are_left_alone_and_nobody_is_tracked() -> None:
    tracking = build(letter())["tracking_settings"]
    assert {name: setting["enable"] for name, setting in tracking.items()} == {
        "click_tracking": False,
        "open_tracking": False,
        "subscription_tracking": False,
    }


def test_empty_text_is_one_that_sendgrid_takes() -> None:
    assert build(letter(text=""))["content"] == [{"type": "text/plain", "value": " "}]


@pytest.mark.parametrize(
    ("changes", "fits"),
    [
        ({}, True),
        ({"text": "x" * (MOST_SUBSTITUTION_BYTES - 100)}, True),
        ({"text": "x" * MOST_SUBSTITUTION_BYTES}, False),
        ({"text": "洪" * 2000}, True),
        ({"text": "洪" * 4000}, False),  # 12,000 bytes
        ({"text": "x" * 6000, "html": "x" * 6000}, False),
        ({"text": f"see {TEXT_MARKER}"}, False),
        ({"html": f"see {HTML_MARKER}"}, False),
        ({"subject": TEXT_MARKER}, False),
    ],
)
def test_text_that_must_not_be_substituted_is_known(changes: dict[str, str], *, fits: bool) -> None:
    assert fits_substitutions(letter(**changes)) == fits


def test_half_a_character_holds_up_nobody() -> None:
    request = build(letter(1, text="half \ud83d"), letter(2, text="whole"))
    assert request["personalizations"][1]["substitutions"] == {TEXT_MARKER: "whole"}


def test_id_that_cannot_stand_in_a_header_is_refused() -> None:
    with pytest.raises(ValueError, match="delivery_id"):
        build(letter(delivery_id="d\r\nBcc: x"))


@pytest.mark.parametrize("texts", [("same", "same"), ("one", "two")])
def test_answers_go_to_an_address_of_each_ones_own(texts: tuple[str, str]) -> None:
    tokens = [derive_token(bytes(32), "c-1", f"p-{number}", "reply") for number in (1, 2)]
    letters = [
        letter(number, text=text, reply_token=token)
        for number, (text, token) in enumerate(zip(texts, tokens, strict=True), 1)
    ]
    builder = RequestBuilder("crisis@example.org", "reply+{token}@example.org")
    request = json.loads(builder.build(Batch(tuple(letters))))
    marker = request["reply_to"]["email"]
    answered_to = [one["substitutions"][marker] for one in request["personalizations"]]
    assert answered_to == [
        write_reply_address("reply+{token}@example.org", token) for token in tokens
    ]
    assert not fits_substitutions(letter(text=f"say {marker}"))
    assert "reply_to" not in build(*letters)
