"""Callbacks of a carrier that is described by configuration: signed, or of no effect."""

import base64
import hashlib
import hmac
import json
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from rollcall.domain.receipts import Receipt
from rollcall.routes.callbacks import (
    Callback,
    ForgedCallbackError,
    InboundText,
    MalformedCallbackError,
)
from rollcall.routes.sms.http_sms import HttpSmsRoute
from tests.unit.routes.conftest import MakeCarrier

NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
URL = "https://safe.example.org/receipts/bravo/receipt-secret-for-tests?ref=a-1"
KEY = "signing-key-for-tests"
SIGNATURE: dict[str, Any] = {"header": "X-Signature", "secret": KEY}
STATES = {
    "accepted": ["sent"],
    "delivered": ["delivered", "7"],
    "failed": ["undelivered"],
    "permanent": ["invalid"],
}
RECEIPT: dict[str, Any] = {
    "state": "status",
    "states": STATES,
    "reference": "ref",
    "provider_id": "msg.id",
    "code": "error",
    "permanent_codes": ["1"],
    "occurred_at": "at",
}
INBOUND = {"sender": "from", "receiver": "to", "text": "body", "provider_id": "msg.id"}
SETTINGS: dict[str, Any] = {
    "receipts": "carrier",
    "receipt_secret": "receipt-secret-for-tests",
    "callback_signature": SIGNATURE,
    "receipt_fields": RECEIPT,
}


@pytest.fixture
def make_route(make_carrier: MakeCarrier) -> Any:
    """Make a route that is called back, with changes."""
    return lambda **changes: HttpSmsRoute(make_carrier(**SETTINGS | changes))


def posted(document: Any, headers: dict[str, str] | None = None) -> Callback:
    return Callback("POST", URL, headers or {}, json.dumps(document).encode())


def digest(content: bytes) -> bytes:
    return hmac.new(KEY.encode(), content, hashlib.sha256).digest()


def test_receipt_is_read_from_where_it_stands(make_route: Any) -> None:
    told = {"status": "undelivered", "ref": "a-9", "msg": {"id": 12}, "error": "30003"}
    (receipt,) = make_route().read_receipts(posted(told | {"at": "2026-11-23T07:00:00+01:00"}))
    assert receipt == Receipt("failed", "a-9", "12", code="30003", occurred_at=NOW)


@pytest.mark.parametrize(
    ("told", "state", "is_permanent"),
    [
        ({"status": "sent"}, "accepted", False),
        ({"status": "sent", "error": "1"}, "accepted", False),
        ({"status": 7}, "delivered", False),
        ({"status": "undelivered", "error": 1}, "failed", True),
        ({"status": "invalid"}, "failed", True),
    ],
)
def test_words_mean_what_is_configured(
    told: dict[str, Any], state: str, *, is_permanent: bool, make_route: Any
) -> None:
    (receipt,) = make_route().read_receipts(posted(told))
    assert (receipt.state, receipt.is_permanent) == (state, is_permanent)


def test_address_says_which_attempt_where_the_receipt_does_not(make_route: Any) -> None:
    (receipt,) = make_route().read_receipts(posted({"status": "sent"}))
    assert receipt.reference == "a-1"


def test_level_is_that_of_the_route(make_route: Any) -> None:
    for level in ("carrier", "handset"):
        (receipt,) = make_route(receipts=level).read_receipts(posted({"status": "delivered"}))
        assert receipt.level == level


@pytest.mark.parametrize(
    ("at", "moment"),
    [
        (int(NOW.timestamp()), NOW),
        (int(NOW.timestamp()) * 1000, NOW),
        ("2026-11-23T06:00:00Z", NOW),
        ("2026-11-23 06:00", None),
        ("yesterday", None),
        (10**15, None),
    ],
)
def test_moment_that_cannot_be_read_costs_no_receipt(
    at: Any, moment: datetime | None, make_route: Any
) -> None:
    (receipt,) = make_route().read_receipts(posted({"status": "sent", "at": at}))
    assert receipt.occurred_at == moment


def test_several_receipts_stand_in_one_callback(make_route: Any) -> None:
    route = make_route(receipt_fields=RECEIPT | {"list_path": "data.results"})
    reports = [{"status": word, "ref": word} for word in ("sent", "delivered", "unheard-of")]
    receipts = route.read_receipts(posted({"data": {"results": [*reports, "x"]}}))
    assert [receipt.reference for receipt in receipts] == ["sent", "delivered"]


def test_form_and_query_are_read_by_plain_names(make_route: Any) -> None:
    told = urlencode({"status": "delivered", "msg.id": "m 1", "ref": "a-2"})
    form = Callback("POST", URL, body=told.encode())
    query = Callback("GET", f"{URL.partition('?')[0]}?{told}")
    for callback, kind in ((form, "form"), (query, "query")):
        signature = SIGNATURE | {"signed": "body" if kind == "form" else "url"}
        route = make_route(receipt_fields=RECEIPT | {"format": kind}, callback_signature=signature)
        assert route.read_receipts(callback) == [Receipt("delivered", "a-2", "m 1")]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[" * 100_000, b"\xff", b"3", b"{}", b'{"status": "unheard-of"}', b"[]"]
)
def test_what_is_not_as_configured_is_told(body: bytes, make_route: Any) -> None:
    with pytest.raises(MalformedCallbackError):
        make_route().read_receipts(Callback("POST", URL, body=body))


@pytest.mark.parametrize("text", ["STOP", "", "我很安全 😀"])
def test_text_of_a_recipient_is_read(text: str, make_route: Any) -> None:
    route = make_route(inbound_fields=INBOUND)
    callback = posted({"from": "+12025550101", "to": "13013", "body": text, "msg": {"id": "i"}})
    assert route.read_inbound(callback) == [InboundText("+12025550101", "13013", text, "i")]
    assert route.read_receipts(callback) == []


def test_receipt_is_no_text_though_it_holds_the_numbers(make_route: Any) -> None:
    route = make_route(inbound_fields=INBOUND)
    callback = posted({"status": "sent", "from": "1", "to": "2", "body": "x"})
    assert route.read_inbound(callback) == []
    assert len(route.read_receipts(callback)) == 1


def test_text_may_come_in_another_format_than_receipts(make_route: Any) -> None:
    route = make_route(inbound_fields=INBOUND | {"format": "form"})
    callback = Callback("POST", URL, body=b"from=%2B1&to=2&body=OK+then")
    assert [each.text for each in route.read_inbound(callback)] == ["OK then"]
    assert route.read_receipts(callback) == []


@pytest.mark.parametrize("encoding", ["hex", "base64"])
@pytest.mark.parametrize("prefix", ["", "sha256="])
def test_signature_over_the_raw_body_is_believed(
    encoding: str, prefix: str, make_route: Any
) -> None:
    route = make_route(callback_signature=SIGNATURE | {"encoding": encoding, "prefix": prefix})
    body = b'{"status":   "sent"}'
    made = digest(body)
    shown = prefix + (made.hex() if encoding == "hex" else base64.b64encode(made).decode())
    route.verify(Callback("POST", URL, {"x-signature": shown}, body), NOW)
    with pytest.raises(ForgedCallbackError, match="wrong"):
        route.verify(Callback("POST", URL, {"x-signature": shown}, body + b" "), NOW)


@pytest.mark.parametrize(
    "headers",
    [{}, {"x-signature": ""}, {"x-signature": "zz"}, {"x-signature": "00" * 32},
     {"x-signature": digest(b"{}").hex()[:-2]}, {"x-other": digest(b"{}").hex()},
     {"x-signature": "sha1=" + digest(b"{}").hex()}],
)  # fmt: skip
def test_signature_that_is_missing_or_wrong_is_refused(
    headers: dict[str, str], make_route: Any
) -> None:
    with pytest.raises(ForgedCallbackError):
        make_route().verify(Callback("POST", URL, headers, b"{}"), NOW)


@pytest.mark.parametrize(
    ("age", "is_believed"),
    [
        (timedelta(0), True),
        (timedelta(minutes=5), True),
        (timedelta(minutes=-5), True),
        (timedelta(minutes=5, seconds=1), False),
        (timedelta(minutes=-6), False),
    ],
)
def test_signature_ages(age: timedelta, *, is_believed: bool, make_route: Any) -> None:
    route = make_route(callback_signature=SIGNATURE | {"timestamp_header": "X-Timestamp"})
    timestamp = str(int((NOW - age).timestamp()))
    signed = digest(f"{timestamp}.{{}}".encode()).hex()
    callback = Callback("POST", URL, {"x-timestamp": timestamp, "x-signature": signed}, b"{}")
    believing = nullcontext() if is_believed else pytest.raises(ForgedCallbackError, match="old")
    with believing:
        route.verify(callback, NOW)


@pytest.mark.parametrize("timestamp", ["", "now", "-5", "9" * 12])
def test_time_must_be_one_and_be_signed(timestamp: str, make_route: Any) -> None:
    route = make_route(callback_signature=SIGNATURE | {"timestamp_header": "X-Timestamp"})
    headers = {"x-timestamp": timestamp, "x-signature": digest(b"{}").hex()}
    with pytest.raises(ForgedCallbackError, match="time is missing"):
        route.verify(Callback("POST", URL, headers, b"{}"), NOW)
    headers["x-timestamp"] = str(int(NOW.timestamp()))
    with pytest.raises(ForgedCallbackError, match="wrong"):
        route.verify(Callback("POST", URL, headers, b"{}"), NOW)


def test_signature_over_the_address_is_believed(make_route: Any) -> None:
    fields = RECEIPT | {"format": "query"}
    route = make_route(callback_signature=SIGNATURE | {"signed": "url"}, receipt_fields=fields)
    url = f"{URL}&status=sent"
    headers = {"x-signature": digest(url.encode()).hex()}
    route.verify(Callback("GET", url, headers), NOW)
    with pytest.raises(ForgedCallbackError):
        route.verify(Callback("GET", url.replace("sent", "delivered"), headers), NOW)


def test_route_that_awaits_no_callback_believes_none(make_carrier: MakeCarrier) -> None:
    with pytest.raises(ForgedCallbackError):
        HttpSmsRoute(make_carrier()).verify(posted({"status": "delivered"}), NOW)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"callback_signature": None}, "a callback_signature is needed"),
        ({"receipt_fields": None}, "receipt_fields or inbound_fields are needed"),
        ({"receipt_secret": None, "receipts": "none"}, "callbacks need a receipt_secret"),
        ({"receipt_fields": RECEIPT | {"reference": None}}, "reference or provider_id"),
        ({"receipt_fields": RECEIPT | {"format": "query"}}, 'signed = "url"'),
        ({"receipt_fields": RECEIPT | {"format": "form", "list_path": "x"}}, "json only"),
        ({"receipt_fields": RECEIPT | {"states": {"delivered": ["a", "a"]}}}, "listed twice"),
        ({"callback_signature": SIGNATURE | {"secret": "short"}}, "secret"),
        ({"callback_signature": SIGNATURE | {"header": "X: y"}}, "header"),
    ],
)
def test_setting_by_which_nothing_could_be_believed_is_refused(
    change: dict[str, Any], sentence: str, make_carrier: MakeCarrier
) -> None:
    with pytest.raises(ValueError, match=sentence):
        make_carrier(**SETTINGS | change)


def test_receipt_may_be_matched_by_address_or_by_the_carriers_id(
    make_carrier: MakeCarrier,
) -> None:
    nameless = RECEIPT | {"reference": None}
    body = {"to": "{to}", "text": "{text}", "notify": "{callback_url}"}
    make_carrier(**SETTINGS | {"receipt_fields": nameless, "body": body})
    make_carrier(**SETTINGS | {"receipt_fields": nameless, "id_path": "id"})
