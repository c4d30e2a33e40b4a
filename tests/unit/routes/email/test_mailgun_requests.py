"""What a request to Mailgun says, for one content and for many."""

import json
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

import pytest

from rollcall.domain.personal_links import derive_token
from rollcall.domain.reply_addresses import write_reply_address
from rollcall.routes.base import Submission
from rollcall.routes.email.batches import Batch, Letter
from rollcall.routes.email.mailgun_requests import (
    MOST_VARIABLE_CHARACTERS,
    RequestBuilder,
    encode_form,
    fits_variables,
)

NASTY = 'Flood "}]} \r\n--x\r\n%unsubscribe_url% {{x}} 洪水 <b>'


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


def read_form(content_type: str, content: bytes) -> dict[str, str]:
    """Read a form as Python's own MIME parser does."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    message = BytesParser(policy=HTTP).parsebytes(head + content)
    assert message.get_content_type() == "multipart/form-data"
    fields = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        payload = part.get_payload(decode=True)
        assert isinstance(payload, bytes)
        fields[str(name)] = payload.decode()
    return fields


def build(*letters: Letter, sender: str = "Crisis Team <crisis@example.org>") -> dict[str, str]:
    return read_form(*RequestBuilder(sender).build(Batch(letters)))


def test_shared_content_stands_once() -> None:
    form = build(letter(1, text=NASTY, html="<p>x</p>"), letter(2, text=NASTY, html="<p>x</p>"))
    assert (form["subject"], form["text"], form["html"]) == ("Flood", NASTY, "<p>x</p>")
    variables = json.loads(form["recipient-variables"])
    assert set(variables["p1@example.org"]) == {"attempt", "delivery", "message_id"}


def test_own_contents_are_variables() -> None:
    form = build(letter(1, text="one", html="<i>"), letter(2, text=NASTY, html="<b>"))
    own = {name: form[name] for name in ("subject", "text", "html")}
    assert own == {name: f"%recipient.{name}%" for name in own}
    variables = json.loads(form["recipient-variables"])
    assert {who: (each["text"], each["html"]) for who, each in variables.items()} == {
        "p1@example.org": ("one", "<i>"),
        "p2@example.org": (NASTY, "<b>"),
    }


def test_html_is_left_out_where_there_is_none() -> None:
    form = build(letter(1, text="one"), letter(2, text="two"))
    assert "html" not in form
    assert all("html" not in each for each in json.loads(form["recipient-variables"]).values())


def test_everybody_gets_a_message_of_their_own_with_their_own_reference() -> None:
    form = build(letter(1), letter(2))
    assert form["to"] == "p1@example.org, p2@example.org"
    assert json.loads(form["recipient-variables"]) == {
        f"p{number}@example.org": {
            "attempt": f"a-{number}",
            "delivery": f"d-{number}",
            "message_id": f"<d-{number}@example.org>",
        }
        for number in (1, 2)
    }
    assert form["v:rollcall_attempt"] == "%recipient.attempt%"
    assert form["h:Message-Id"] == "%recipient.message_id%"


def test_single_message_has_its_variables_too() -> None:
    assert "p1@example.org" in json.loads(build(letter())["recipient-variables"])


def test_links_are_left_alone_and_nobody_is_tracked() -> None:
    form = build(letter())
    assert (form["o:tracking"], form["h:Auto-Submitted"]) == ("no", "auto-generated")


def test_subject_is_one_line() -> None:
    form = build(letter(1, subject="For you,\r\nBcc: x"), letter(2, subject=None))
    variables = json.loads(form["recipient-variables"])
    assert variables["p1@example.org"]["subject"] == "For you, Bcc: x"
    assert variables["p2@example.org"]["subject"] == ""


@pytest.mark.parametrize(
    ("sender", "expected"),
    [
        ("crisis@example.org", "crisis@example.org"),
        ("危機 <crisis@example.org>", "=?utf-8?b?5Y2x5qmf?= <crisis@example.org>"),
    ],
)
def test_sender_is_told_with_and_without_a_name(sender: str, expected: str) -> None:
    assert build(letter(), sender=sender)["from"] == expected


@pytest.mark.parametrize(
    ("changes", "fits"),
    [
        ({}, True),
        ({"text": "x" * (MOST_VARIABLE_CHARACTERS - 100)}, True),
        ({"text": "x" * (MOST_VARIABLE_CHARACTERS + 1)}, False),
        ({"text": "100 %recipient.text%"}, False),
        ({"html": "%recipient%"}, False),
        ({"subject": "%recipient.x%"}, False),
        ({"text": "100 % of recipients"}, True),
    ],
)
def test_text_that_must_not_be_a_variable_is_known(changes: dict[str, str], *, fits: bool) -> None:
    assert fits_variables(letter(**changes)) == fits


def test_form_carries_whatever_is_in_it() -> None:
    fields = {"text": NASTY, "empty": "", "v:x": "\r\n", "--": "--"}
    assert read_form(*encode_form(fields)) == fields


def test_half_a_character_holds_up_nobody() -> None:
    form = build(letter(1, text="half \ud83d"), letter(2, text="whole"))
    assert json.loads(form["recipient-variables"])["p2@example.org"]["text"] == "whole"
    assert build(letter(text="half \ud83d"))["text"] == "half ?"


def test_id_that_cannot_stand_in_a_header_is_refused() -> None:
    with pytest.raises(ValueError, match="delivery_id"):
        build(letter(delivery_id="d\r\nBcc: x"))


@pytest.mark.parametrize("texts", [("same", "same"), ("one", "two")])
def test_answers_go_to_an_address_of_each_ones_own(texts: tuple[str, str]) -> None:
    tokens = [derive_token(bytes(32), "c-1", f"p-{number}", "reply") for number in (1, 2)]
    letters = tuple(
        letter(number, text=text, reply_token=token)
        for number, (text, token) in enumerate(zip(texts, tokens, strict=True), 1)
    )
    builder = RequestBuilder("crisis@example.org", "reply+{token}@example.org")
    form = read_form(*builder.build(Batch(letters)))
    assert form["h:Reply-To"] == "%recipient.reply_to%"
    variables = json.loads(form["recipient-variables"])
    assert [one["reply_to"] for one in variables.values()] == [
        write_reply_address("reply+{token}@example.org", token) for token in tokens
    ]
    assert "h:Reply-To" not in read_form(
        *RequestBuilder("crisis@example.org").build(Batch(letters))
    )
