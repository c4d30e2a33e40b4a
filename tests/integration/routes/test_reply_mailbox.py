"""Answers in a mailbox of a real IMAP server (Dovecot), into the ledger."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest
from sqlalchemy import select

from rollcall.domain.personal_links import derive_token
from rollcall.domain.reply_addresses import write_reply_address
from rollcall.domain.sayings import Saying
from rollcall.errors import LedgerError
from rollcall.ledger.chat_tables import ChatMember, ChatPost
from rollcall.ledger.chats import archive_chat
from rollcall.ledger.engine import Ledger
from rollcall.ledger.sayings import SayingFate, record_sayings
from rollcall.routes.email.dsn import BounceIds
from rollcall.routes.email.mailbox import open_mailbox
from rollcall.routes.email.mailbox_settings import MailboxSettings
from rollcall.sending.bounces import BounceReport, collect_bounces
from rollcall.sending.replies import ReplyReport, collect_replies
from tests.dovecot import PASSWORD, USER, Dovecot, run_dovecot
from tests.integration.conversations import KEY, Conversation, open_conversation
from tests.integration.ledger.records import NOW

TEMPLATE = "reply+{token}@example.org"
LATER = NOW + timedelta(hours=1)
BOUNCE = Path(__file__).parents[2] / "data" / "bounces" / "gmail.eml"


@pytest.fixture(scope="module")
def server() -> Iterator[Dovecot]:
    with run_dovecot() as dovecot:
        yield dovecot


@pytest.fixture
def dovecot(server: Dovecot) -> Dovecot:
    server.empty()
    return server


def describe(dovecot: Dovecot, **changes: object) -> MailboxSettings:
    told = {
        "route": "relay",
        "holds": "replies",
        "host": "127.0.0.1",
        "port": dovecot.tls_port,
        "ca_file": dovecot.ca_file,
        "username": USER,
        "password": PASSWORD,
        "answer_timeout_s": 10,
    }
    return MailboxSettings.model_validate(told | changes)


def answer(chat: Conversation, text: str, person_id: str = "p0000", **headers: str) -> bytes:
    mail = EmailMessage(policy=SMTP)
    token = derive_token(KEY, chat.chat.chat_id, person_id, "reply")
    mail["From"] = f"{person_id}@example.org"
    mail["To"] = write_reply_address(TEMPLATE, token)
    mail["Message-ID"] = f"<{text[:9].split(maxsplit=1)[0]}-{person_id}@example.org>"
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    return mail.as_bytes()


def collect(dovecot: Dovecot, ledger: Ledger, **changes: object) -> ReplyReport:
    def record(sayings: Sequence[Saying]) -> list[SayingFate]:
        return record_sayings(ledger, sayings, LATER)

    return collect_replies(describe(dovecot, **changes), TEMPLATE, record, lambda: LATER)


def answers(ledger: Ledger) -> dict[str, str]:
    query = select(ChatMember.person_id, ChatMember.answer).where(ChatMember.answer != "none")
    with ledger.read() as connection:
        return {row.person_id: row.answer for row in connection.execute(query)}


def replies(ledger: Ledger) -> list[str]:
    query = select(ChatPost.text).where(ChatPost.person_id.is_not(None)).order_by(ChatPost.text)
    with ledger.read() as connection:
        return list(connection.execute(query).scalars())


def test_answers_by_email_are_counted_and_kept(dovecot: Dovecot, ledger: Ledger) -> None:
    chat = open_conversation(ledger)
    quote = "\n\nOn Mon, Nov 23, 2026 Team <crisis@example.org> wrote:\n> Need help?\n"
    dovecot.deliver(answer(chat, "Yes, I am safe" + quote))
    dovecot.deliver(answer(chat, "we need help, room 12" + quote, "p0001"))
    dovecot.deliver(answer(chat, "not sure yet" + quote, "p0002"))
    assert collect(dovecot, ledger) == ReplyReport(read_count=3, reply_count=3, new_count=3)
    assert answers(ledger) == {"p0000": "ok", "p0001": "needs_help"}
    assert replies(ledger) == ["not sure yet", "we need help, room 12"]
    assert set(dovecot.flags().values()) == {"S"}
    assert collect(dovecot, ledger) == ReplyReport()


def test_mail_that_was_not_recorded_is_read_again_and_counts_once(
    dovecot: Dovecot, ledger: Ledger
) -> None:
    chat = open_conversation(ledger)
    name = dovecot.deliver(answer(chat, "ok"))

    def dies_after_the_commit(sayings: Sequence[Saying]) -> list[SayingFate]:
        record_sayings(ledger, sayings, LATER)
        raise LedgerError("the connection broke")

    with pytest.raises(LedgerError):
        collect_replies(describe(dovecot), TEMPLATE, dies_after_the_commit, lambda: LATER)
    assert dovecot.flags() == {name: ""}
    assert collect(dovecot, ledger) == ReplyReport(read_count=1, reply_count=1, new_count=0)
    assert dovecot.flags() == {name: "S"}


def test_vacation_notices_and_mails_of_nobody_stay_unread_and_answer_nothing(
    dovecot: Dovecot, ledger: Ledger
) -> None:
    chat = open_conversation(ledger)
    archived = open_conversation(ledger, key="archived")
    archive_chat(ledger, archived.chat.chat_id, LATER)
    names = [
        dovecot.deliver(answer(chat, "ok", Auto_Submitted="auto-replied")),
        dovecot.deliver(answer(archived, "help, too late")),
        dovecot.deliver(BOUNCE.read_bytes()),
    ]
    assert collect(dovecot, ledger, when_recorded="delete") == ReplyReport(read_count=3)
    assert (answers(ledger), replies(ledger)) == ({}, [])
    flags = dovecot.flags()
    assert set(flags) == set(names)
    assert not any("S" in one for one in flags.values())
    assert collect(dovecot, ledger) == ReplyReport()


def test_recorded_answer_is_moved_where_that_is_configured(
    dovecot: Dovecot, ledger: Ledger
) -> None:
    dovecot.create("Done")
    dovecot.deliver(answer(open_conversation(ledger), "ok"))
    collect(dovecot, ledger, processed_folder="Done")
    assert (dovecot.flags(), len(dovecot.flags("Done"))) == ({}, 1)


def test_one_mailbox_can_hold_bounces_and_answers(dovecot: Dovecot, ledger: Ledger) -> None:
    """Neither reading hides from the other what it finds nothing in."""
    dovecot.deliver(answer(open_conversation(ledger), "ok"))
    dovecot.deliver(BOUNCE.read_bytes())
    bounces = describe(dovecot, holds="bounces")
    report = collect_bounces(bounces, BounceIds("example.org"), len)
    assert report == BounceReport(read_count=2, bounce_count=1, new_count=1)
    assert collect(dovecot, ledger) == ReplyReport(read_count=1, reply_count=1, new_count=1)


def test_attachment_that_is_not_kept_is_told_in_the_chat(dovecot: Dovecot, ledger: Ledger) -> None:
    chat = open_conversation(ledger)
    octets = answer(chat, "ok")
    mail = EmailMessage(policy=SMTP)
    for line in octets.split(b"\r\n\r\n")[0].decode().split("\r\n"):
        name, _, value = line.partition(": ")
        if name in ("From", "To", "Message-ID"):
            mail[name] = value
    mail.set_content("ok")
    mail.add_attachment(b"\x00", maintype="image", subtype="jpeg", filename="room.jpg")
    dovecot.deliver(mail.as_bytes())
    collect(dovecot, ledger)
    assert answers(ledger) == {"p0000": "ok"}
    assert replies(ledger) == ["ok\n\n[not kept: 1 attachment]"]


def test_mail_that_breaks_our_reading_holds_up_no_other(
    dovecot: Dovecot, ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever a stranger writes: the fault is our own, and the others may need help."""
    chat = open_conversation(ledger)
    for text in ("breaks it, room 7", "help, room 12"):
        dovecot.deliver(answer(chat, text))

    def read(octets: bytes) -> bytes | None:
        if b"breaks it" in octets:
            raise ArithmeticError("room 7")
        return octets

    with open_mailbox(describe(dovecot), read) as opened:
        [batch] = list(opened.read_batches())
        assert sum(b"room 12" in mail.found for mail in batch if mail.found) == 1
        opened.confirm(batch)
    assert sorted("S" in one for one in dovecot.flags().values()) == [False, True]
    [told] = [one for one in caplog.records if one.name == "rollcall.routes.email.mailbox"]
    assert (told.__dict__["error"], "room 7" in caplog.text) == ("ArithmeticError", False)


OUTLOOK = """
From: Emergency Team <emergency@example.org>
Sent: Monday, November 23, 2026 6:00 AM
To: p0000@example.org
Subject: Flood: emergency
"""


@pytest.mark.parametrize(
    "text",
    [
        "OK\n--\nbut my colleague is injured, room 5",
        f"OK\n{OUTLOOK}\nNo - trapped in room 5",
        "Hello\n-----Original Message-----\nNO, I NEED HELP in room 5",
    ],
)
def test_call_for_help_where_others_quote_is_kept_and_never_an_ok(
    dovecot: Dovecot, ledger: Ledger, text: str
) -> None:
    dovecot.deliver(answer(open_conversation(ledger), text))
    collect(dovecot, ledger)
    assert answers(ledger) == {}
    assert replies(ledger) == [text]


def test_call_for_help_written_into_a_quotation_of_html_is_kept(
    dovecot: Dovecot, ledger: Ledger
) -> None:
    chat = open_conversation(ledger)
    for number, start in enumerate(("<p>OK</p>", "")):
        html = f"{start}<blockquote><p>Are you safe?</p><p>NO, I NEED HELP</p></blockquote>"
        octets = answer(chat, f"ok{number}").replace(b"text/plain", b"text/html")
        dovecot.deliver(
            octets.replace(b"ok%d" % number, html.encode(), 2).replace(
                b"<" + html.encode() + b"-", b"<%d-" % number
            )
        )
    collect(dovecot, ledger)
    assert answers(ledger) == {}
    assert len([one for one in replies(ledger) if "> NO, I NEED HELP" in one]) == 2


@pytest.mark.parametrize("below", ["--\nPerson 0, room 5", f"{OUTLOOK}\nAre you safe?"])
def test_ok_above_what_calls_for_no_help_counts_and_all_is_kept(
    dovecot: Dovecot, ledger: Ledger, below: str
) -> None:
    dovecot.deliver(answer(open_conversation(ledger), f"OK\n{below}"))
    collect(dovecot, ledger)
    assert answers(ledger) == {"p0000": "ok"}
    assert replies(ledger) == [f"OK\n{below}"]
