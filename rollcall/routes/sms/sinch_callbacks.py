"""What Sinch calls us back with: reports and inbound texts, and proof that it is Sinch."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any

from rollcall.domain.receipts import Receipt
from rollcall.routes.callbacks import (
    REFERENCE,
    Callback,
    ForgedCallbackError,
    InboundText,
    MalformedCallbackError,
    require_recent,
)
from rollcall.routes.sms.documents import (
    read_callback_object,
    read_code,
    read_moment,
    read_number,
    read_part,
    read_text,
)
from rollcall.routes.sms.sinch_batches import RecipientKey, name_part, read_reference
from rollcall.routes.sms.sinch_codes import judge_report

SIGNATURE = "x-sinch-webhook-signature"
ALGORITHM = "HmacSHA256"
REPEATS_FOR_S = 81_920.0
"""How long Sinch repeats what it got no answer for; whether it signs a repeat anew is told nowhere.
Source: the vendor's SDK for Java, `WebHooksService`."""

BULK = "bulk-"
"""How the client reference of a batch for several begins; for one it is the attempt's id."""

_RECIPIENT_REPORTS = {"recipient_delivery_report_sms", "recipient_delivery_report_mms"}
_BATCH_REPORTS = {"delivery_report_sms", "delivery_report_mms"}
_TEXTS = {"mo_text", "mo_binary", "mo_media"}


def verify_signature(callback: Callback, secret: str | None, now: datetime) -> None:
    """Make sure that Sinch signed a body, and lately (HMAC-SHA256 of body, nonce and timestamp).

    Raises:
        StaleCallbackError: It is signed longer ago, but Sinch may still repeat it.
        ForgedCallbackError: A part of the signature is missing, wrong, or older still.
    """
    headers = callback.headers
    signature, nonce, timestamp = (
        headers.get(name, "")
        for name in (SIGNATURE, f"{SIGNATURE}-nonce", f"{SIGNATURE}-timestamp")
    )
    if not (secret and signature and nonce and timestamp):
        raise ForgedCallbackError("not signed")
    if headers.get(f"{SIGNATURE}-algorithm", ALGORITHM).lower() != ALGORITHM.lower():
        raise ForgedCallbackError("signed by another algorithm")
    signed = b".".join((callback.body, nonce.encode(), timestamp.encode()))
    expected = base64.b64encode(hmac.digest(secret.encode(), signed, hashlib.sha256))
    if not hmac.compare_digest(expected, signature.encode()):
        raise ForgedCallbackError("wrong signature")
    require_recent(_read_timestamp(timestamp).timestamp(), now, REPEATS_FOR_S)


def read_receipts(callback: Callback, key: RecipientKey) -> list[Receipt]:
    """Return what a callback reports about one recipient; nothing for a report about a whole batch.

    Raises:
        MalformedCallbackError: It is no callback that Sinch documents.
    """
    document = _read_document(callback)
    if document["type"] not in _RECIPIENT_REPORTS:
        return []
    recipient = read_text(document, "recipient")
    if recipient is None:
        raise MalformedCallbackError("the report names no recipient")
    reference = callback.query().get(REFERENCE) or read_client_reference(document)
    attempt_id = read_reference(reference, key.name(recipient)) if reference else None
    return [read_report(document, attempt_id, key)]


def read_report(document: dict[str, Any], attempt_id: str | None, key: RecipientKey) -> Receipt:
    """Read a report about one recipient, as it is called back or looked up.

    Raises:
        MalformedCallbackError: It lacks what every report has.
    """
    status, batch_id = read_text(document, "status"), read_text(document, "batch_id")
    recipient = read_text(document, "recipient")
    if status is None or batch_id is None or recipient is None:
        raise MalformedCallbackError("the report lacks status, batch or recipient")
    code = read_code(document, "code")
    meaning = judge_report(status, code)
    return Receipt(
        state=meaning.state,
        reference=attempt_id,
        provider_id=name_part(batch_id, key.name(recipient)),
        level="handset" if meaning.state == "delivered" else "carrier",
        is_permanent=meaning.is_permanent,
        code=" ".join(filter(None, (code, read_code(document, "status")))) or None,
        occurred_at=read_moment(document, "at"),
    )


def read_client_reference(document: dict[str, Any]) -> str | None:
    """Return the attempt that a client reference is, None for a bulk's or none."""
    reference = read_text(document, "client_reference")
    return reference if reference and not reference.startswith(BULK) else None


def read_inbound(callback: Callback) -> list[InboundText]:
    """Return the text that a callback hands over; without words where it was a picture or data.

    Raises:
        MalformedCallbackError: It is no callback that Sinch documents.
    """
    document = _read_document(callback)
    if document["type"] not in _TEXTS:
        return []
    told = {"mo_text": document.get("body"), "mo_media": read_part(document, "body").get("message")}
    text = told.get(document["type"])
    return [
        InboundText(
            sender=_read_sender(document),
            receiver=read_number(document, "to") or "",
            text=text if isinstance(text, str) else "",
            provider_id=read_text(document, "id"),
            sent_at=read_moment(document, "received_at"),  # the operator's own `sent_at` may err
        )
    ]


def _read_document(callback: Callback) -> dict[str, Any]:
    document = read_callback_object(callback.body)
    if read_text(document, "type") not in _RECIPIENT_REPORTS | _BATCH_REPORTS | _TEXTS:
        raise MalformedCallbackError("of a type that Sinch does not document")
    return document


def _read_timestamp(timestamp: str) -> datetime:
    try:
        return datetime.fromtimestamp(int(timestamp), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise ForgedCallbackError("signed at no time") from error


def _read_sender(document: dict[str, Any]) -> str:
    sender = read_number(document, "from")
    if sender is None:
        raise MalformedCallbackError("the text has no sender")
    return sender
