"""What Kannel calls us back with: delivery reports (DLR), and texts of recipients.

Kannel signs nothing, but calls whatever address it was given with a message. So each address holds
a code (`mac`) over the attempt that it is about, made with the route's receipt secret: who knows
the address of one attempt cannot report on another, and who knows only the route's on none.

An inbound text is no answer to a request of ours; the address of those stands in Kannel's own
configuration, and holds the route's secret and, if configured, a token.
"""

import hashlib
import hmac
import re
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

from rollcall.domain.receipts import Receipt, ReceiptState
from rollcall.routes.callbacks import (
    REFERENCE,
    Callback,
    ForgedCallbackError,
    InboundText,
    MalformedCallbackError,
)
from rollcall.routes.sms.kannel_settings import KannelSettings
from rollcall.routes.verdicts import MAX_CODE_CHARACTERS

DLR_MASK = 31
"""Every report there is: delivered 1, failed 2, queued 4, taken by the smsc 8, refused by it 16."""

STATES: tuple[tuple[int, ReceiptState], ...] = (
    (1, "delivered"),
    (2, "failed"),  # 34 is 2 with 32: expired
    (16, "failed"),
    (4, "accepted"),
    (8, "accepted"),
    (32, "accepted"),  # an intermediate report
)
"""Bits of a DLR (Kannel user's guide, "Delivery reports") → what it says; the first that is set."""

DLR_FIELDS = "state=%d&smsc=%i&answer=%A&fid=%F&at=%T"
"""What Kannel puts into the address: bits, smsc-id, the network's words, its id, the second."""

_MAC_CHARACTERS = 32
_NACK = re.compile(r"NACK/([^/]+)")
_SMPP_STATE = re.compile(r"\bstat:([A-Za-z]{1,9})(?:\s+err:([0-9A-Za-z]{1,8}))?")
"""SMPP 3.4 appendix B: `id:… sub:001 … stat:UNDELIV err:001 text:…`; never read past `stat`: the
text of the message follows."""


class _Query(NamedTuple):
    """The parameters of an address, as text and as the bytes that were sent."""

    texts: dict[str, str]
    octets: dict[str, bytes]


def sign_attempt(settings: KannelSettings, attempt_id: str) -> str:
    """Return the code by which an attempt's address proves that we gave it out.

    Raises:
        ForgedCallbackError: The route has no receipt secret: it gives out no addresses.
    """
    if settings.receipt_secret is None:
        raise ForgedCallbackError("this route gave out no address")
    key = settings.receipt_secret.get_secret_value().encode()
    signed = f"kannel/{settings.id}/{attempt_id}".encode()
    return hmac.new(key, signed, hashlib.sha256).hexdigest()[:_MAC_CHARACTERS]


def dlr_url(settings: KannelSettings, address: str, attempt_id: str) -> str:
    """Return the address for an attempt's reports, with what Kannel fills in.

    Args:
        settings: Whose secret it is signed with.
        address: As `callback_url` makes it.
        attempt_id: The attempt.
    """
    escaped = address.replace("%", "%%")  # a % of our own, in Kannel's way of writing
    return f"{escaped}&mac={sign_attempt(settings, attempt_id)}&{DLR_FIELDS}"


def verify_callback(settings: KannelSettings, callback: Callback) -> None:
    """Make sure that Kannel was given this address.

    Raises:
        ForgedCallbackError: The code or the token is missing or wrong.
    """
    query = callback.query()
    if _is_inbound(query):
        return _verify_token(settings, query.get("token", ""))
    expected = sign_attempt(settings, query.get(REFERENCE, ""))
    if not hmac.compare_digest(expected.encode(), query.get("mac", "").encode()):
        raise ForgedCallbackError("the address is none that we gave out")
    return None


def read_report(settings: KannelSettings, callback: Callback) -> Receipt | None:
    """Return what a delivery report says; None for an inbound text.

    Raises:
        MalformedCallbackError: It has no state, or one that Kannel does not know.
    """
    query = callback.query()
    if _is_inbound(query):
        return None
    state = _read_state(query.get("state", ""))
    code = _read_code(query.get("answer", ""))
    return Receipt(
        state=state,
        reference=query.get(REFERENCE) or None,
        provider_id=query.get("fid") or None,
        level="handset" if settings.receipts == "handset" else "carrier",
        is_permanent=state == "failed" and code in settings.permanent_codes,
        code=code,
        occurred_at=_read_moment(query.get("at", "")),
    )


def read_text(callback: Callback) -> InboundText | None:
    """Return the text that a recipient sent; None for a delivery report."""
    query = _read_query(callback)
    if not _is_inbound(query.texts):
        return None
    return InboundText(
        sender=query.texts.get("from", "").strip(),
        receiver=query.texts.get("to", "").strip(),
        text=_decode(query.octets["text"], query.texts.get("coding", "")),
        provider_id=query.texts.get("id") or None,
        sent_at=_read_moment(query.texts.get("at", "")),
    )


def _is_inbound(query: dict[str, str]) -> bool:
    """Tell a text from a report: it carries one, and no reference of ours."""
    return "text" in query and "from" in query and REFERENCE not in query


def _verify_token(settings: KannelSettings, token: str) -> None:
    if settings.inbound_token is None:
        return
    expected = settings.inbound_token.get_secret_value()
    if not hmac.compare_digest(expected.encode(), token.encode()):
        raise ForgedCallbackError("the token of inbound texts is missing or wrong")


def _read_state(told: str) -> ReceiptState:
    if not re.fullmatch(r"[0-9]{1,4}", told):
        raise MalformedCallbackError("state is no number")
    for bit, state in STATES:
        if int(told) & bit:
            return state
    raise MalformedCallbackError("state has no bit that Kannel documents")


def _read_code(answer: str) -> str | None:
    """Pick the code out of the network's words, which may go on to quote the message."""
    if found := _NACK.match(answer):
        return found[1].strip()[:MAX_CODE_CHARACTERS]
    if found := _SMPP_STATE.search(answer):
        return f"{found[1]}/{found[2]}" if found[2] else found[1]
    return None


def _read_moment(told: str) -> datetime | None:
    if not re.fullmatch(r"[0-9]{1,10}", told):
        return None
    return datetime.fromtimestamp(int(told), UTC)


def _read_query(callback: Callback) -> _Query:
    """Read the address byte by byte: UTF-16 text is not UTF-8, which `Callback.query` expects."""
    pairs = parse_qsl(urlsplit(callback.url).query, keep_blank_values=True, encoding="latin-1")
    octets = {name: told.encode("latin-1") for name, told in pairs}
    return _Query({name: part.decode("utf-8", "replace") for name, part in octets.items()}, octets)


def _decode(octets: bytes, coding: str) -> str:
    match coding:
        case "2":
            return octets.decode("utf-16-be", errors="replace")
        case "1":
            return ""  # binary
        case _:
            return octets.decode("utf-8", errors="replace")
