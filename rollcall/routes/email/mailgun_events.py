"""Mailgun's events, from its webhooks or when it is asked: who signed them, and what they prove.

The signature of a webhook (HMAC-SHA-256) covers a timestamp and a token, and not the event itself:
who has seen one could put another event to it. What keeps them out is TLS and the secret in the
address. Mailgun repeats for 8 hours what we did not take, and does not say whether a repeat is
signed anew; so a signature counts for that long, or an outage of ours would lose events. A repeat
of the same event changes nothing.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime

from pydantic import JsonValue, SecretStr

from rollcall.domain.receipts import Receipt, ReceiptState
from rollcall.routes.callbacks import CLOCK_SKEW_S, ForgedCallbackError, MalformedCallbackError
from rollcall.routes.email.mailgun_requests import ATTEMPT
from rollcall.routes.email.replies import NO_SUCH_MAILBOX
from rollcall.routes.email.sendgrid_events import read_unix_time

OLDEST_EVENT_S = 8 * 3600.0 + CLOCK_SKEW_S
"""How old a signature may be: as long as Mailgun repeats events."""

MOST_FOUND = 300
"""Most events on a page of a search, by its documentation; a full page may not be all."""

OVERLAP_S = 300.0
"""How much earlier than we submitted it an attempt is searched: clocks differ."""

SETTLED_AFTER_S = 1800.0
"""How long events may take until a search finds them: half an hour (from memory)."""

KEPT_FOR_S = 86_400.0
"""How long events can be searched at least: a day, with a free account."""

EVENT_STATES: Mapping[str, ReceiptState] = {
    "accepted": "accepted",
    "delivered": "delivered",
    "failed": "failed",
    "rejected": "failed",
}
"""What an event says of its attempt; `failed` only if its severity is `permanent`.

Others say nothing of it: what people do with a message (`opened`, `clicked`), what they want from
now on (`unsubscribed`, `complained`), what is kept (`stored`).
"""

FAILURE_REASONS: Mapping[str, bool] = {
    "bounce": True,
    "suppress-bounce": True,
    "suppress-unsubscribe": False,
    "suppress-complaint": False,
    "generic": False,
    "espblock": False,
    "old": False,
}
"""The `reason` of a failure → whether no other route can reach them.

"Permanent" is Mailgun's word for having given up, be it after hours of a full mailbox. Only where
the mailbox does not exist can nobody help, and if the mail server gave an enhanced code, that
decides (`replies.NO_SUCH_MAILBOX`). An unsubscription from other mail is none from warnings.
"""

_ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
_STRONGEST_FIRST: tuple[ReceiptState, ...] = ("delivered", "failed", "accepted")


def verify_signature(key: SecretStr | None, body: bytes, now: datetime) -> None:
    """Make sure that a webhook's event is signed by Mailgun, and not too long ago.

    Raises:
        ForgedCallbackError: It is not.
    """
    if key is None:
        raise ForgedCallbackError("no webhook_signing_key to check events by")
    signature = _part(_read_object(body), "signature")
    timestamp, token = str(signature.get("timestamp")), str(signature.get("token"))
    if not re.fullmatch(r"\d{9,11}", timestamp):
        raise ForgedCallbackError("the event carries no signature")
    if not -CLOCK_SKEW_S <= now.timestamp() - int(timestamp) <= OLDEST_EVENT_S:
        raise ForgedCallbackError("the event was signed too long ago, or in the future")
    secret, signed = key.get_secret_value().encode(), (timestamp + token).encode()
    expected = hmac.new(secret, signed, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), str(signature.get("signature")).encode()):
        raise ForgedCallbackError("the event's signature is wrong")


def read_callback(body: bytes) -> list[Receipt]:
    """Read a request of a webhook: one event, which counts if it has our reference.

    Raises:
        MalformedCallbackError: It is something else.
    """
    event = _part(_read_object(body), "event-data")
    if not event:
        raise MalformedCallbackError("the request holds no event")
    receipt = read_event(event)
    return [receipt] if receipt is not None else []


def fold_events(events: Iterable[Mapping[str, JsonValue]], attempt_id: str) -> Receipt | None:
    """Return the strongest of what events say of an attempt, None where none is about it."""
    receipts = [receipt for receipt in map(read_event, events) if receipt is not None]
    for state in _STRONGEST_FIRST:
        for receipt in receipts:
            if receipt.state == state and receipt.reference == attempt_id:
                return receipt
    return None


def would_have_found(submitted_at: datetime, now: datetime) -> bool:
    """Tell whether a search that finds nothing proves that there was nothing."""
    return SETTLED_AFTER_S <= (now - submitted_at).total_seconds() <= KEPT_FOR_S


def read_event(event: Mapping[str, JsonValue]) -> Receipt | None:
    """Read one event; None for one that says nothing of an attempt of ours."""
    reference, kind = _part(event, "user-variables").get(ATTEMPT), str(event.get("event"))
    state = EVENT_STATES.get(kind)
    if state is None or not isinstance(reference, str) or not reference:
        return None
    if kind == "failed" and event.get("severity") != "permanent":
        state = "accepted"  # it goes on trying, for 8 hours
    detail, is_permanent = _explain_failure(event) if kind == "failed" else ("", False)
    return Receipt(
        state=state,
        reference=reference,
        is_permanent=is_permanent and state == "failed",
        code=f"{kind} {detail}".strip(),
        occurred_at=read_unix_time(event.get("timestamp")),
    )


def _explain_failure(event: Mapping[str, JsonValue]) -> tuple[str, bool]:
    """Return why a message failed, in words of a table, and whether no route can help."""
    status = _part(event, "delivery-status")
    enhanced = str(status.get("enhanced-code", ""))
    if not _ENHANCED.fullmatch(enhanced):
        said = _ENHANCED.match(str(status.get("message", "")))
        enhanced = said[0] if said else ""
    code = status.get("code")
    number = str(code) if isinstance(code, int) else ""
    reason = str(event.get("reason"))
    known = reason if reason in FAILURE_REASONS else ""
    is_permanent = enhanced in NO_SUCH_MAILBOX if enhanced else FAILURE_REASONS.get(reason, False)
    return " ".join(filter(None, (number, enhanced, known))), is_permanent


def _part(document: Mapping[str, JsonValue], name: str) -> Mapping[str, JsonValue]:
    part = document.get(name)
    return part if isinstance(part, dict) else {}


def _read_object(body: bytes) -> Mapping[str, JsonValue]:
    """Read a body's object; an empty one where it is none."""
    try:
        document: JsonValue = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}
