"""The bytes of one email: a body shared by all who get the same content, and a head of their own.

Building a multipart message takes a millisecond with `EmailMessage`; the same content goes to many,
so its body is built once and kept. Parts are base64: no line is too long, and no server needs
8BITMIME.
"""

import re
from datetime import datetime
from email.charset import BASE64, SHORTEST, Charset
from email.header import Header
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from email.policy import compat32
from email.utils import format_datetime, formataddr, parseaddr
from functools import lru_cache

from rollcall.domain.reply_addresses import write_reply_address
from rollcall.routes.base import Submission

BOUNDARY = "=_rollcall_alternative"
"""Cannot occur in a part: base64 has no underscore."""

DELIVERY_HEADER = "X-Rollcall-Delivery"
"""Says the Message-ID once more: some relays (Amazon SES) put their own in its place, and a bounce
then holds only theirs."""


def _own_utf_8() -> Charset:
    charset = Charset("utf-8")
    charset.header_encoding, charset.body_encoding = SHORTEST, BASE64
    return charset


UTF_8 = _own_utf_8()
"""A name alone would be looked up in a table of the whole process, which others change: Apprise
makes "utf-8" quoted-printable when it is imported."""

_CRLF = compat32.clone(linesep="\r\n")
_REFERENCE = re.compile(r"[A-Za-z0-9._-]+")
_ADDRESS = re.compile(r"[^\s<>\"(),:;@\\\x00-\x20\x7f]+@[^\s<>\"(),:;@\\\x00-\x20\x7f]+")


class MessageBuilder:
    """Builds the messages of one sender.

    Args:
        sender: Whom recipients see: an address, with or without a name before it.
        return_path: Where bounces go, with `{attempt}` for the attempt; None for the sender.
        reply_to: Where answers go, with `{token}` for whose they are; None for the sender.
    """

    def __init__(
        self, sender: str, return_path: str | None = None, reply_to: str | None = None
    ) -> None:
        self._return_path = return_path
        self._reply_to = reply_to
        name, self.sender_address = parseaddr(sender)
        self.sender_domain = self.sender_address.rpartition("@")[2]
        self._from = formataddr((name, self.sender_address), UTF_8)

    def build(self, submission: Submission, mailbox: str, sent_at: datetime) -> bytes:
        """Build one message, CRLF ended, not yet dot-stuffed.

        The Message-ID is `<delivery_id@sender's domain>`: the same on every try, so that a mailbox
        that gets a message twice can show it once, and a bounce names its delivery.

        Args:
            submission: The message.
            mailbox: Its address as `parse_mailbox` returned it.
            sent_at: For the Date header.

        Raises:
            ValueError: The delivery's id cannot stand in a header.
        """
        message_id = format_message_id(submission.delivery_id, self.sender_domain)
        head = (
            f"From: {self._from}\r\n"
            f"To: {mailbox}\r\n"
            f"Subject: {encode_subject(submission.subject or '')}\r\n"
            f"Date: {_format_date(sent_at.replace(microsecond=0))}\r\n"
            f"Message-ID: {message_id}\r\n"
            f"{DELIVERY_HEADER}: {message_id}\r\n"
            "Auto-Submitted: auto-generated\r\n"
        )
        if self._reply_to and submission.reply_token:
            answered_to = write_reply_address(self._reply_to, submission.reply_token)
            head += f"Reply-To: {answered_to}\r\n"
        return head.encode() + render_body(submission.text, submission.html)

    def envelope_id(self, attempt_id: str) -> str:
        """Return what servers that know DSN are to call an attempt (RFC 3461 §5.4)."""
        return f"{attempt_id}@{self.sender_domain}"

    def envelope_sender(self, attempt_id: str) -> str:
        """Return the address to which servers report about an attempt.

        Raises:
            ValueError: The attempt's id cannot stand in a command.
        """
        if not _REFERENCE.fullmatch(attempt_id):
            raise ValueError("this attempt_id cannot stand in an SMTP command")
        if self._return_path is None:
            return self.sender_address
        return self._return_path.format(attempt=attempt_id)


def format_message_id(delivery_id: str, sender_domain: str) -> str:
    """Return the Message-ID of a delivery, in its angle brackets.

    Raises:
        ValueError: The delivery's id cannot stand in a header.
    """
    if not _REFERENCE.fullmatch(delivery_id):
        raise ValueError("this delivery_id cannot stand in a Message-ID")
    return f"<{delivery_id}@{sender_domain}>"


def flatten_subject(subject: str) -> str:
    """Return a subject as one line: line breaks and other control characters become blanks."""
    return " ".join(re.sub(r"[\x00-\x1f\x7f\x85\u2028\u2029]", " ", subject).split())


def parse_mailbox(address: str) -> str:
    """Read one plain `local@domain`, its domain in ASCII (IDNA), fit for headers and commands.

    Raises:
        ValueError: It is something else: quoted, with a name, blanks, control characters or a
        second @.
    """
    if not _ADDRESS.fullmatch(address):
        raise ValueError("not a plain email address")
    local, domain = address.split("@")
    return f"{local}@{_encode_domain(domain)}"


@lru_cache(maxsize=4096)
def _encode_domain(domain: str) -> str:
    return domain.encode("idna").decode("ascii")


@lru_cache(maxsize=4)
def _format_date(moment: datetime) -> str:
    return format_datetime(moment)


@lru_cache(maxsize=64)
def encode_subject(subject: str) -> str:
    """Encode a subject for its header (RFC 2047), folded; line breaks in it become blanks."""
    one_line = flatten_subject(subject)
    return Header(
        one_line, UTF_8 if not one_line.isascii() else None, header_name="Subject"
    ).encode(linesep="\r\n")


@lru_cache(maxsize=64)
def render_body(text: str, html: str | None) -> bytes:
    """Render the MIME headers and body of a content: text, or text and HTML to choose from."""
    plain = _text_part(text, "plain")
    if html is None:
        return _end_line(plain.as_bytes(policy=_CRLF))
    both = MIMEMultipart("alternative", BOUNDARY)
    both.attach(plain)
    both.attach(_text_part(html, "html"))
    return _end_line(both.as_bytes(policy=_CRLF))


def _text_part(text: str, subtype: str) -> MIMENonMultipart:
    part = MIMENonMultipart("text", subtype)
    part.set_payload(text, UTF_8)
    return part


def _end_line(message: bytes) -> bytes:
    return message if message.endswith(b"\r\n") else message + b"\r\n"
