"""SendGrid's event webhook: who signed it, and what its events prove.

The signature (ECDSA over P-256 with SHA-256) covers the timestamp header and the raw body together.
SendGrid repeats for 24 hours what we did not take, and does not say whether a repeat is signed
anew; so events up to a day old count, or an outage of ours would lose them. To replay them gains
nobody anything: the body is signed, and the same report changes nothing.
"""

import base64
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key
from pydantic import JsonValue

from rollcall.domain.receipts import Receipt, ReceiptState
from rollcall.routes.callbacks import (
    CLOCK_SKEW_S,
    Callback,
    ForgedCallbackError,
    MalformedCallbackError,
)
from rollcall.routes.email.replies import NO_SUCH_MAILBOX
from rollcall.routes.email.sendgrid_requests import ATTEMPT

SIGNATURE_HEADER = "x-twilio-email-event-webhook-signature"
TIMESTAMP_HEADER = "x-twilio-email-event-webhook-timestamp"

OLDEST_EVENTS_S = 86_400.0 + CLOCK_SKEW_S
"""How old a signature may be: as long as SendGrid repeats events."""

EVENT_STATES: Mapping[str, ReceiptState] = {
    "processed": "accepted",
    "deferred": "accepted",  # it goes on trying, for 72 hours
    "delivered": "delivered",
    "bounce": "failed",
    "dropped": "failed",
}
"""What an event says of its attempt.

Others say nothing of it: what people do with a message (`open`, `click`), and what they want from
now on (`spamreport`, `unsubscribe`, `group_unsubscribe`, `group_resubscribe`).
"""

DROP_REASONS: Mapping[str, bool] = {
    "bounced address": True,
    "invalid": False,
    "unsubscribed address": False,
    "spam reporting address": False,
    "spam content": False,
    "recipient list over package quota": False,
    "invalid smtpapi header": False,
}
"""Why SendGrid did not even try → whether no other route can reach them.

Only an earlier hard bounce says so. What it holds for invalid others may deliver; and an
unsubscription from other mail of this account is none from warnings of a flood.
"""

BLOCKED = "blocked"
"""The `type` of a bounce that was not for the address's sake: reputation, policy, full mailbox."""

_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")


def load_public_key(text: str) -> ec.EllipticCurvePublicKey:
    """Read the verification key as SendGrid shows it: base64, with or without PEM's two lines.

    Raises:
        ValueError: It is none.
    """
    encoded = "".join(re.sub(r"-----[A-Z ]+-----", "", text).split())
    try:
        key = load_der_public_key(base64.b64decode(encoded, validate=True))
    except (ValueError, UnsupportedAlgorithm) as error:  # binascii.Error is a ValueError
        raise ValueError("webhook_public_key is no public key") from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ValueError("webhook_public_key is no ECDSA key on P-256")  # noqa: TRY004 - for pydantic
    return key


def verify_signature(
    key: ec.EllipticCurvePublicKey | None, callback: Callback, now: datetime
) -> None:
    """Make sure that a callback is signed by SendGrid, and not too long ago.

    Raises:
        ForgedCallbackError: It is not.
    """
    if key is None:
        raise ForgedCallbackError("no webhook_public_key to check events by")
    timestamp = callback.headers.get(TIMESTAMP_HEADER, "")
    if not re.fullmatch(r"\d{9,11}", timestamp):
        raise ForgedCallbackError("the events carry no timestamp")
    if not -CLOCK_SKEW_S <= now.timestamp() - int(timestamp) <= OLDEST_EVENTS_S:
        raise ForgedCallbackError("the events were signed too long ago, or in the future")
    try:
        signature = base64.b64decode(callback.headers.get(SIGNATURE_HEADER, ""), validate=True)
        key.verify(signature, timestamp.encode() + callback.body, ec.ECDSA(hashes.SHA256()))
    except (ValueError, InvalidSignature) as error:
        raise ForgedCallbackError("the events' signature is missing or wrong") from error


def read_events(body: bytes) -> list[Receipt]:
    """Read a request of the webhook: an array of events, of which those with our reference count.

    Raises:
        MalformedCallbackError: It is something else.
    """
    try:
        events: JsonValue = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise MalformedCallbackError("the events are no JSON") from error
    if not isinstance(events, list):
        raise MalformedCallbackError("the events are no array")
    receipts = []
    for event in events:
        if not isinstance(event, dict):
            raise MalformedCallbackError("an event is no object")
        receipts.append(_read_event(event))
    return [receipt for receipt in receipts if receipt is not None]


def _read_event(event: Mapping[str, JsonValue]) -> Receipt | None:
    reference, kind = event.get(ATTEMPT), str(event.get("event"))
    state = EVENT_STATES.get(kind)
    if state is None or not isinstance(reference, str) or not reference:
        return None
    detail, is_permanent = _explain_failure(event, kind)
    return Receipt(
        state=state,
        reference=reference,
        is_permanent=is_permanent,
        code=f"{kind} {detail}" if detail else kind,
        occurred_at=read_unix_time(event.get("timestamp")),
    )


def _explain_failure(event: Mapping[str, JsonValue], kind: str) -> tuple[str, bool]:
    """Return why a message failed, in words of a table, and whether no route can help."""
    if kind == "dropped":
        reason = str(event.get("reason", "")).strip().lower()
        return (reason, DROP_REASONS[reason]) if reason in DROP_REASONS else ("", False)
    if kind != "bounce":
        return "", False
    status = str(event.get("status", "")).strip()
    known = status if _STATUS.fullmatch(status) else ""
    if event.get("type") == BLOCKED:
        return f"{BLOCKED} {known}".strip(), False
    return known, known in NO_SUCH_MAILBOX


def read_unix_time(seconds: JsonValue) -> datetime | None:
    """Read a provider's Unix time; None where it is none."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
