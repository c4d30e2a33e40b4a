"""Answers by email: whose they are, what was written, and what no person wrote."""

from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollcall.domain.personal_links import derive_token
from rollcall.domain.reply_addresses import write_reply_address
from rollcall.routes.email.reply_mail import MAX_TEXT_CHARS, read_reply

TEMPLATE = "reply+{token}@example.org"
TOKEN = derive_token(bytes(range(32)), "c-1", "p0000", "reply")
OTHER = derive_token(bytes(range(32)), "c-1", "p0001", "reply")
ADDRESS = write_reply_address(TEMPLATE, TOKEN)
QUOTE = "\n\nOn Mon, Nov 23, 2026 Crisis Team <crisis@example.org> wrote:\n> Need help?\n"


def a_mail(text: str = "I am safe", **headers: str) -> EmailMessage:
    mail = EmailMessage(policy=SMTP)
    told = {
        "From": "Person 0 <p0@example.org>",
        "To": f"Crisis Team <{ADDRESS}>",
        "Subject": "Re: Flood",
        "Message-ID": "<1@example.org>",
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    for name, value in told.items():
        if value:
            mail[name] = value
    mail.set_content(text)
    return mail


def read(mail: EmailMessage | bytes) -> Any:
    return read_reply(mail if isinstance(mail, bytes) else mail.as_bytes(), TEMPLATE)


def test_token_in_the_address_says_whose_it_is() -> None:
    reply = read(a_mail("I am safe" + QUOTE))
    assert (reply.token, reply.mail_id) == (TOKEN, "<1@example.org>")
    assert (reply.text, reply.answering) == ("I am safe", "I am safe")


@pytest.mark.parametrize(
    "headers",
    [
        {"To": f"<{ADDRESS.upper()}>"},
        {"To": "crisis@example.org", "Cc": f"x@example.org, {ADDRESS}"},
        {"To": "undisclosed-recipients:;", "Delivered_To": ADDRESS},
        {"To": "undisclosed-recipients:;", "X_Original_To": ADDRESS},
        {"To": write_reply_address(TEMPLATE, OTHER), "Delivered_To": ADDRESS},
    ],
)
def test_token_is_found_wherever_mail_servers_write_it(headers: dict[str, str]) -> None:
    assert read(a_mail(**headers)).token == TOKEN


@pytest.mark.parametrize(
    "to", ["crisis@example.org", f"{ADDRESS}, {write_reply_address(TEMPLATE, OTHER)}", ""]
)
def test_mail_to_nobody_or_to_several_is_no_answer(to: str) -> None:
    assert read(a_mail(To=to)) is None


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"}, {"Auto_Submitted": "auto-generated; x=y"},
        {"X_Autoreply": "yes"}, {"X_Autorespond": "ok"}, {"Precedence": "bulk"},
        {"Precedence": "auto_reply"}, {"Return_Path": "<>"},
    ],
)  # fmt: skip
def test_what_a_program_wrote_is_no_answer(headers: dict[str, str]) -> None:
    assert read(a_mail("ok", **headers)) is None


@pytest.mark.parametrize("headers", [{"Auto_Submitted": "no"}, {"Return_Path": "<p0@example.org>"}])
def test_what_a_person_wrote_is_one(headers: dict[str, str]) -> None:
    assert read(a_mail("ok", **headers)).text == "ok"


def test_html_is_read_where_there_is_no_text() -> None:
    mail = a_mail()
    mail.set_content("<p>I am safe</p><div class=gmail_quote>On x</div>", subtype="html")
    reply = read(mail)
    assert (reply.answering, reply.text) == ("I am safe", "I am safe\n> On x")
    both = a_mail("plain words")
    both.add_alternative("<p>rich words</p>", subtype="html")
    assert read(both).text == "plain words"


def test_attachments_are_left_out_and_that_is_said() -> None:
    mail = a_mail("I am safe")
    for name in ("room.jpg", "map.pdf"):
        mail.add_attachment(b"\x00", maintype="application", subtype="octet-stream", filename=name)
    reply = read(mail)
    assert reply.text == "I am safe\n\n[not kept: 2 attachments]"
    assert reply.answering == "I am safe"


def test_picture_of_a_signature_is_no_loss() -> None:
    mail = a_mail("I am safe")
    mail.add_related(b"\x00", maintype="image", subtype="png", cid="<logo@example.org>")
    assert read(mail).text == "I am safe"


def test_mail_that_is_attached_is_not_taken_for_words() -> None:
    mail = a_mail("see below")
    mail.add_attachment(a_mail("help"))
    assert read(mail).text == "see below\n\n[not kept: 1 attachment]"


def test_signature_answers_nothing_and_is_kept() -> None:
    reply = read(a_mail("I am safe\n\nPerson 0\n--\nHelp desk, Example Ltd"))
    assert reply.answering == "I am safe"
    assert "Help desk" in reply.text


@pytest.mark.parametrize("text", ["", "   \n", QUOTE])
def test_mail_without_a_word_stays_for_a_person(text: str) -> None:
    assert read(a_mail(text)) is None


def test_mail_without_an_id_has_one_of_its_own() -> None:
    first, second = (read(a_mail(text, Message_ID="")) for text in ("ok", "no"))
    assert len({first.mail_id, second.mail_id, read(a_mail("ok", Message_ID="")).mail_id}) == 2


def test_other_character_sets_are_read_and_unknown_ones_survived() -> None:
    german = a_mail("x").as_bytes().replace(b'"utf-8"', b'"iso-8859-1"')
    assert read(german.replace(b"\r\nx", b"\r\ngr\xfc\xdfe")).text == "grüße"
    unknown = a_mail("x").as_bytes().replace(b'"utf-8"', b'"x-nobody-knows"')
    assert read(unknown).text == "x"


def test_quoted_link_and_address_of_ours_are_kept_without_their_tokens() -> None:
    link = f"https://safe.example.org/c/{TOKEN}"
    wrapped = f"https://links.example.org/?u=https%3A%2F%2Fsafe.example.org%2Fc%2F{TOKEN}&x=1"
    text = read(a_mail(f"where?\n-----Original Message-----\n{link} {wrapped}\n{ADDRESS}")).text
    assert TOKEN not in text
    assert ADDRESS not in text
    assert "https://safe.example.org/c/…" in text


@pytest.mark.parametrize("charset", ["idna", "undefined", "punycode", "utf-8\0", "rot13", "hex"])
def test_character_set_that_is_none_loses_no_word(charset: str) -> None:
    octets = a_mail("x").as_bytes().replace(b'"utf-8"', f'"{charset}"'.encode())
    assert b'utf-8"' not in octets
    assert (
        read(octets.replace(b"\r\nx", "\r\nI need help, grün".encode())).text[:11] == "I need help"
    )


@pytest.mark.parametrize("odd", ["<![x[a]]>", "<![ [x", "<![", "<![if !x]>", "<![CDATA[x]]>"])
def test_odd_markup_loses_no_word_of_html(odd: str) -> None:
    mail = a_mail()
    mail.set_content(f"<p>I need help</p>{odd}<p>room 5</p>", subtype="html")
    text = read(mail).text
    assert "I need help" in text
    assert "room 5" in text


def test_long_text_is_bounded_and_a_cut_off_mail_is_read() -> None:
    assert len(read(a_mail("word " * 40_000)).text) <= MAX_TEXT_CHARS
    mail = a_mail("I am safe")
    mail.add_attachment(bytes(3_000_000), maintype="image", subtype="jpeg", filename="x.jpg")
    assert read(mail).text.startswith("I am safe")


def test_parts_in_parts_in_parts_end() -> None:
    head = a_mail().as_bytes().split(b"\r\nContent-Type")[0]
    nested = b"".join(
        b'\r\nContent-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d' % (one, one)
        for one in range(3_000)
    )
    assert read(head + nested) is None


@given(st.binary(max_size=2_000))
def test_any_mail_can_be_read(octets: bytes) -> None:
    read(octets)
    read(f"To: {ADDRESS}\r\n".encode() + octets)
