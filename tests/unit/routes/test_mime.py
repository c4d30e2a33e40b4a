import email
import email.charset
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP as STRICT
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollcall.domain.personal_links import derive_token
from rollcall.domain.reply_addresses import find_reply_tokens
from rollcall.routes.base import Submission
from rollcall.routes.email.mime import MessageBuilder, parse_mailbox, render_body

AT = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
BUILDER = MessageBuilder("Krisenstab Überlingen <crisis@example.org>")


def build(**changes: Any) -> bytes:
    told: dict[str, Any] = {
        "delivery_id": "d-1",
        "attempt_id": "a-1",
        "idempotency_key": "k",
        "address": "anna@example.net",
        "text": "Bitte antworten: 洪水.\n",
        "subject": "Überflutung",
        "html": "<p>Bitte</p>",
    }
    submission = Submission(**(told | changes))
    return BUILDER.build(submission, parse_mailbox(submission.address), AT)


def read(message: bytes) -> EmailMessage:
    return email.message_from_bytes(message, policy=STRICT)


def test_message_reads_as_it_was_meant() -> None:
    message = read(build())
    assert message["From"] == "Krisenstab Überlingen <crisis@example.org>"
    assert message["To"] == "anna@example.net"
    assert message["Subject"] == "Überflutung"
    assert message["Message-ID"] == "<d-1@example.org>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"].datetime == AT
    plain, html = message.iter_parts()
    assert cast(EmailMessage, plain).get_content() == "Bitte antworten: 洪水.\n"
    assert cast(EmailMessage, html).get_content() == "<p>Bitte</p>"
    assert message.get_content_type() == "multipart/alternative"


def test_library_that_changes_what_utf_8_means_changes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As Apprise does when it is imported."""
    quoted = email.charset.QP
    monkeypatch.setitem(email.charset.CHARSETS, "utf-8", (quoted, quoted, "utf-8"))
    message = read(build(text="Überall Wasser\n", html=None))
    assert message["Content-Transfer-Encoding"] == "base64"
    assert message.get_content() == "Überall Wasser\n"


def test_without_html_it_is_plain_text() -> None:
    message = read(build(html=None))
    assert message.get_content_type() == "text/plain"
    assert message.get_content() == "Bitte antworten: 洪水.\n"


def test_id_is_said_twice_for_relays_that_replace_the_message_id() -> None:
    message = read(build())
    assert message["X-Rollcall-Delivery"] == message["Message-ID"]


def test_return_path_names_the_attempt() -> None:
    assert BUILDER.envelope_sender("a-1") == "crisis@example.org"
    tracked = MessageBuilder("crisis@example.org", "bounces+{attempt}@bounces.example.org")
    assert tracked.envelope_sender("a-1") == "bounces+a-1@bounces.example.org"
    with pytest.raises(ValueError, match="SMTP command"):
        tracked.envelope_sender("a> X")


def test_every_try_carries_the_same_message_id() -> None:
    first, second = read(build(attempt_id="a-1")), read(build(attempt_id="a-2"))
    assert first["Message-ID"] == second["Message-ID"]


def test_recipients_of_the_same_content_share_its_body() -> None:
    assert render_body("shared", "<p>") is render_body("shared", "<p>")


@pytest.mark.parametrize("html", ["<p>", None])
def test_message_is_ascii_in_short_crlf_lines(html: str | None) -> None:
    message = build(text="x" * 5000, subject="ü" * 500, html=html)
    assert message.isascii()
    assert message.endswith(b"\r\n")
    assert b"\n" not in message.replace(b"\r\n", b"")
    assert max(map(len, message.split(b"\r\n"))) <= 100


@given(st.text(max_size=200))
def test_subject_never_makes_a_header_of_its_own(subject: str) -> None:
    head = build(subject=subject.encode("utf-8", "replace").decode()).partition(b"\r\n\r\n")[0]
    names = [line.split(b":")[0] for line in head.split(b"\r\n") if not line.startswith(b" ")]
    assert names == [
        b"From", b"To", b"Subject", b"Date", b"Message-ID", b"X-Rollcall-Delivery",
        b"Auto-Submitted", b"Content-Type", b"MIME-Version",
    ]  # fmt: skip


@pytest.mark.parametrize("breaking", ["\r\n", "\n", "\r", "\x0b", "\x85", "\u2028", "\0"])
def test_line_breaks_in_a_subject_become_blanks(breaking: str) -> None:
    assert read(build(subject=f"Flood{breaking}Bcc: eve@example.com"))["Subject"] == (
        "Flood Bcc: eve@example.com"
    )


@pytest.mark.parametrize(
    "address",
    ["", "anna", "@example.net", "anna@", "a@b@c", "a b@c.net", "a@c.net\r\nBcc: e@x", "a@c.net\0",
     "<a@c.net>", "A <a@c.net>", "a@c..net", "a@" + "ü" * 300 + ".net"],
)  # fmt: skip
def test_what_is_no_plain_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match=r"address|label|encod"):
        parse_mailbox(address)


def test_domain_beyond_ascii_is_written_in_ascii() -> None:
    assert parse_mailbox("anna@bücher.example") == "anna@xn--bcher-kva.example"


def test_delivery_id_that_cannot_stand_in_a_header_is_refused() -> None:
    with pytest.raises(ValueError, match="Message-ID"):
        build(delivery_id="d>\r\nBcc: e@x")


def test_answers_go_to_an_address_of_the_recipients_own_where_there_is_one() -> None:
    builder = MessageBuilder("crisis@example.org", reply_to="reply+{token}@example.org")
    token = derive_token(bytes(32), "c-1", "p-1", "reply")
    plain = Submission("d-1", "a-1", "k", "anna@example.net", "Are you safe?", "Flood")
    answerable = replace(plain, reply_token=token)
    headers = [
        read(one.build(submission, "anna@example.net", AT))["Reply-To"]
        for one in (builder, BUILDER)
        for submission in (plain, answerable)
    ]
    told = [
        None if one is None else find_reply_tokens("reply+{token}@example.org", one)
        for one in headers
    ]
    assert told == [None, {token}, None, None]
