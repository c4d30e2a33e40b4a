"""SendGrid's events: the vendor's own SDK as referee of signatures, and a row for each code."""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sendgrid.helpers.eventwebhook import EventWebhook  # type: ignore[import-untyped] # has no hints

from rollcall.domain.receipts import Receipt
from rollcall.routes.callbacks import Callback, ForgedCallbackError, MalformedCallbackError
from rollcall.routes.email.replies import NO_SUCH_MAILBOX
from rollcall.routes.email.sendgrid_events import (
    DROP_REASONS,
    EVENT_STATES,
    SIGNATURE_HEADER,
    TIMESTAMP_HEADER,
    load_public_key,
    read_events,
    verify_signature,
)

NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
BODY = json.dumps([{"event": "delivered", "rollcall_attempt": "a-1", "note": "洪水"}]).encode()
KEY = ec.generate_private_key(ec.SECP256R1())


def public_key(key: Any = KEY) -> str:
    encoded = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(encoded).decode()


def sign(body: bytes = BODY, signed_at: datetime = NOW, /, **headers: str) -> Callback:
    timestamp = f"{signed_at.timestamp():.0f}"
    signature = KEY.sign(timestamp.encode() + body, ec.ECDSA(hashes.SHA256()))
    signed = {
        TIMESTAMP_HEADER: timestamp,
        SIGNATURE_HEADER: base64.b64encode(signature).decode(),
    }
    return Callback("POST", "https://x.example/receipts/r/s", signed | headers, body)


def verify(callback: Callback) -> None:
    verify_signature(load_public_key(public_key()), callback, NOW)


def referee_accepts(callback: Callback) -> bool:
    accepted: bool = EventWebhook(public_key()).verify_signature(
        callback.body.decode(),
        callback.headers[SIGNATURE_HEADER],
        callback.headers[TIMESTAMP_HEADER],
    )
    return accepted


def test_what_the_vendors_sdk_accepts_is_accepted() -> None:
    assert referee_accepts(sign())
    verify(sign())


@pytest.mark.parametrize("change", ["body", "timestamp", "signature"])
def test_what_the_vendors_sdk_refuses_is_refused(change: str) -> None:
    good = sign()
    headers, body = dict(good.headers), good.body
    match change:
        case "body":
            body += b" "
        case "timestamp":
            headers[TIMESTAMP_HEADER] = str(int(headers[TIMESTAMP_HEADER]) + 1)
        case "signature":
            headers[SIGNATURE_HEADER] = sign(b"[]").headers[SIGNATURE_HEADER]
    forged = Callback(good.method, good.url, headers, body)
    assert not referee_accepts(forged)
    with pytest.raises(ForgedCallbackError):
        verify(forged)


@pytest.mark.parametrize(
    "headers",
    [
        {SIGNATURE_HEADER: ""},
        {SIGNATURE_HEADER: "not base64!"},
        {SIGNATURE_HEADER: "AAAA"},
        {TIMESTAMP_HEADER: ""},
        {TIMESTAMP_HEADER: "soon"},
        {TIMESTAMP_HEADER: "9" * 400},
    ],
)
def test_missing_or_broken_signature_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(ForgedCallbackError):
        verify(sign(**headers))
    with pytest.raises(ForgedCallbackError):
        verify(Callback("POST", "https://x.example/", {}, BODY))


def test_nothing_is_believed_without_a_key() -> None:
    with pytest.raises(ForgedCallbackError):
        verify_signature(None, sign(), NOW)


@pytest.mark.parametrize("ago_s", [-299, 0, 3600, 86_400])
def test_repeats_of_a_day_are_believed(ago_s: int) -> None:
    verify(sign(BODY, NOW - timedelta(seconds=ago_s)))


@pytest.mark.parametrize("ago_s", [-301, 86_701, 10**6])
def test_older_ones_and_those_from_the_future_are_not(ago_s: int) -> None:
    with pytest.raises(ForgedCallbackError):
        verify(sign(BODY, NOW - timedelta(seconds=ago_s)))


def test_key_is_read_with_and_without_the_lines_of_pem() -> None:
    pem = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    for text in (pem, public_key(), f" {public_key()}\n"):
        assert load_public_key(text).public_numbers() == KEY.public_key().public_numbers()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "secret",
        "AAAA",
        public_key(ed25519.Ed25519PrivateKey.generate()),
        public_key(ec.generate_private_key(ec.SECP384R1())),
    ],
    ids=["nothing", "text", "base64", "ed25519", "other-curve"],  # keys differ from run to run
)
def test_what_is_no_such_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="webhook_public_key"):
        load_public_key(text)


def read(**event: Any) -> Receipt | None:
    receipts = read_events(json.dumps([{"rollcall_attempt": "a-1"} | event]).encode())
    return receipts[0] if receipts else None


@pytest.mark.parametrize(("kind", "state"), EVENT_STATES.items())
def test_event_says_how_far_its_attempt_is(kind: str, state: str) -> None:
    receipt = read(event=kind, timestamp=1795413600)
    assert receipt is not None
    assert (receipt.state, receipt.reference, receipt.code) == (state, "a-1", kind)
    assert (receipt.level, receipt.is_permanent) == ("carrier", False)
    assert receipt.occurred_at == datetime.fromtimestamp(1795413600, UTC)


@pytest.mark.parametrize(
    "kind",
    ["open", "click", "spamreport", "unsubscribe", "group_unsubscribe", "group_resubscribe", "new"],
)
def test_what_people_do_says_nothing_of_delivery(kind: str) -> None:
    assert read(event=kind) is None


@pytest.mark.parametrize(("reason", "is_permanent"), DROP_REASONS.items())
def test_drop_is_permanent_only_where_the_mailbox_bounced(
    reason: str, *, is_permanent: bool
) -> None:
    receipt = read(event="dropped", reason=reason.title())
    assert receipt is not None
    assert (receipt.state, receipt.is_permanent) == ("failed", is_permanent)
    assert receipt.code == f"dropped {reason}"


def test_unknown_reason_is_not_permanent_and_not_kept() -> None:
    receipt = read(event="dropped", reason="p1@example.org is odd")
    assert receipt is not None
    assert (receipt.is_permanent, receipt.code) == (False, "dropped")


@pytest.mark.parametrize("status", sorted(NO_SUCH_MAILBOX))
def test_bounce_of_a_mailbox_that_is_not_there_is_permanent(status: str) -> None:
    receipt = read(event="bounce", type="bounce", status=status)
    assert receipt is not None
    assert (receipt.state, receipt.is_permanent) == ("failed", True)
    assert receipt.code == f"bounce {status}"


@pytest.mark.parametrize(
    ("event", "code"),
    [
        ({"type": "bounce", "status": "5.7.1"}, "bounce 5.7.1"),
        ({"type": "bounce", "status": "5.1.8"}, "bounce 5.1.8"),
        ({"type": "bounce", "status": "5.0.0"}, "bounce 5.0.0"),
        ({"type": "bounce", "status": "p1@example.org"}, "bounce"),
        ({"type": "bounce"}, "bounce"),
        ({"type": "blocked", "status": "5.1.1"}, "bounce blocked 5.1.1"),
        ({"type": "blocked"}, "bounce blocked"),
    ],
)
def test_other_bounces_leave_other_routes_a_chance(event: Mapping[str, str], code: str) -> None:
    receipt = read(event="bounce", **event)
    assert receipt is not None
    assert (receipt.state, receipt.is_permanent, receipt.code) == ("failed", False, code)


def test_sendgrids_own_count_of_tries_is_no_reference() -> None:
    assert read_events(b'[{"event": "deferred", "attempt": "5"}]') == []


@pytest.mark.parametrize("reference", [None, "", 5, ["a"], {}])
def test_event_without_our_reference_is_none_of_ours(reference: object) -> None:
    assert read(event="delivered", rollcall_attempt=reference) is None


@pytest.mark.parametrize("timestamp", [None, "soon", True, 1e300, [], -(10**20)])
def test_event_without_a_time_still_counts(timestamp: object) -> None:
    receipt = read(event="delivered", timestamp=timestamp)
    assert receipt is not None
    assert receipt.occurred_at is None


def test_many_events_are_read_in_order() -> None:
    events = [{"rollcall_attempt": f"a-{n}", "event": "delivered"} for n in range(50)]
    receipts = read_events(json.dumps(events).encode())
    assert [receipt.reference for receipt in receipts] == [f"a-{n}" for n in range(50)]


@pytest.mark.parametrize("body", [b"", b"{", b"{}", b"null", b'["x"]', b"\xff", b"[" * 100_000])
def test_what_are_no_events_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedCallbackError):
        read_events(body)
