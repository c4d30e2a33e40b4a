import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sinch.domains.authentication.sinch_events.v1.authentication_validation import (  # type: ignore[import-untyped]  # no type hints
    calculate_sinch_event_signature,
    compute_signed_data,
)
from sinch.domains.sms.sinch_events.v1.sms_sinch_event import (  # type: ignore[import-untyped]  # no type hints
    SmsSinchEvent,
)

from rollcall.routes.callbacks import (
    Callback,
    ForgedCallbackError,
    MalformedCallbackError,
    StaleCallbackError,
)
from rollcall.routes.sms.sinch_batches import RecipientKey
from rollcall.routes.sms.sinch_callbacks import read_inbound, read_receipts, verify_signature

NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
SECRET = "foo_secret1234"
KEY = RecipientKey("s" * 32)
URL = "https://alerts.example.org/receipts/bravo/secret"
BODY = '{"type":"mo_text","body":"Sicher. 安全"}'.encode()
NAME = "x-sinch-webhook-signature"


def sign(body: bytes = BODY, at: datetime = NOW, nonce: str = "01FJA8B4A7BM43YGWSG9GBV067") -> Any:
    """Sign as the vendor's SDK computes it."""
    timestamp = str(int(at.timestamp()))
    signed = compute_signed_data(body.decode(), nonce, timestamp)
    return {
        NAME: calculate_sinch_event_signature(signed, SECRET),
        f"{NAME}-nonce": nonce,
        f"{NAME}-timestamp": timestamp,
        f"{NAME}-algorithm": "HmacSHA256",
    }


def verify(headers: dict[str, str], body: bytes = BODY, secret: str | None = SECRET) -> None:
    verify_signature(Callback("POST", URL, headers, body), secret, NOW)


def sign_ourselves(body: bytes) -> dict[str, str]:
    timestamp = str(int(NOW.timestamp()))
    signed = body + f".nonce.{timestamp}".encode()
    digest = hmac.new(SECRET.encode(), signed, hashlib.sha256).digest()
    return {
        NAME: base64.b64encode(digest).decode(),
        f"{NAME}-nonce": "nonce",
        f"{NAME}-timestamp": timestamp,
    }


def test_what_the_vendors_sdk_signs_is_let_in() -> None:
    verify(sign())


def test_the_vendors_sdk_agrees_with_us() -> None:
    referee = SmsSinchEvent(SECRET)
    headers = sign_ourselves(BODY)
    verify(headers)
    assert referee.validate_authentication_header(headers, BODY)
    for body, changed in ((BODY + b" ", {}), (BODY, {f"{NAME}-nonce": "other"})):
        assert not referee.validate_authentication_header(headers | changed, body)
        with pytest.raises(ForgedCallbackError):
            verify(headers | changed, body)


@pytest.mark.parametrize("missing", ["", "-nonce", "-timestamp"])
def test_part_that_is_missing_is_refused(missing: str) -> None:
    headers = sign()
    del headers[f"{NAME}{missing}"]
    with pytest.raises(ForgedCallbackError):
        verify(headers)


@pytest.mark.parametrize(
    ("part", "forged"),
    [
        ("", "AAAA"),
        ("", "ä"),
        ("-nonce", "ä"),
        ("-timestamp", "1"),
        ("-timestamp", "soon"),
        ("-algorithm", "HmacMD5"),
        ("-algorithm", ""),
    ],
)
def test_part_that_is_changed_is_refused(part: str, forged: str) -> None:
    with pytest.raises(ForgedCallbackError):
        verify(sign() | {f"{NAME}{part}": forged})


def test_changed_body_and_other_secret_are_refused() -> None:
    with pytest.raises(ForgedCallbackError):
        verify(sign(), BODY.replace(b"Sicher", b"Gefahr"))
    for secret in ("other", "", None):
        with pytest.raises(ForgedCallbackError):
            verify(sign(), secret=secret)


@pytest.mark.parametrize("age_s", [0, 300, -300])
def test_signature_is_good_for_five_minutes(age_s: int) -> None:
    verify(sign(at=NOW - timedelta(seconds=age_s)))


@pytest.mark.parametrize("age_s", [301, 3600, 82_220])
def test_what_sinch_may_still_repeat_is_stale_and_not_forged(age_s: int) -> None:
    with pytest.raises(StaleCallbackError):
        verify(sign(at=NOW - timedelta(seconds=age_s)))


@pytest.mark.parametrize("age_s", [82_221, -301, 864_000])
def test_signature_that_is_older_is_a_replay(age_s: int) -> None:
    with pytest.raises(ForgedCallbackError, match="too long ago"):
        verify(sign(at=NOW - timedelta(seconds=age_s)))


@pytest.mark.parametrize("timestamp", ["soon", "9" * 30, "-" + "9" * 18])
def test_signed_nonsense_for_a_time_is_refused(timestamp: str) -> None:
    signed = compute_signed_data(BODY.decode(), "n", timestamp)
    headers = {
        NAME: calculate_sinch_event_signature(signed, SECRET),
        f"{NAME}-nonce": "n",
        f"{NAME}-timestamp": timestamp,
    }
    with pytest.raises(ForgedCallbackError):
        verify(headers)


REPORT = {
    "type": "recipient_delivery_report_sms",
    "at": "2026-11-23T06:00:00.000Z",
    "batch_id": "01FC66621VHDBN119Z8PMV1QPQ",
    "client_reference": "a-1",
    "code": 0,
    "operator_status_at": "2026-11-23T05:59:59.000Z",
    "recipient": "12125550100",
    "status": "Delivered",
}


def called(document: Any, query: str = "") -> Callback:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return Callback("POST", f"{URL}{query}", {}, body)


def test_report_says_what_became_of_an_attempt() -> None:
    (receipt,) = read_receipts(called(REPORT, "?ref=a-1"), KEY)
    assert (receipt.state, receipt.level, receipt.is_permanent) == ("delivered", "handset", False)
    assert (receipt.reference, receipt.code) == ("a-1", "0 Delivered")
    assert receipt.occurred_at == NOW
    assert receipt.provider_id == f"01FC66621VHDBN119Z8PMV1QPQ:{KEY.name('+12125550100')}"
    assert "2125550100" not in repr(receipt)


@pytest.mark.parametrize(("status", "code"), [("Queued", 400), ("Dispatched", 401)])
def test_message_on_its_way_is_accepted(status: str, code: int) -> None:
    (receipt,) = read_receipts(called(REPORT | {"status": status, "code": code}), KEY)
    assert (receipt.state, receipt.level, receipt.code) == (
        "accepted",
        "carrier",
        f"{code} {status}",
    )


def test_number_that_does_not_exist_is_final() -> None:
    (receipt,) = read_receipts(called(REPORT | {"status": "Failed", "code": 150}), KEY)
    assert (receipt.state, receipt.is_permanent) == ("failed", True)


def test_reference_comes_from_the_address_else_from_the_report() -> None:
    told = [
        read_receipts(called(REPORT | {"client_reference": reference}, query), KEY)[0].reference
        for reference, query in [
            ("a-2", "?ref=a-1"),
            ("a-2", ""),
            ("bulk-1", ""),
            (None, ""),
            ("bulk-1", "?ref=b.abcAAAA"),
        ]
    ]
    assert told == ["a-1", "a-2", None, None, None]


def test_vendors_own_reading_of_the_same_report_agrees() -> None:
    event = SmsSinchEvent().parse_event(json.dumps(REPORT))
    (receipt,) = read_receipts(called(REPORT), KEY)
    assert receipt.code == f"{event.code} {event.status}"
    assert receipt.occurred_at == event.at


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ({"type": "mo_text", "body": "Safe 安全"}, "Safe 安全"),
        ({"type": "mo_media", "body": {"message": "Safe", "media": []}}, "Safe"),
        ({"type": "mo_media", "body": {"media": []}}, ""),
        ({"type": "mo_binary", "body": "AAA=", "udh": "06"}, ""),
    ],
)
def test_text_of_a_recipient_is_handed_on(document: dict[str, Any], text: str) -> None:
    whole = document | {"from": "12125550100", "to": "13013", "id": "i-1"}
    (inbound,) = read_inbound(called(whole))
    assert (inbound.sender, inbound.receiver) == ("+12125550100", "13013")
    assert (inbound.text, inbound.provider_id) == (text, "i-1")
    assert read_receipts(called(whole), KEY) == []


def test_reports_are_no_texts_and_reports_on_batches_are_about_nobody() -> None:
    assert read_inbound(called(REPORT)) == []
    batch = {"type": "delivery_report_sms", "batch_id": "01B", "statuses": []}
    assert read_receipts(called(batch), KEY) == []
    assert read_inbound(called(batch)) == []


@pytest.mark.parametrize(
    "document",
    [b"", b"\xff", [], {}, {"type": "news"}, {"type": []}, {"type": "recipient_delivery_report"}],
)
def test_what_sinch_does_not_document_is_malformed(document: Any) -> None:
    with pytest.raises(MalformedCallbackError):
        read_receipts(called(document), KEY)
    with pytest.raises(MalformedCallbackError):
        read_inbound(called(document))


@pytest.mark.parametrize("missing", ["recipient", "batch_id", "status"])
def test_report_that_lacks_what_matters_is_malformed(missing: str) -> None:
    document = {name: told for name, told in REPORT.items() if name != missing}
    with pytest.raises(MalformedCallbackError):
        read_receipts(called(document), KEY)


def test_text_of_nobody_is_malformed() -> None:
    with pytest.raises(MalformedCallbackError, match="no sender"):
        read_inbound(called({"type": "mo_text", "body": "Safe"}))
