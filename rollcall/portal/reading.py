"""What an authenticated callback comes to: receipts, or who wants no more texts."""

from datetime import datetime
from typing import Final

from rollcall.domain.opt_out_words import read_wish
from rollcall.domain.phones import normalise_phone
from rollcall.domain.receipts import Receipt
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
    _is_fresh(reader, callback, now)
    receipts = tuple(reader.read_receipts(callback))
    for receipt in receipts:
        _require_storable(receipt)
    return Arrival(reader.route_id, receipts=receipts)


def read_wishes(reader: CallbackReader, callback: Callback, now: datetime) -> Arrival:
    """Verify a callback, then read who wants no more texts, or texts again.

    All other texts are acknowledged and not stored: answers of recipients come with chats. A sender
    that is no telephone number (a short code, a company's name) cannot be opted out.

    Of a stale callback STOP is taken: who wrote it waits for it to hold, and a replay only keeps
    texts from somebody until their next START. A START is not: its owner may have said STOP since.

    Raises:
        ForgedCallbackError: It does not come from the provider, or is a START that is stale.
        MalformedCallbackError: It is none that the provider documents.
    """
    is_fresh = _is_fresh(reader, callback, now)
    asked = map(_read_wish, reader.read_inbound(callback))
    wishes = tuple(wish for wish in asked if wish)
    if not is_fresh and any(one.wish == "start" for one in wishes):
        raise ForgedCallbackError("a START that may be a replay")
    return Arrival(reader.route_id, wishes=wishes)


def _is_fresh(reader: CallbackReader, callback: Callback, now: datetime) -> bool:
    """Verify a callback; tell whether it was signed lately, so that it is no replay."""
    try:
        reader.verify(callback, now)
    except StaleCallbackError:
        return False
    return True


def _read_wish(inbound: InboundText) -> SenderWish | None:
    wish = read_wish(inbound.text)
    address = _normalise_sender(inbound.sender) if wish else None
    return SenderWish(address, wish, inbound.provider_id) if wish and address else None


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
