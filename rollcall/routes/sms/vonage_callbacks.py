"""What Vonage tells of a message after it was taken: signed callbacks of its two messaging APIs.

An account's setting "default SMS API" decides which form its callbacks have: that of the SMS API
(`messageId`, `err-code`; signed by the parameter `sig`) or of the Messages API (`message_uuid`,
`error`; signed by a token in the header `Authorization`).
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import urlsplit

import jwt
from pydantic import JsonValue

from rollcall.clock import parse_instant
from rollcall.domain.receipts import Receipt
from rollcall.routes.callbacks import (
    REFERENCE,
    Callback,
    ForgedCallbackError,
    InboundText,
    MalformedCallbackError,
    require_recent,
)
from rollcall.routes.sms.json_answers import pick_text, read_json
from rollcall.routes.sms.vonage_codes import PERMANENT, STATES

SignatureMethod = Literal["md5hash", "md5", "sha1", "sha256", "sha512", "jwt"]
"""How callbacks are signed: a hash of parameters and secret, an HMAC of them, or a token."""

REPEATS_FOR_S = 72 * 3600.0
"""How long Vonage repeats what it got no 200 for: receipts for 72 hours, texts for 24. Source:
Vonage's support, article 226572227. Whether a repeat is signed anew is told nowhere."""

SHORTEST_NUMBER = 7
"""Digits of the shortest number of a country; shorter ones are short codes."""


def verify_callback(
    callback: Callback, secret: str, method: SignatureMethod, now: datetime
) -> None:
    """Make sure that a callback is signed by the configured method, at most 5 minutes ago.

    Raises:
        StaleCallbackError: It is signed longer ago, but Vonage may still repeat it.
        ForgedCallbackError: The signature is missing, wrong or older still.
    """
    if method == "jwt":
        _verify_token(callback, secret, now)
    else:
        _verify_sig(callback, secret, method, now)


def read_receipt_callback(callback: Callback) -> list[Receipt]:
    """Read the receipt of either API; empty for a text of a recipient.

    Raises:
        MalformedCallbackError: It is neither, or has a status that Vonage does not document.
    """
    told = _read_parameters(callback)
    status = pick_text(told, "status")
    if status is None:
        _require_text(told)
        return []
    # our reference in the parameters is signed, that in the address is not: it comes first
    signed = pick_text(told, "client-ref") or pick_text(told, "client_ref")
    reference = signed or callback.query().get(REFERENCE) or None
    provider_id = _read_id(told)
    if status not in STATES or (reference is None and provider_id is None):
        raise MalformedCallbackError("a receipt that Vonage does not document")
    state, code = STATES[status], _read_code(told)
    return [
        Receipt(
            state,
            reference,
            provider_id,
            level="handset" if state == "delivered" else "carrier",
            is_permanent=state == "failed" and PERMANENT.get(code or "", False),
            code=code,
            occurred_at=_read_moment(told),
        )
    ]


def read_text_callback(callback: Callback) -> list[InboundText]:
    """Read the text that a recipient sent; a long one comes in parts, each a text of its own.

    Raises:
        MalformedCallbackError: It is neither a text nor a receipt.
    """
    told = _read_parameters(callback)
    if pick_text(told, "status") is not None:
        return []
    sender, receiver = _require_text(told)
    text, sent_at = pick_text(told, "text") or "", _read_sent_at(told)
    return [InboundText(sender, receiver, text, _read_id(told), sent_at)]


def _verify_token(callback: Callback, secret: str, now: datetime) -> None:
    scheme, _, token = callback.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise ForgedCallbackError("not signed by Vonage")
    claims = _read_claims(token.strip(), secret)
    told, body_hash = claims["payload_hash"], hashlib.sha256(callback.body).hexdigest()
    if not isinstance(told, str) or not _is_same(body_hash, told.lower()):
        raise ForgedCallbackError("the token is of another body")
    _require_recent(claims["iat"], now)


def _read_claims(token: str, secret: str) -> dict[str, object]:
    """Open a token; the algorithm is ours to say, and its times are compared with our clock."""
    options: jwt.types.Options = {
        "require": ["iat", "payload_hash"],
        "verify_exp": False,
        "verify_iat": False,
        "verify_nbf": False,
        "verify_aud": False,
    }
    try:
        claims: dict[str, object] = jwt.decode(token, secret, algorithms=["HS256"], options=options)
    except jwt.InvalidTokenError as error:
        raise ForgedCallbackError("the token is not Vonage's") from error
    return claims


def _verify_sig(callback: Callback, secret: str, method: SignatureMethod, now: datetime) -> None:
    try:
        told = _read_parameters(callback)
    except MalformedCallbackError as error:
        raise ForgedCallbackError("nothing of it is signed") from error
    parameters = {name: _spell(field) for name, field in told.items() if name != REFERENCE}
    given = parameters.pop("sig", "")
    if not given or not _is_same(_sign(parameters, secret, method), given.lower()):
        raise ForgedCallbackError("the signature is missing, or not Vonage's")
    timestamp = parameters.get("timestamp", "")
    _require_recent(int(timestamp) if timestamp.isdecimal() else None, now)


def _sign(parameters: Mapping[str, str], secret: str, method: SignatureMethod) -> str:
    """Sign parameters as Vonage's SDKs do: sorted, with `&` and `=` in their values defused."""
    signed = "".join(
        f"&{name}={parameters[name].replace('&', '_').replace('=', '_')}"
        for name in sorted(parameters)
    )
    if method == "md5hash":
        return hashlib.md5((signed + secret).encode()).hexdigest()  # noqa: S324 - the vendor's default
    return hmac.new(secret.encode(), signed.encode(), method).hexdigest()


def _require_recent(moment_s: object, now: datetime) -> None:
    if not isinstance(moment_s, int | float):
        raise ForgedCallbackError("the signature has no time")
    require_recent(moment_s, now, REPEATS_FOR_S)


def _is_same(expected: str, given: str) -> bool:
    return hmac.compare_digest(expected.encode(), given.encode())


def _read_parameters(callback: Callback) -> dict[str, JsonValue]:
    """Read the parameters, wherever the account's settings put them: address, form or JSON."""
    if callback.method == "GET":
        return dict(callback.query())
    document = read_json(callback.body)
    return document if isinstance(document, dict) else dict(callback.form())


def _spell(field: JsonValue) -> str:
    return field if isinstance(field, str) else json.dumps(field)


def _read_id(told: JsonValue) -> str | None:
    return pick_text(told, "messageId") or pick_text(told, "message_uuid")


def _read_code(told: JsonValue) -> str | None:
    """Read the code of an error: `err-code` (0 is none), or the last part of the error's type."""
    code = pick_text(told, "err-code")
    kind = urlsplit(pick_text(told, "error", "type") or "").fragment
    return (code if code != "0" else None) or kind or None


def _read_moment(told: JsonValue) -> datetime | None:
    """Read when it happened: `scts`, YYMMDDHHMM of the carrier's receipt, or an ISO timestamp."""
    scts, timestamp = pick_text(told, "scts"), pick_text(told, "timestamp")
    try:
        if scts is not None:
            return datetime.strptime(scts, "%y%m%d%H%M").replace(tzinfo=UTC)
        return parse_instant(timestamp or "")
    except ValueError:
        return None


def _read_sent_at(told: JsonValue) -> datetime | None:
    """Read when a text came: `message-timestamp` in UTC, without an offset, or as of a receipt.

    Source: Vonage's guide "Inbound SMS". Its `timestamp` is of the signature there.
    """
    try:
        moment = datetime.fromisoformat(pick_text(told, "message-timestamp") or "")
    except ValueError:
        return _read_moment(told)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


def _require_text(told: JsonValue) -> tuple[str, str]:
    """Return sender and receiver of a text."""
    sender = pick_text(told, "msisdn") or pick_text(told, "from")
    receiver = pick_text(told, "to")
    if sender is None or receiver is None or _read_id(told) is None:
        raise MalformedCallbackError("neither a receipt nor a text")
    return _write_e164(sender), _write_e164(receiver)


def _write_e164(number: str) -> str:
    """Put the plus before a number, which Vonage leaves out."""
    is_number = number.isascii() and number.isdecimal() and len(number) >= SHORTEST_NUMBER
    return f"+{number}" if is_number else number
