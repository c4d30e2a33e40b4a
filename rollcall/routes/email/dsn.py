"""What came back by mail: delivery status notifications (RFC 3464) and their poor relations.

A bounce counts only if it carries an id of ours, and is read for facts only: state, codes and when.

    where our id is looked for          whose it is
    Original-Envelope-Id                the attempt's: we sent it as ENVID (RFC 3461)
    the address it was sent to          the attempt's, where `return_path` is configured
    Message-ID of the returned mail,    the delivery's: some relays replace the Message-ID, so
      or X-Rollcall-Delivery              that our mails say it twice
    In-Reply-To, References             the delivery's
    the text below an old style bounce  the delivery's

    what it says                        receipt
    Action: failed                      failed; permanent by the same codes as an SMTP reply
    Action: delayed, expanded           accepted: the end is open
    Action: delivered, relayed          delivered, as far as mail servers can tell
    a report that lost its fields,      failed, with the code that the text gives; a warning of
      or the text of qmail or an          a delay: accepted
      old Exim
    anything else                       nothing: replies of people, vacation notices, read receipts

A vacation notice has no delivery report in it. `Auto-Submitted` alone decides nothing: Postfix,
Exim and Gmail mark their bounces `auto-replied` as well.

Whoever knows an id can forge a bounce for it; that is the recipient, who thereby says of themselves
that they cannot be reached.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.errors import MessageError
from email.message import Message
from email.policy import compat32
from email.utils import parsedate_to_datetime
from typing import Final

from rollcall.domain.receipts import Receipt, ReceiptState
from rollcall.routes.email.mime import DELIVERY_HEADER
from rollcall.routes.email.replies import RECIPIENT_CODES

MAX_BOUNCE_BYTES: Final = 1_048_576
"""So much of a bounce is read; what follows is the mail that came back."""

MAX_PARTS: Final = 200
"""A bounce has three to ten parts; more are an attack or an accident."""

_STATES: Final[dict[str, ReceiptState]] = {
    "failed": "failed",
    "delayed": "accepted",
    "expanded": "accepted",
    "relayed": "delivered",
    "delivered": "delivered",
}
_STRENGTH: Final[tuple[ReceiptState, ...]] = ("missing", "accepted", "failed", "delivered")

_STATUS_TYPES: Final = ("message/delivery-status", "message/global-delivery-status")
_ID_HEADERS: Final = ("Message-ID", DELIVERY_HEADER, "Original-Message-ID")
_ADDRESSEES: Final = ("To", "Delivered-To", "X-Original-To", "Envelope-To")
_ENCODINGS: Final = ("base64", "quoted-printable")

_QUOTED_HEADER = re.compile(rf"^[> \t]*(?:Message-ID|{DELIVERY_HEADER}):(.*)$", re.I | re.M)
_ENHANCED = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_BASIC = re.compile(r"(?<![\d.])([45]\d\d)(?=[ -])")
_GENERIC = re.compile(r"[245]\.0\.0")
"""Says nothing but the class."""

_QMAIL = re.compile(r"^Hi\. This is the ", re.MULTILINE)
_EXIM = re.compile(r"^This message was created automatically by mail delivery software", re.M)
_IS_WARNING = re.compile(r"\b(warning|delayed|has not (?:yet )?been delivered|no action)\b", re.I)


@dataclass(frozen=True, slots=True)
class BounceIds:
    """By what we recognise our own messages.

    Attributes:
        domain: That of our Message-IDs: the sender's.
        return_path: The template of the envelope's sender, if there is one.
    """

    domain: str
    return_path: str | None = None

    def find_delivery(self, text: str) -> str | None:
        """Find the id of a delivery in a text that quotes our Message-ID."""
        found = re.search(rf"<([A-Za-z0-9._-]{{1,64}})@{re.escape(self.domain)}>", text, re.I)
        return found[1] if found else None

    def find_attempt(self, text: str) -> str | None:
        """Find the id of an attempt in the address that a bounce was sent to."""
        if self.return_path is None:
            return None
        before, after = map(re.escape, self.return_path.split("{attempt}"))
        found = re.search(rf"{before}([A-Za-z0-9._-]{{1,64}}){after}", text, re.I)
        return found[1] if found else None


@dataclass(frozen=True, slots=True)
class _Report:
    """What a bounce says of one recipient."""

    state: ReceiptState
    code: str | None = None
    occurred_at: datetime | None = None


def read_bounce(octets: bytes, ids: BounceIds) -> Receipt | None:
    """Read a mail as a receipt.

    Args:
        octets: The mail as it arrived; may be cut off.
        ids: By what we recognise our own messages.

    Returns:
        What it reports; None if it is no bounce, or none of a message of ours.
    """
    try:
        bounce = message_from_bytes(octets[:MAX_BOUNCE_BYTES], policy=compat32)
    except RecursionError:  # parts in parts in parts: nobody's bounce
        return None
    parts = list(_walk(bounce))
    report = _read_report(parts) or _read_old_style(bounce, parts)
    reference = _find_reference(bounce, parts, ids) if report else None
    if report is None or reference is None:
        return None
    return Receipt(
        state=report.state,
        reference=reference,
        is_permanent=report.state == "failed" and report.code in RECIPIENT_CODES,
        code=report.code,
        occurred_at=report.occurred_at or _read_date(bounce["Date"]),
    )


def _walk(message: Message) -> Iterator[Message]:
    """Yield a mail and its parts, outermost first; `walk` would follow any depth for ever."""
    waiting = [message]
    for _ in range(MAX_PARTS):
        if not waiting:
            return
        part = waiting.pop(0)
        yield part
        payload = part.get_payload()
        if isinstance(payload, list):
            waiting[:0] = [inner for inner in payload if isinstance(inner, Message)]


def _read_report(parts: list[Message]) -> _Report | None:
    """Read the delivery-status parts; of several recipients the strongest statement counts.

    We send to one recipient at a time, so several are where their server forwards our message to.
    """
    reports = [
        report
        for part in parts
        if part.get_content_type() in _STATUS_TYPES
        for report in map(_read_recipient, _field_groups(part))
        if report is not None
    ]
    return max(reports, key=lambda report: _STRENGTH.index(report.state), default=None)


def _field_groups(part: Message) -> list[Message]:
    """Return the groups of fields.

    Python has parsed them as messages already, unless they came encoded or internationalised
    (`global`, RFC 6533).
    """
    payload = part.get_payload()
    inner = payload if isinstance(payload, list) else []
    groups = [one for one in inner if isinstance(one, Message)]
    encoding = str(part.get("Content-Transfer-Encoding", "")).strip().lower()
    is_parsed = part.get_content_type() == _STATUS_TYPES[0] and encoding not in _ENCODINGS
    if is_parsed and any(group.keys() for group in groups):
        return groups
    encoded = Message()
    encoded["Content-Transfer-Encoding"] = encoding
    texts = [group.as_string() for group in groups] or [str(payload)]
    encoded.set_payload("\n".join(texts))
    told = re.split(r"\n\s*\n", _text_of(encoded).strip())
    return [message_from_bytes(group.encode("utf-8", "replace")) for group in told]


def _read_recipient(group: Message) -> _Report | None:
    state = _STATES.get(str(group.get("Action", "")).split("(")[0].strip().lower())
    if state is None:
        return None
    told = str(group.get("Status", "")), str(group.get("Diagnostic-Code", ""))
    occurred_at = _read_date(group.get("Last-Attempt-Date")) or _read_date(
        group.get("Arrival-Date")
    )
    return _Report(state, _choose_code(*told), occurred_at)


def _choose_code(status: str, diagnostic: str) -> str | None:
    """Prefer the more telling of the two codes: Exim's status is 5.0.0, whatever was said."""
    codes = [found[1] for text in (status, diagnostic) if (found := _ENHANCED.search(text))]
    telling = [code for code in codes if not _GENERIC.fullmatch(code)]
    if chosen := (telling or codes):
        return chosen[0]
    basic = _BASIC.search(diagnostic)
    return basic[1] if basic else None


def _read_old_style(bounce: Message, parts: list[Message]) -> _Report | None:
    """Read a bounce that is text only, as qmail and old Exims write it."""
    text = next((_text_of(part) for part in parts if part.get_content_type() == "text/plain"), "")
    is_qmail = bool(_QMAIL.search(text[:500]))
    is_exim = "X-Failed-Recipients" in bounce and bool(_EXIM.search(text[:500]))
    is_cut_report = bounce.get_param("report-type") == "delivery-status"
    if not (is_qmail or is_exim or is_cut_report):
        return None
    own_words = re.split(r"^---.*$", text, maxsplit=1, flags=re.MULTILINE)[0]
    if _IS_WARNING.search(f"{bounce.get('Subject', '')}\n{own_words}"):
        return _Report("accepted")
    found = _ENHANCED.search(own_words) or _BASIC.search(own_words)
    return _Report("failed", found[1] if found else None)


def _find_reference(bounce: Message, parts: list[Message], ids: BounceIds) -> str | None:
    return (
        _find_envelope_id(parts, ids)
        or ids.find_attempt(_addressees(bounce))
        or _find_returned_id(parts[1:], ids)
        or ids.find_delivery(f"{bounce.get('In-Reply-To', '')} {bounce.get('References', '')}")
        or next(filter(None, (_find_quoted_id(part, ids) for part in parts)), None)
    )


def _find_envelope_id(parts: list[Message], ids: BounceIds) -> str | None:
    """Return the attempt whose id we sent as ENVID."""
    for part in parts:
        if part.get_content_type() in _STATUS_TYPES:
            for group in _field_groups(part):
                told = str(group.get("Original-Envelope-Id", "")).strip()
                if found := ids.find_delivery(f"<{told}>"):
                    return found
    return None


def _find_returned_id(parts: list[Message], ids: BounceIds) -> str | None:
    """Return the delivery from the headers of the mail that came back."""
    for part in parts:
        headers = [str(part[name]) for name in _ID_HEADERS if name in part]
        if found := ids.find_delivery(" ".join(headers)):
            return found
    return None


def _find_quoted_id(part: Message, ids: BounceIds) -> str | None:
    """Return the delivery from headers that came back as text."""
    if part.get_content_maintype() != "text" and part.get_content_type() != "message/rfc822":
        return None
    for line in _QUOTED_HEADER.findall(_text_of(part)):
        if found := ids.find_delivery(line):
            return found
    return None


def _addressees(bounce: Message) -> str:
    return " ".join(str(value) for name in _ADDRESSEES for value in bounce.get_all(name, []))


def _text_of(part: Message) -> str:
    """Return a part's text, however it is encoded, and whatever it claims to be."""
    try:
        octets = part.get_payload(decode=True)
    except (MessageError, ValueError):
        return ""
    if not isinstance(octets, bytes):
        return ""
    charset = part.get_content_charset("utf-8")
    try:
        return octets.decode(charset, "replace").replace("\r\n", "\n")
    except LookupError:  # a charset that nobody knows
        return octets.decode("latin-1").replace("\r\n", "\n")


def _read_date(field: object) -> datetime | None:
    if field is None:
        return None
    try:
        moment = parsedate_to_datetime(str(field))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
