"""An email that answers one of ours: whose it is, and what they wrote themselves.

Vacation notices and other mail that no person wrote answer nothing (RFC 3834), and stay in the
mailbox as they are; so does a mail in which nothing can be read, for a person to look at.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from email.policy import compat32
from email.utils import parseaddr
from hashlib import sha256
from typing import Any, Final

from rollcall.domain.html_text import read_html
from rollcall.domain.personal_links import hide_tokens
from rollcall.domain.quoted_text import divide_reply
from rollcall.domain.reply_addresses import find_reply_tokens

MAX_MAIL_BYTES: Final = 524_288
"""So much of a mail is read: the words stand before the pictures."""

MAX_TEXT_CHARS: Final = 65_536
"""So much of its text is kept."""

MAX_HTML_CHARS: Final = 131_072
"""So much of an HTML part is read."""

MAX_PARTS: Final = 100

_WHERE_TO: Final = (
    ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "X-Delivered-To"),
    ("To", "Cc", "Resent-To"),
)
"""What the mail server says comes before what the writer's program says."""

_MADE_BY_PROGRAMS: Final = ("X-Autoreply", "X-Autorespond", "X-Autoresponder", "X-Auto-Reply")
_BULK: Final = ("bulk", "junk", "list", "auto_reply")


@dataclass(frozen=True, slots=True)
class ReplyMail:
    """One answer by email.

    Attributes:
        token: Whose, as `derive_token` spells it.
        mail_id: What makes the same mail the same.
        text: All that is not certainly quoted, with a line about what was left out.
        answering: The part of it that may answer: without a signature.
        searched: The part in which no call for help may stand beside an OK.
    """

    token: str
    mail_id: str
    text: str
    answering: str
    searched: str


def read_reply(octets: bytes, template: str) -> ReplyMail | None:
    """Read a mail as an answer.

    Args:
        octets: The mail as it arrived; may be cut off.
        template: Of the addresses that answers go to.

    Returns:
        What it says; None if no person wrote it, it was sent to nobody's address or to those of
        several, or nothing can be read in it.
    """
    try:
        mail = message_from_bytes(octets[:MAX_MAIL_BYTES], policy=compat32)
        parts = list(_walk(mail))
    except RecursionError:  # parts in parts in parts: nobody's answer
        return None
    token = _find_token(mail, template)
    if token is None or _is_automatic(mail):
        return None
    text, is_html = _find_text(parts)
    name = _decode(parseaddr(_header(mail, "From"))[0])
    told = divide_reply(text, name, has_sure_marks=not is_html)
    if not told.kept:
        return None
    kept = hide_tokens(told.kept)[:MAX_TEXT_CHARS]
    left_out = sum(_is_attachment(part) for part in parts)
    note = f"\n\n[not kept: {left_out} attachment{'s'[: left_out > 1]}]" if left_out else ""
    answering = told.answering[:MAX_TEXT_CHARS]
    return ReplyMail(token, _identify(mail, octets), kept + note, answering, told.searched)


def _find_token(mail: Message, template: str) -> str | None:
    for names in _WHERE_TO:
        told = ", ".join(_unfold(one) for name in names for one in mail.get_all(name, []))
        tokens = find_reply_tokens(template, told)
        if tokens:
            return tokens.pop() if len(tokens) == 1 else None
    return None


def _is_automatic(mail: Message) -> bool:
    submitted = _header(mail, "Auto-Submitted").split(";")[0].strip().lower()
    return (
        submitted not in ("", "no")
        or any(name in mail for name in _MADE_BY_PROGRAMS)
        or _header(mail, "Precedence").strip().lower() in _BULK
        or _header(mail, "Return-Path").strip() == "<>"
        or mail.get_content_type() == "multipart/report"
    )


def _identify(mail: Message, octets: bytes) -> str:
    return _header(mail, "Message-ID").strip() or sha256(octets).hexdigest()


def _walk(mail: Message, depth: int = 0) -> Iterator[Message]:
    """Yield the parts of a mail that are no containers; a mail in it is one part."""
    # `get_payload` decodes a text right away, and stumbles over character sets that are none
    if mail.get_content_maintype() != "multipart" or not mail.is_multipart():
        yield mail
        return
    payload: Any = mail.get_payload()
    for part in payload[:MAX_PARTS]:
        if isinstance(part, Message) and depth < MAX_PARTS:
            yield from _walk(part, depth + 1)


def _find_text(parts: list[Message]) -> tuple[str, bool]:
    """Return the text, and whether it is the words of the HTML: where nothing is plain."""
    inline = [part for part in parts if part.get_content_disposition() != "attachment"]
    plain = [_read_part(part) for part in inline if part.get_content_type() == "text/plain"]
    if any(text.strip() for text in plain):
        return "\n".join(plain), False
    html = [_read_part(part) for part in inline if part.get_content_type() == "text/html"]
    return "\n".join(read_html(one[:MAX_HTML_CHARS]) for one in html), True


def _is_attachment(part: Message) -> bool:
    """Tell what was left out; a picture that belongs to a signature is no loss."""
    if part.get_content_disposition() == "attachment":
        return True
    is_text = part.get_content_type() in ("text/plain", "text/html")
    is_embedded = part.get_content_maintype() == "image" and "Content-ID" in part
    return not is_text and not is_embedded


def _read_part(part: Message) -> str:
    payload: Any = part.get_payload(decode=True)
    octets = payload if isinstance(payload, bytes) else b""
    try:
        return octets.decode(part.get_content_charset("utf-8"), "replace")
    except (LookupError, ValueError):  # a character set that nobody knows, or that is none
        return octets.decode("utf-8", "replace")


def _header(mail: Message, name: str) -> str:
    return _unfold(mail.get(name, ""))


def _unfold(value: Any) -> str:
    """Return a header as one line; one with bytes that are no ASCII is an object, not a text."""
    return " ".join(str(value).split())


def _decode(name: str) -> str:
    try:
        return str(make_header(decode_header(name)))
    except (ValueError, LookupError):
        return name
