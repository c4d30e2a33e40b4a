"""What an authenticated callback comes to: receipts, wishes for no more texts, and answers."""

import uuid
from datetime import UTC, datetime
from typing import Final

from rollcall.domain.opt_out_words import read_wish
from rollcall.domain.phones import normalise_phone
from rollcall.domain.receipts import Receipt
from rollcall.domain.sayings import Saying, clean_text, derive_text_id, make_saying
from rollcall.ledger.arrivals import Arrival, SenderWish
from rollcall.routes.callbacks import (
    Callback,
    CallbackReader,
    ForgedCallbackError,
    InboundText,
    MalformedCallbackError,
    StaleCallbackError,
)

_NOT_STORABLE: Final = {chr(0), *map(chr, range(0xD800, 0xE000))}
"""NUL, which PostgreSQL has no place for, and halves of characters, which are not UTF-8."""


def read_receipts(reader: CallbackReader, callback: Callback, now: datetime) -> Arrival:
    """Verify a callback, then read what it reports; a stale one too, since a receipt counts once.

    Raises:
        ForgedCallbackError: It does not come from the provider.
        MalformedCallbackError: It is none that the provider documents.
    """
    _verify(reader, callback, now)
    receipts = tuple(reader.read_receipts(callback))
    for receipt in receipts:
        _require_storable(receipt)
    return Arrival(reader.route_id, receipts=receipts)


def read_texts(reader: CallbackReader, callback: Callback, now: datetime) -> Arrival:
    """Verify a callback, then read who wants no more texts, or texts again, and what others say.

    A text that is nothing but STOP or START answers nothing else. A sender that is no telephone
    number (a short code, a company's name) can neither be opted out nor be a member.

    Of a stale callback STOP is taken: who wrote it waits for it to hold, and a replay only keeps
    texts from somebody until their next START. A START is not: its owner may have said STOP since.
    What it says besides was said when the provider had it, or when it was signed, whichever is
    earlier: it undoes nothing that was answered since.

    Raises:
        ForgedCallbackError: It does not come from the provider, or is a START that is stale.
        MalformedCallbackError: It is none that the provider documents.
    """
    signed_at = _verify(reader, callback, now)
    texts = reader.read_inbound(callback)
    wishes = tuple(wish for wish in map(_read_wish, texts) if wish)
    if signed_at is not None and any(one.wish == "start" for one in wishes):
        raise ForgedCallbackError("a START that may be a replay")
    handed_at = min(signed_at or now, now)
    sayings = (_read_saying(reader.route_id, text, handed_at) for text in texts)
    return Arrival(reader.route_id, wishes=wishes, sayings=tuple(filter(None, sayings)))


def _verify(reader: CallbackReader, callback: Callback, now: datetime) -> datetime | None:
    """Verify a callback; return when it was signed if that is so long ago that it may be a replay.

    Raises:
        ForgedCallbackError: It does not come from the provider.
    """
    try:
        reader.verify(callback, now)
    except StaleCallbackError as stale:
        return datetime.fromtimestamp(stale.signed_at_s, UTC)
    return None


def _read_wish(inbound: InboundText) -> SenderWish | None:
    wish = read_wish(inbound.text)
    address = _normalise_sender(inbound.sender) if wish else None
    return SenderWish(address, wish, inbound.provider_id) if wish and address else None


def _read_saying(route_id: str, inbound: InboundText, handed_at: datetime) -> Saying | None:
    """Read what a member may have said; without a provider's id every repeat is another text.

    It is not known by its words: "help" after an "ok" is said anew, whatever was said before.
    """
    sender = _normalise_sender(inbound.sender)
    if sender is None or read_wish(inbound.text) or not clean_text(inbound.text):
        return None
    text_id = derive_text_id("sms", route_id, inbound.provider_id or uuid.uuid4().hex)
    said_at = min(inbound.sent_at or handed_at, handed_at)  # a provider's clock may be fast
    return make_saying(text_id, "sms", sender, inbound.text, said_at)


def _normalise_sender(sender: str) -> str | None:
    """Read a number as providers write it: E.164, also without the plus or with 00 for it."""
    digits = sender.strip()
    if not digits.startswith("+"):
        digits = f"+{digits.removeprefix('00')}"
    return normalise_phone(digits, None)


def _require_storable(receipt: Receipt) -> None:
    for part in (receipt.reference, receipt.provider_id, receipt.code):
        if part and not _NOT_STORABLE.isdisjoint(part):
            raise MalformedCallbackError("an id or a code is no text")
