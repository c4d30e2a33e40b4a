"""Vonage's callbacks: both kinds of signature, every status and code, both APIs' forms."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import urlencode

import jwt
import pytest
from vonage_jwt.verify_jwt import (  # type: ignore[import-untyped] # it ships no hints
    verify_signature,
)

from rollcall.domain.receipts import Receipt
from rollcall.routes.callbacks import (
    Callback,
    ForgedCallbackError,
    InboundText,
    MalformedCallbackError,
)
from rollcall.routes.sms.vonage import VonageRoute, VonageSettings
from rollcall.routes.sms.vonage_codes import PERMANENT, STATES
from tests.people import phone_of

NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
NOW_S = int(NOW.timestamp())
URL = "https://crisis.example.org/receipts/bravo/0123456789abcdefghij"
SECRET = "a signature secret of 32 characters"

KNOWN_AT = datetime.fromtimestamp(1461605396, UTC)
KNOWN = {"a": "1", "b": "2", "timestamp": "1461605396"}
KNOWN_SIGNATURES = {
    "md5hash": "6af838ef94998832dbfc29020b564830",
    "md5": "c15c21ced558c93a226c305f58f902f2",
    "sha1": "3e19a4e6880fdc2c1426bfd0587c98b9532f0210",
    "sha256": "a321e824b9b816be7c3f28859a31749a098713d39f613c80d455bbaffae1cd24",
    "sha512": "812a18f76680fa0fe1b8bd9ee1625466ceb1bd96242e4d050d2cfd9a7b40166c"
    "63ed26ec9702168781b6edcf1633db8ff95af9341701004eec3fcf9550572ee8",
}
"""Signatures of `KNOWN` with the secret "secret", which the tests of Vonage's Python SDK expect."""

DLR = {
    "msisdn": phone_of(17).removeprefix("+"),
    "to": "ACME",
    "network-code": "310090",
    "messageId": "0A01",
    "price": "0.03330000",
    "status": "delivered",
    "scts": "2611230559",
    "err-code": "0",
    "client-ref": "a-1",
    "api-key": "abcd1234",
    "message-timestamp": "2026-11-23 06:00:00",
}
TEXT = {
    "msisdn": phone_of(17).removeprefix("+"),
    "to": phone_of(42).removeprefix("+"),
    "messageId": "0A02",
    "text": "I am safe & well = ok + ünïcode",
    "type": "unicode",
    "keyword": "I",
    "message-timestamp": "2026-11-23 06:00:00",
}
STATUS: dict[str, Any] = {
    "message_uuid": "aaaaaaaa-bbbb-cccc-dddd-0123456789ab",
    "to": phone_of(17).removeprefix("+"),
    "from": "ACME",
    "timestamp": "2026-11-23T05:59:00.000Z",
    "status": "delivered",
    "channel": "sms",
    "client_ref": "a-1",
}
MESSAGE: dict[str, Any] = {
    "message_uuid": "aaaaaaaa-bbbb-cccc-dddd-0123456789ac",
    "to": phone_of(42).removeprefix("+"),
    "from": phone_of(17).removeprefix("+"),
    "timestamp": "2026-11-23T05:59:00.000Z",
    "channel": "sms",
    "message_type": "text",
    "text": "I am safe",
}

OPEN_STATES = {"accepted", "buffered", "unknown", "submitted"}
FAILED_STATES = {"expired", "failed", "rejected", "undeliverable"}
DEAD_NUMBERS = {"3", "4", "9", "1050", "1170", "1190", "1200", "1240"}


@cache  # each loads the system's authorities, which takes 50 ms
def make_route(method: str | None = "sha256", secret: str | None = SECRET) -> VonageRoute:
    plain = {
        "id": "bravo",
        "kind": "vonage",
        "api_key": "abcd1234",
        "api_secret": "abcdef0123456789",
        "sender": "ACME",
        "signature_secret": secret,
        "signature_method": method,
    }
    return VonageRoute(VonageSettings.model_validate(plain))


def post(parameters: Mapping[str, Any], url: str = URL, **headers: str) -> Callback:
    return Callback("POST", url, headers, json.dumps(parameters).encode())


def sign(parameters: Mapping[str, str], at_s: int = NOW_S) -> dict[str, str]:
    """Sign by HMAC-SHA256, spelled out apart from the code under test."""
    signed = dict(parameters) | {"timestamp": str(at_s), "nonce": "n-1"}
    pairs = [f"{name}={signed[name]}" for name in sorted(signed)]
    text = "&" + "&".join(pair.split("=", 1)[0] + "=" + _defuse(pair) for pair in pairs)
    block = SECRET.encode().ljust(64, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block) + text.encode()).digest()
    outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block) + inner)
    return signed | {"sig": outer.hexdigest().upper()}


def _defuse(pair: str) -> str:
    return pair.split("=", 1)[1].translate({ord("&"): "_", ord("="): "_"})


@pytest.mark.parametrize("method", KNOWN_SIGNATURES)
@pytest.mark.parametrize("is_capital", [True, False])
def test_signatures_known_from_vonages_sdk_are_genuine(method: str, *, is_capital: bool) -> None:
    signature = KNOWN_SIGNATURES[method]
    signed = KNOWN | {"sig": signature.upper() if is_capital else signature}
    route = make_route(method, "secret")
    route.verify(post(signed), KNOWN_AT)
    route.verify(Callback("POST", URL, {}, urlencode(signed).encode()), KNOWN_AT)
    route.verify(Callback("GET", f"{URL}?{urlencode(signed)}"), KNOWN_AT)
    route.verify(Callback("GET", f"{URL}?ref=a-1&{urlencode(signed)}"), KNOWN_AT)


@pytest.mark.parametrize("method", KNOWN_SIGNATURES)
def test_signature_counts_by_the_configured_method_only(method: str) -> None:
    for other in set(KNOWN_SIGNATURES) - {method}:
        with pytest.raises(ForgedCallbackError):
            make_route(other, "secret").verify(
                post(KNOWN | {"sig": KNOWN_SIGNATURES[method]}), KNOWN_AT
            )
    with pytest.raises(ForgedCallbackError):
        make_route("jwt", "secret").verify(
            post(KNOWN | {"sig": KNOWN_SIGNATURES[method]}), KNOWN_AT
        )


@pytest.mark.parametrize("parameters", [DLR, TEXT])
def test_signed_parameters_are_genuine_whatever_is_in_them(parameters: dict[str, str]) -> None:
    signed = sign(parameters)
    make_route().verify(post(signed), NOW)
    make_route().verify(Callback("GET", f"{URL}?{urlencode(signed)}"), NOW)


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "failed"},
        {"client-ref": "a-2"},
        {"more": "1"},
        {"sig": ""},
        {"sig": "00"},
        {"sig": "Ünterschrift"},
        {"timestamp": str(NOW_S - 1)},
    ],
)
def test_changed_parameters_are_refused(changes: dict[str, str]) -> None:
    with pytest.raises(ForgedCallbackError):
        make_route().verify(post(sign(DLR) | changes), NOW)


def test_parameters_without_signature_are_refused() -> None:
    with pytest.raises(ForgedCallbackError):
        make_route().verify(post(DLR | {"timestamp": str(NOW_S)}), NOW)


@pytest.mark.parametrize(("age_s", "is_genuine"), [(300, True), (301, False), (-301, False)])
def test_replayed_parameters_are_refused(age_s: int, *, is_genuine: bool) -> None:
    callback = post(sign(DLR, NOW_S - age_s))
    if is_genuine:
        make_route().verify(callback, NOW)
        return
    with pytest.raises(ForgedCallbackError, match="too long ago"):
        make_route().verify(callback, NOW)


def test_signed_parameters_without_a_time_are_refused() -> None:
    """They would be good for ever."""
    signature = hashlib.md5(b"&a=1secret").hexdigest()  # noqa: S324 - the vendor's default
    with pytest.raises(ForgedCallbackError, match="no time"):
        make_route("md5hash", "secret").verify(post({"a": "1", "sig": signature}), NOW)


def test_body_that_is_no_text_is_refused() -> None:
    for method in ("sha256", "jwt"):
        with pytest.raises(ForgedCallbackError):
            make_route(method).verify(Callback("POST", URL, {}, b"\xff"), NOW)


def test_without_a_secret_nothing_is_genuine() -> None:
    with pytest.raises(ForgedCallbackError):
        make_route(None, None).verify(post(sign(DLR)), NOW)


def make_token(body: bytes, secret: str = SECRET, **claims: Any) -> str:
    plain: dict[str, Any] = {
        "iat": NOW_S,
        "jti": "j-1",
        "iss": "Vonage",
        "payload_hash": hashlib.sha256(body).hexdigest(),
        "api_key": "abcd1234",
    }
    told = {name: claim for name, claim in (plain | claims).items() if claim is not None}
    return jwt.encode(told, secret, algorithm="HS256")


def carry(token: str, body: bytes) -> Callback:
    return Callback("POST", URL, {"authorization": f"Bearer {token}"}, body)


BODY = json.dumps(STATUS).encode()


def test_token_that_vonages_sdk_takes_is_genuine() -> None:
    token = make_token(BODY)
    assert verify_signature(token, SECRET)
    make_route("jwt").verify(carry(token, BODY), NOW)


def test_token_of_another_secret_is_refused_by_vonages_sdk_and_us() -> None:
    token = make_token(BODY, "another signature secret, 32 characters")
    assert not verify_signature(token, SECRET)
    with pytest.raises(ForgedCallbackError):
        make_route("jwt").verify(carry(token, BODY), NOW)


@pytest.mark.parametrize(
    ("algorithm", "key"), [("none", None), ("HS512", SECRET * 2), ("HS384", SECRET * 2)]
)
def test_token_of_another_algorithm_is_refused(algorithm: str, key: Any) -> None:
    claims = {"iat": NOW_S, "payload_hash": hashlib.sha256(BODY).hexdigest()}
    token = jwt.encode(claims, key, algorithm=algorithm)
    with pytest.raises(ForgedCallbackError):
        make_route("jwt", SECRET * 2).verify(carry(token, BODY), NOW)


def test_token_of_another_body_is_refused() -> None:
    with pytest.raises(ForgedCallbackError, match="another body"):
        make_route("jwt").verify(carry(make_token(BODY), BODY + b" "), NOW)


@pytest.mark.parametrize(
    "claims",
    [
        {"payload_hash": None},
        {"payload_hash": 7},
        {"iat": None},
        {"iat": NOW_S - 301},
        {"iat": NOW_S + 301},
        {"iat": "now"},
        {"iat": float("nan")},
        {"iat": float("inf")},
    ],
)
def test_token_without_body_or_time_is_refused(claims: dict[str, Any]) -> None:
    with pytest.raises(ForgedCallbackError):
        make_route("jwt").verify(carry(make_token(BODY, **claims), BODY), NOW)


@pytest.mark.parametrize("age_s", [300, -300])
def test_token_is_good_for_five_minutes(age_s: int) -> None:
    make_route("jwt").verify(carry(make_token(BODY, iat=NOW_S - age_s), BODY), NOW)


@pytest.mark.parametrize(
    "header", [None, "", "Bearer ", "Bearer x.y.z", "Basic {token}", "{token}"]
)
def test_callback_without_token_is_refused(header: str | None) -> None:
    headers = {"authorization": header.format(token=make_token(BODY))} if header else {}
    with pytest.raises(ForgedCallbackError):
        make_route("jwt").verify(Callback("POST", URL, headers, BODY), NOW)


def test_token_does_not_stand_in_for_parameters() -> None:
    with pytest.raises(ForgedCallbackError):
        make_route("sha256").verify(carry(make_token(BODY), BODY), NOW)


@pytest.mark.parametrize("form", ["json", "form", "query"])
def test_delivered_message_is_told_by_the_handset(form: str) -> None:
    callback = {
        "json": post(DLR),
        "form": Callback("POST", URL, {}, urlencode(DLR).encode()),
        "query": Callback("GET", f"{URL}?{urlencode(DLR)}"),
    }[form]
    at = datetime(2026, 11, 23, 5, 59, tzinfo=UTC)
    assert make_route().read_receipts(callback) == [
        Receipt("delivered", "a-1", "0A01", "handset", occurred_at=at)
    ]


def test_receipt_of_the_messages_api_is_read() -> None:
    at = datetime(2026, 11, 23, 5, 59, tzinfo=UTC)
    assert make_route("jwt").read_receipts(post(STATUS)) == [
        Receipt("delivered", "a-1", STATUS["message_uuid"], "handset", occurred_at=at)
    ]


@pytest.mark.parametrize("plain", [DLR, STATUS])
@pytest.mark.parametrize("status", sorted(STATES))
def test_status_means(plain: dict[str, Any], status: str) -> None:
    (receipt,) = make_route().read_receipts(post(plain | {"status": status}))
    if status in OPEN_STATES:
        assert (receipt.state, receipt.level) == ("accepted", "carrier")
    elif status in FAILED_STATES:
        assert (receipt.state, receipt.is_permanent) == ("failed", False)
    else:
        assert status in {"delivered", "read"}
        assert (receipt.state, receipt.level) == ("delivered", "handset")


@pytest.mark.parametrize("code", sorted(PERMANENT))
def test_code_of_a_failure_means(code: str) -> None:
    error = {"type": f"https://developer.vonage.com/api-errors/messages#{code}", "title": "No"}
    failed = {"status": "rejected"}
    is_of_sms_api = int(code) < 1000
    told = (
        DLR | failed | {"err-code": code} if is_of_sms_api else STATUS | failed | {"error": error}
    )
    (receipt,) = make_route().read_receipts(post(told))
    assert (receipt.state, receipt.code) == ("failed", code)
    assert receipt.is_permanent == (code in DEAD_NUMBERS)


@pytest.mark.parametrize("code", ["77", 77])
def test_code_that_nobody_listed_gives_nobody_up(code: object) -> None:
    (receipt,) = make_route().read_receipts(post(DLR | {"status": "failed", "err-code": code}))
    assert (receipt.is_permanent, receipt.code) == (False, "77")


def test_signed_reference_goes_before_that_of_the_address() -> None:
    """Vonage does not sign the address: a replay could put another reference there."""
    (receipt,) = make_route().read_receipts(post(DLR, f"{URL}?ref=a-2"))
    assert receipt.reference == "a-1"
    bare = {name: field for name, field in DLR.items() if name != "client-ref"}
    (receipt,) = make_route().read_receipts(post(bare, f"{URL}?ref=a-2"))
    assert receipt.reference == "a-2"
    (receipt,) = make_route().read_receipts(post(bare))
    assert (receipt.reference, receipt.provider_id) == (None, "0A01")


@pytest.mark.parametrize("scts", ["", "soon", "2613230559"])
def test_receipt_without_a_readable_time_has_none(scts: str) -> None:
    (receipt,) = make_route().read_receipts(post(DLR | {"scts": scts}))
    assert receipt.occurred_at is None


THEN = NOW - timedelta(minutes=1)
READ = [(TEXT, TEXT["text"], "0A02", NOW), (MESSAGE, "I am safe", MESSAGE["message_uuid"], THEN)]


@pytest.mark.parametrize(("plain", "text", "its_id", "sent_at"), READ)
def test_text_of_a_recipient_is_read(plain: Any, text: str, its_id: str, sent_at: Any) -> None:
    assert make_route().read_receipts(post(plain)) == []
    assert make_route().read_inbound(post(plain)) == [
        InboundText(phone_of(17), phone_of(42), text, its_id, sent_at)
    ]


def test_short_code_stays_as_it_is() -> None:
    (text,) = make_route().read_inbound(post(TEXT | {"to": "12345"}))
    assert text.receiver == "12345"


@pytest.mark.parametrize("plain", [DLR, STATUS])
def test_receipt_is_no_text(plain: dict[str, Any]) -> None:
    assert make_route().read_inbound(post(plain)) == []


@pytest.mark.parametrize(
    "plain",
    [{}, {"a": 1}, TEXT | {"msisdn": ""}, MESSAGE | {"to": None}, {"msisdn": "1", "to": "2"}],
)
def test_callback_that_vonage_does_not_document_is_malformed(plain: dict[str, Any]) -> None:
    for read in (make_route().read_receipts, make_route().read_inbound):
        with pytest.raises(MalformedCallbackError):
            read(post(plain))


@pytest.mark.parametrize("plain", [DLR | {"status": "misted"}, {"status": "delivered"}])
def test_receipt_that_says_nothing_is_malformed(plain: dict[str, Any]) -> None:
    with pytest.raises(MalformedCallbackError):
        make_route().read_receipts(post(plain))


def test_body_that_is_no_text_is_malformed() -> None:
    with pytest.raises(MalformedCallbackError):
        make_route().read_receipts(Callback("POST", URL, {}, b"\xff"))
