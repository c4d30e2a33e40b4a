"""Telnyx's events: signatures with Telnyx's own SDK as referee, every status and code."""

import base64
import json
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from telnyx.lib.webhook_verification import WebhookVerificationError, verify_webhook_signature

from rollcall.domain.receipts import Receipt
from rollcall.routes.callbacks import (
    Callback,
    ForgedCallbackError,
    InboundText,
    MalformedCallbackError,
)
from rollcall.routes.sms.telnyx import TelnyxRoute, TelnyxSettings
from rollcall.routes.sms.telnyx_codes import PERMANENT, STATES
from tests.people import phone_of

URL = "https://crisis.example.org/receipts/bravo/0123456789abcdefghij?ref=d-1"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
PUBLIC_KEY = base64.b64encode(KEY.public_key().public_bytes_raw()).decode()
AT = datetime(2026, 11, 23, 6, 0, 9, tzinfo=UTC)

OPEN_STATES = {"queued", "sending", "sent", "delivery_unconfirmed"}
FAILED_STATES = {"sending_failed", "delivery_failed", "expired"}
DEAD_NUMBERS = {"40001", "40012", "40300", "40310"}


@cache  # each loads the system's authorities, which takes 50 ms
def make_route(**changes: Any) -> TelnyxRoute:
    plain = {
        "id": "bravo",
        "kind": "telnyx",
        "api_key": "KEY0123",
        "sender": phone_of(42),
        "public_key": PUBLIC_KEY,
    }
    return TelnyxRoute(TelnyxSettings.model_validate(plain | changes))


def make_event(kind: str, payload: dict[str, Any]) -> bytes:
    data = {"event_type": kind, "occurred_at": "2026-11-23T06:00:09.000Z", "payload": payload}
    return json.dumps({"data": data, "meta": {"attempt": 1}}).encode()


def make_receipt(status: str = "delivered", *codes: str) -> bytes:
    payload = {
        "id": "40385f64",
        "direction": "outbound",
        "to": [{"phone_number": phone_of(17), "status": status}],
        "errors": [{"code": code, "title": "No"} for code in codes],
        "completed_at": "2026-11-23T06:00:08Z",
    }
    return make_event("message.finalized", payload)


TEXT = {
    "id": "7ee4241c",
    "direction": "inbound",
    "from": {"phone_number": phone_of(17), "carrier": "C"},
    "to": [{"phone_number": phone_of(42), "status": "webhook_delivered"}],
    "text": "I am safe, ünïcode",
}


def sign(body: bytes, at: datetime, key: Ed25519PrivateKey = KEY) -> dict[str, str]:
    timestamp = str(int(at.timestamp()))
    signature = key.sign(timestamp.encode() + b"|" + body)
    return {
        "telnyx-signature-ed25519": base64.b64encode(signature).decode(),
        "telnyx-timestamp": timestamp,
    }


def read(body: bytes) -> list[Receipt]:
    return make_route().read_receipts(Callback("POST", URL, {}, body))


def test_what_telnyxs_sdk_takes_is_genuine() -> None:
    now, body = datetime.now(UTC), make_event("message.received", TEXT)
    headers = sign(body, now)
    verify_webhook_signature(body, headers, PUBLIC_KEY)  # raises where it does not
    make_route().verify(Callback("POST", URL, headers, body), now)


FORGERIES: dict[str, tuple[bytes, dict[str, str]]] = {
    "another body": (make_receipt("delivery_failed"), {}),
    "no signature": (make_receipt(), {"telnyx-signature-ed25519": ""}),
    "no time": (make_receipt(), {"telnyx-timestamp": ""}),
    "another time": (make_receipt(), {"telnyx-timestamp": "1800000000"}),
    "a time that is none": (make_receipt(), {"telnyx-timestamp": "now"}),
    "a time that is no ASCII": (make_receipt(), {"telnyx-timestamp": "١٢٣"}),
    "no Base64": (make_receipt(), {"telnyx-signature-ed25519": "Ünterschrift"}),
    "a short signature": (make_receipt(), {"telnyx-signature-ed25519": "AAAA"}),
    "a signature of zeros": (
        make_receipt(),
        {"telnyx-signature-ed25519": base64.b64encode(bytes(64)).decode()},
    ),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_telnyxs_sdk_and_we_refuse(name: str) -> None:
    body, changes = FORGERIES[name]
    now = datetime.now(UTC)
    headers = sign(make_receipt(), now) | changes
    with pytest.raises(WebhookVerificationError):
        verify_webhook_signature(body, headers, PUBLIC_KEY)
    with pytest.raises(ForgedCallbackError):
        make_route().verify(Callback("POST", URL, headers, body), now)


def test_another_key_is_refused_by_telnyxs_sdk_and_us() -> None:
    now, body = datetime.now(UTC), make_receipt()
    headers = sign(body, now, OTHER_KEY)
    with pytest.raises(WebhookVerificationError):
        verify_webhook_signature(body, headers, PUBLIC_KEY)
    with pytest.raises(ForgedCallbackError):
        make_route().verify(Callback("POST", URL, headers, body), now)


def test_callback_without_headers_is_refused() -> None:
    with pytest.raises(ForgedCallbackError):
        make_route().verify(Callback("POST", URL, {}, make_receipt()), AT)


def test_without_a_key_nothing_is_genuine() -> None:
    body = make_receipt()
    with pytest.raises(ForgedCallbackError):
        make_route(public_key=None).verify(Callback("POST", URL, sign(body, AT), body), AT)


@pytest.mark.parametrize(("age_s", "is_genuine"), [(300, True), (301, False), (-301, False)])
def test_replay_is_refused(age_s: int, *, is_genuine: bool) -> None:
    body = make_receipt()
    callback = Callback("POST", URL, sign(body, AT - timedelta(seconds=age_s)), body)
    if is_genuine:
        make_route().verify(callback, AT)
        return
    with pytest.raises(ForgedCallbackError, match="too old"):
        make_route().verify(callback, AT)


def test_signed_time_that_is_no_number_is_refused() -> None:
    body = make_receipt()
    signature = base64.b64encode(KEY.sign(b"now|" + body)).decode()
    headers = {"telnyx-signature-ed25519": signature, "telnyx-timestamp": "now"}
    with pytest.raises(ForgedCallbackError):
        make_route().verify(Callback("POST", URL, headers, body), AT)


def test_delivered_message_is_told_by_the_handset() -> None:
    assert read(make_receipt()) == [
        Receipt("delivered", "d-1", "40385f64", "handset", occurred_at=AT)
    ]


def test_sent_message_is_with_the_carrier() -> None:
    payload = {"id": "40385f64", "to": [{"status": "sent"}]}
    assert read(make_event("message.sent", payload)) == [
        Receipt("accepted", "d-1", "40385f64", occurred_at=AT)
    ]


@pytest.mark.parametrize("status", sorted(STATES))
def test_status_means(status: str) -> None:
    (receipt,) = read(make_receipt(status))
    if status in OPEN_STATES:
        assert (receipt.state, receipt.level) == ("accepted", "carrier")
    elif status in FAILED_STATES:
        assert (receipt.state, receipt.is_permanent) == ("failed", False)
    else:
        assert status in {"delivered", "read"}
        assert (receipt.state, receipt.level) == ("delivered", "handset")


@pytest.mark.parametrize("code", sorted(PERMANENT))
def test_code_of_a_failure_means(code: str) -> None:
    (receipt,) = read(make_receipt("delivery_failed", code, "40002"))
    assert (receipt.state, receipt.code) == ("failed", code)
    assert receipt.is_permanent == (code in DEAD_NUMBERS)


def test_code_that_nobody_listed_gives_nobody_up() -> None:
    (receipt,) = read(make_receipt("sending_failed", "49999"))
    assert (receipt.is_permanent, receipt.code) == (False, "49999")


def test_delivered_message_reaches_whatever_errors_it_names() -> None:
    (receipt,) = read(make_receipt("delivered", "40001"))
    assert (receipt.state, receipt.is_permanent) == ("delivered", False)


def test_receipt_without_our_reference_is_found_by_telnyxs_id() -> None:
    bare = Callback("POST", URL.partition("?")[0], {}, make_receipt())
    (receipt,) = make_route().read_receipts(bare)
    assert (receipt.reference, receipt.provider_id) == (None, "40385f64")


def test_text_of_a_recipient_is_read() -> None:
    callback = Callback("POST", URL, {}, make_event("message.received", TEXT))
    assert make_route().read_receipts(callback) == []
    assert make_route().read_inbound(callback) == [
        InboundText(
            phone_of(17),
            phone_of(42),
            "I am safe, ünïcode",
            "7ee4241c",
            datetime(2026, 11, 23, 6, 0, 9, tzinfo=UTC),
        )
    ]


def test_picture_without_text_is_an_empty_text() -> None:
    callback = Callback("POST", URL, {}, make_event("message.received", TEXT | {"text": None}))
    (text,) = make_route().read_inbound(callback)
    assert text.text == ""


def test_receipt_is_no_text() -> None:
    assert make_route().read_inbound(Callback("POST", URL, {}, make_receipt())) == []


def test_event_about_something_else_says_nothing() -> None:
    other = Callback("POST", URL, {}, make_event("message.link_click", {}))
    assert make_route().read_receipts(other) == []
    assert make_route().read_inbound(other) == []


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"\xff", b'{"data": {}}', b"[" * 100_000])
def test_callback_that_is_no_event_is_malformed(body: bytes) -> None:
    for reader in (make_route().read_receipts, make_route().read_inbound):
        with pytest.raises(MalformedCallbackError):
            reader(Callback("POST", URL, {}, body))


@pytest.mark.parametrize(
    "payload", [{}, {"id": "1"}, {"id": "1", "to": [{"status": "misted"}]}, {"to": []}]
)
def test_receipt_that_telnyx_does_not_document_is_malformed(payload: dict[str, Any]) -> None:
    with pytest.raises(MalformedCallbackError):
        read(make_event("message.finalized", payload))


@pytest.mark.parametrize("missing", ["from", "to"])
def test_text_of_nobody_is_malformed(missing: str) -> None:
    body = make_event("message.received", TEXT | {missing: None})
    with pytest.raises(MalformedCallbackError):
        make_route().read_inbound(Callback("POST", URL, {}, body))
