"""What Telnyx tells of a message after it was taken: signed events, and messages looked up."""

import base64
import binascii
from datetime import datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import JsonValue

from rollcall.clock import parse_instant
from rollcall.domain.receipts import Receipt
from rollcall.routes.callbacks import (
    CLOCK_SKEW_S,
    REFERENCE,
    Callback,
    ForgedCallbackError,
    InboundText,
    MalformedCallbackError,
)
from rollcall.routes.sms.json_answers import pick, pick_text, read_json
from rollcall.routes.sms.telnyx_codes import PERMANENT, RECEIPT_EVENTS, STATES, TEXT_EVENT


def load_public_key(text: str) -> Ed25519PublicKey:
    """Read an account's public key, as Telnyx's portal shows it (Base64).

    Raises:
        ValueError: It is none.
    """
    try:
        return Ed25519PublicKey.from_public_bytes(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError) as error:
        raise ValueError("is no Ed25519 key in Base64") from error


def verify_signature(callback: Callback, public_key: str | None, now: datetime) -> None:
    """Check `telnyx-signature-ed25519`, made over `timestamp|body` at most 5 minutes ago.

    A repeat is as fresh: its body says which attempt it is (`meta.attempt`), and so it has a
    signature of its own. Source: Telnyx's documentation, "Receiving webhooks".

    Raises:
        ForgedCallbackError: The signature is missing, wrong or too old, or there is no key.
    """
    given = callback.headers.get("telnyx-signature-ed25519")
    timestamp = callback.headers.get("telnyx-timestamp")
    if public_key is None or not given or not timestamp:
        raise ForgedCallbackError("not signed by Telnyx")
    try:
        signature = base64.b64decode(given, validate=True)
        signed = timestamp.encode("ascii") + b"|" + callback.body
        load_public_key(public_key).verify(signature, signed)
    except (InvalidSignature, ValueError) as error:
        raise ForgedCallbackError("the signature is not Telnyx's") from error
    if not timestamp.isdecimal() or abs(now.timestamp() - int(timestamp)) > CLOCK_SKEW_S:
        raise ForgedCallbackError("the signature is too old")


def read_receipt_event(callback: Callback) -> list[Receipt]:
    """Read the receipt in an event; empty for an event about something else.

    Raises:
        MalformedCallbackError: It is no event, or has a status that Telnyx does not document.
    """
    event = _read_event(callback)
    if pick_text(event, "event_type") not in RECEIPT_EVENTS:
        return []
    reference = callback.query().get(REFERENCE) or None
    receipt = read_message(pick(event, "payload"), reference, _read_moment(event, "occurred_at"))
    if receipt is None:
        raise MalformedCallbackError("a receipt that Telnyx does not document")
    return [receipt]


def read_text_event(callback: Callback) -> list[InboundText]:
    """Read the text that a recipient sent; empty for an event about something else.

    Raises:
        MalformedCallbackError: It is no event, or lacks sender or receiver.
    """
    event = _read_event(callback)
    if pick_text(event, "event_type") != TEXT_EVENT:
        return []
    sender = pick_text(event, "payload", "from", "phone_number")
    receiver = pick_text(event, "payload", "to", 0, "phone_number")
    if sender is None or receiver is None:
        raise MalformedCallbackError("a text without its sender or receiver")
    text = pick_text(event, "payload", "text") or ""
    own = _read_moment(pick(event, "payload"), "received_at")
    sent_at = own or _read_moment(event, "occurred_at")
    return [InboundText(sender, receiver, text, pick_text(event, "payload", "id"), sent_at)]


def read_message(
    message: JsonValue, reference: str | None, occurred_at: datetime | None = None
) -> Receipt | None:
    """Read the receipt in a message of Telnyx's API; None where it says nothing that we know.

    Args:
        message: A message, of an event or looked up.
        reference: Our reference.
        occurred_at: When the event happened; the message's own times where it is None.
    """
    status, provider_id = pick_text(message, "to", 0, "status"), pick_text(message, "id")
    if status is None or status not in STATES or provider_id is None:
        return None
    state, code = STATES[status], pick_text(message, "errors", 0, "code")
    own = _read_moment(message, "completed_at") or _read_moment(message, "sent_at")
    return Receipt(
        state,
        reference,
        provider_id,
        level="handset" if state == "delivered" else "carrier",
        is_permanent=state == "failed" and PERMANENT.get(code or "", False),
        code=code,
        occurred_at=occurred_at or own,
    )


def _read_event(callback: Callback) -> JsonValue:
    event = pick(read_json(callback.body), "data")
    if pick_text(event, "event_type") is None:
        raise MalformedCallbackError("no event of Telnyx")
    return event


def _read_moment(document: JsonValue, name: str) -> datetime | None:
    try:
        return parse_instant(pick_text(document, name) or "")
    except ValueError:
        return None
