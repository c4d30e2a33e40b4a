"""What an authenticated callback comes to: receipts, or who wants no more texts."""

from datetime import datetime
from typing import Final

from rollcall.domain.opt_out_words import read_wish
from rollcall.domain.phones import normalise_phone
from rollcall.domain.receipts import Receipt
from rollcall.ledger.arrivals import Arrival, SenderWish
from rollcall.routes.callbacks import Callback, CallbackReader, InboundText, MalformedCallbackError

_NOT_STORABLE: Final = {chr(0), *map(chr, range(0xD800, 0xE000))}
"""NUL, which PostgreSQL has no place for, and halves of characters, which are not UTF-8."""


def read_receipts(reader: CallbackReader, callback: Callback, now: datetime) -> Arrival:
    """Verify a callback, then read what it reports.

    Raises:
        ForgedCallbackError: It does not come from the provider.
        MalformedCallbackError: It is none that the provider documents.
    """
    reader.verify(callback, now)
    receipts = tuple(reader.read_receipts(callback))
    for receipt in receipts:
        _require_storable(receipt)
    return Arrival(reader.route_id, receipts=receipts)


def read_wishes(reader: CallbackReader, callback: Callback, now: datetime) -> Arrival:
    """Verify a callback, then read who wants no more texts, or texts again.

    All other texts are acknowledged and not stored: answers of recipients come with chats. A sender
    that is no telephone number (a short code, a company's name) cannot be opted out.

    Raises:
        ForgedCallbackError: It does not come from the provider.
        MalformedCallbackError: It is none that the provider documents.
    """
    reader.verify(callback, now)
    asked = map(_read_wish, reader.read_inbound(callback))
    return Arrival(reader.route_id, wishes=tuple(wish for wish in asked if wish))


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
