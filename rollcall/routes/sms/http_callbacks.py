"""What a carrier that is addressed by configuration calls us back with, and how that is read.

A callback is signed, or it counts for nothing: HMAC-SHA256 with a secret that carrier and we share,
over the body as it was sent, or over the address where everything stands in that.
"""

import base64
import binascii
import hashlib
import hmac
import json
import re
from datetime import UTC, datetime
from typing import Literal, NamedTuple

from pydantic import JsonValue

from rollcall.clock import parse_instant
from rollcall.domain.receipts import EvidenceLevel, Receipt, ReceiptState
from rollcall.routes.callbacks import (
    CLOCK_SKEW_S,
    REFERENCE,
    Callback,
    ForgedCallbackError,
    InboundText,
    MalformedCallbackError,
)
from rollcall.routes.sms.http_callback_settings import (
    CallbackFields,
    CallbackSignature,
    InboundFields,
    ReceiptFields,
)
from rollcall.routes.sms.paths import find_place, follow_path
from rollcall.routes.verdicts import MAX_CODE_CHARACTERS

MILLISECONDS_FROM = 10_000_000_000
"""Unix times above are milliseconds: as seconds they would lie behind the year 2286."""


def verify_signature(
    signature: CallbackSignature | None, callback: Callback, now: datetime
) -> None:
    """Make sure that a callback is the carrier's.

    Raises:
        ForgedCallbackError: No signature is configured; or it is missing, wrong or too old.
    """
    if signature is None:
        raise ForgedCallbackError("no callback_signature is configured")
    timestamp = ""
    if signature.timestamp_header is not None:
        timestamp = callback.headers.get(signature.timestamp_header.lower(), "")
        _check_age(timestamp, now)
    told = callback.headers.get(signature.header.lower(), "")
    if not told.startswith(signature.prefix):
        raise ForgedCallbackError("the signature is missing or of another kind")
    received = _decode_digest(told.removeprefix(signature.prefix).strip(), signature.encoding)
    if not hmac.compare_digest(make_digest(signature, callback, timestamp), received):
        raise ForgedCallbackError("the signature is wrong")


def make_digest(signature: CallbackSignature, callback: Callback, timestamp: str = "") -> bytes:
    """Return the digest that a callback is to be signed with.

    Args:
        signature: The secret, and what is signed.
        callback: What is signed.
        timestamp: What its timestamp header says, where there is to be one.
    """
    content = callback.body if signature.signed == "body" else callback.url.encode()
    if signature.timestamp_header is not None:
        content = f"{timestamp}{signature.timestamp_separator}".encode() + content
    return hmac.new(signature.secret.get_secret_value().encode(), content, hashlib.sha256).digest()


class CallbackContent(NamedTuple):
    """What one callback holds: receipts, or texts of recipients."""

    receipts: list[Receipt]
    texts: list[InboundText]


def read_callback(
    receipt_fields: ReceiptFields | None,
    inbound_fields: InboundFields | None,
    callback: Callback,
    level: EvidenceLevel,
) -> CallbackContent:
    """Read a callback as the one or the other; what reads as a receipt is no text.

    Args:
        receipt_fields: Where the parts of a receipt stand, if any are to come.
        inbound_fields: Where the parts of a text stand, if any are to come.
        callback: What came in; verified.
        level: How far its receipts see.

    Raises:
        MalformedCallbackError: It is neither.
    """
    complaints: list[MalformedCallbackError] = []
    try:
        if receipt_fields and (receipts := read_receipts(receipt_fields, callback, level)):
            return CallbackContent(receipts, [])
    except MalformedCallbackError as malformed:
        complaints.append(malformed)  # a text may come in another format than receipts
    try:
        if inbound_fields and (texts := read_inbound(inbound_fields, callback)):
            return CallbackContent([], texts)
    except MalformedCallbackError as malformed:
        complaints.append(malformed)
    if complaints:
        raise complaints[0]
    raise MalformedCallbackError("it holds neither a receipt nor a text")


def read_receipts(fields: ReceiptFields, callback: Callback, level: EvidenceLevel) -> list[Receipt]:
    """Return what a callback reports; empty if it holds no state, as an inbound text does.

    Of several reports those with an unlisted word are left out, unless all are such.

    Args:
        fields: Where everything stands.
        callback: What came in; verified.
        level: How far its receipts see.

    Raises:
        MalformedCallbackError: It is not of its format, or no word of it is listed.
    """
    stated = [
        (report, word)
        for report in _read_reports(fields, callback)
        if (word := _pick(fields, report, fields.state)) is not None
    ]
    receipts = [
        _make_receipt(fields, report, state, level, callback)
        for report, word in stated
        if (state := fields.states.look_up(word)) is not None
    ]
    if stated and not receipts:
        raise MalformedCallbackError("its state is none of receipt_fields.states")
    return receipts


def read_inbound(fields: InboundFields, callback: Callback) -> list[InboundText]:
    """Return the texts that a callback hands over; empty if it holds none.

    Raises:
        MalformedCallbackError: It is not of its format.
    """
    texts = []
    for report in _read_reports(fields, callback):
        sender = _pick(fields, report, fields.sender)
        text = (
            find_place(report, fields.text) if fields.format == "json" else report.get(fields.text)
        )
        if sender is not None and isinstance(text, str):
            receiver = _pick(fields, report, fields.receiver) or ""
            provider_id = _pick(fields, report, fields.provider_id)
            sent_at = _read_moment(_pick(fields, report, fields.sent_at))
            texts.append(InboundText(sender, receiver, text, provider_id, sent_at))
    return texts


def _make_receipt(
    fields: ReceiptFields,
    report: dict[str, JsonValue],
    state: ReceiptState,
    level: EvidenceLevel,
    callback: Callback,
) -> Receipt:
    code = _pick(fields, report, fields.code)
    word = _pick(fields, report, fields.state)
    is_permanent = word in fields.states.permanent or code in fields.permanent_codes
    return Receipt(
        state=state,
        reference=_pick(fields, report, fields.reference) or callback.query().get(REFERENCE),
        provider_id=_pick(fields, report, fields.provider_id),
        level=level,
        is_permanent=state == "failed" and is_permanent,
        code=code[:MAX_CODE_CHARACTERS] if code else None,
        occurred_at=_read_moment(_pick(fields, report, fields.occurred_at)),
    )


def _check_age(timestamp: str, now: datetime) -> None:
    if not re.fullmatch(r"[0-9]{1,11}", timestamp):
        raise ForgedCallbackError("the signature's time is missing")
    if abs(now.timestamp() - int(timestamp)) > CLOCK_SKEW_S:
        raise ForgedCallbackError("the signature is too old, or from the future")


def _decode_digest(told: str, encoding: Literal["hex", "base64"]) -> bytes:
    try:
        return bytes.fromhex(told) if encoding == "hex" else base64.b64decode(told, validate=True)
    except (ValueError, binascii.Error):
        raise ForgedCallbackError("the signature is not written as it should be") from None


def _read_reports(fields: CallbackFields, callback: Callback) -> list[dict[str, JsonValue]]:
    match fields.format:
        case "query":
            return [dict(callback.query())]
        case "form":
            return [dict(callback.form())]
        case "json":
            return _read_json_reports(callback.body, fields.list_path)


def _read_json_reports(body: bytes, list_path: str | None) -> list[dict[str, JsonValue]]:
    try:
        document: JsonValue = json.loads(body)
    except (ValueError, RecursionError):
        raise MalformedCallbackError("the body is no JSON") from None
    place = find_place(document, list_path) if list_path else document
    reports = place if isinstance(place, list) else [place]
    return [report for report in reports if isinstance(report, dict)]


def _pick(fields: CallbackFields, report: dict[str, JsonValue], path: str | None) -> str | None:
    if path is None or fields.format == "json":
        return follow_path(report, path)
    return follow_path([report.get(path)], "0")  # a form's names may hold dots


def _read_moment(told: str | None) -> datetime | None:
    """Read when something happened; None where it cannot be read: the receipt counts anyway."""
    try:
        if told is None or not re.fullmatch(r"[0-9]{1,14}", told):
            return parse_instant(told) if told else None
        unix = int(told)
        return datetime.fromtimestamp(unix / 1000 if unix > MILLISECONDS_FROM else unix, UTC)
    except (ValueError, OverflowError):
        return None
