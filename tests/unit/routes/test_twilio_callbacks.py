"""Twilio's callbacks: signatures with Twilio's own SDK as referee, every status and code."""

from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import urlencode

import pytest
from twilio.request_validator import (  # type: ignore[import-untyped] # it ships no hints
    RequestValidator,
)

from rollcall.domain.receipts import Receipt
from rollcall.routes.callbacks import (
    Callback,
    ForgedCallbackError,
    InboundText,
    MalformedCallbackError,
)
from rollcall.routes.sms.twilio import TwilioRoute, TwilioSettings
from rollcall.routes.sms.twilio_codes import INBOUND_STATES, PERMANENT, STATES
from tests.people import phone_of

NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
TOKEN = "auth-token"
URL = "https://crisis.example.org/receipts/bravo/0123456789abcdefghij?ref=a-1"
STATUS = {
    "MessageSid": "SM1",
    "SmsSid": "SM1",
    "MessageStatus": "delivered",
    "To": phone_of(17),
    "From": phone_of(42),
    "RawDlrDoneDate": "",
}
TEXT = {
    "MessageSid": "SM2",
    "SmsStatus": "received",
    "From": phone_of(17),
    "To": phone_of(42),
    "Body": "I am safe & well = ok + ünïcode",
    "NumMedia": "0",
}
SENT_STATES = {"accepted", "scheduled", "queued", "sending", "sent", "partially_delivered"}
FAILED_STATES = {"failed", "undelivered", "canceled"}
DEAD_NUMBERS = {"21211", "21610", "21614", "21635", "30005", "30006"}


@cache  # each loads the system's authorities, which takes 50 ms
def make_route(**changes: Any) -> TwilioRoute:
    plain = {
        "id": "bravo",
        "kind": "twilio",
        "account_sid": "AC" + "0f" * 16,
        "auth_token": TOKEN,
        "sender": phone_of(42),
    }
    return TwilioRoute(TwilioSettings.model_validate(plain | changes))


def callback(form: dict[str, str], url: str = URL, **headers: str) -> Callback:
    return Callback("POST", url, headers, urlencode(form).encode())


def sign(form: dict[str, str], url: str = URL, token: str = TOKEN) -> dict[str, str]:
    return {"x-twilio-signature": RequestValidator(token).compute_signature(url, form)}


@pytest.mark.parametrize("form", [STATUS, TEXT, {}])
@pytest.mark.parametrize(
    "url",
    [
        URL,
        "https://crisis.example.org:8443/receipts/bravo/0123456789abcdefghij?ref=a-1",
        "http://crisis.example.org/receipts/b/s",
    ],
)
def test_what_twilios_sdk_signs_is_genuine(form: dict[str, str], url: str) -> None:
    make_route().verify(callback(form, url, **sign(form, url)), NOW)


@pytest.mark.parametrize(
    ("signed", "called"),
    [
        ("https://crisis.example.org:443/receipts/b/s", "https://crisis.example.org/receipts/b/s"),
        ("https://crisis.example.org/receipts/b/s", "https://crisis.example.org:443/receipts/b/s"),
        ("http://crisis.example.org:80/r?ref=1", "http://crisis.example.org/r?ref=1"),
    ],
)
def test_port_may_be_signed_or_not_as_in_twilios_sdk(signed: str, called: str) -> None:
    headers = sign(STATUS, signed)
    assert RequestValidator(TOKEN).validate(called, STATUS, headers["x-twilio-signature"])
    make_route().verify(callback(STATUS, called, **headers), NOW)


FORGERIES = {
    "another body": callback(STATUS | {"MessageStatus": "failed"}, **sign(STATUS)),
    "one field more": callback(STATUS | {"More": "1"}, **sign(STATUS)),
    "another reference": callback(STATUS, URL + "2", **sign(STATUS)),
    "another host": callback(STATUS, URL.replace("crisis", "cr1sis"), **sign(STATUS)),
    "another scheme": callback(STATUS, URL.replace("https", "http"), **sign(STATUS)),
    "another token": callback(STATUS, **sign(STATUS, token="other")),
    "a signature cut short": callback(
        STATUS, **{"x-twilio-signature": sign(STATUS)["x-twilio-signature"][:-1]}
    ),
    "an empty signature": callback(STATUS, **{"x-twilio-signature": ""}),
    "a signature that is no ASCII": callback(STATUS, **{"x-twilio-signature": "Ünterschrift"}),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_twilios_sdk_and_we_refuse(name: str) -> None:
    forged = FORGERIES[name]
    signature = forged.headers["x-twilio-signature"]
    assert not RequestValidator(TOKEN).validate(forged.url, forged.form(), signature)
    with pytest.raises(ForgedCallbackError):
        make_route().verify(forged, NOW)


def test_callback_without_signature_is_refused() -> None:
    with pytest.raises(ForgedCallbackError):
        make_route().verify(callback(STATUS), NOW)


def test_without_a_token_nothing_is_genuine() -> None:
    key = {"auth_token": None, "api_key_sid": "SK" + "0d" * 16, "api_key_secret": "s"}
    with pytest.raises(ForgedCallbackError):
        make_route(**key).verify(callback(STATUS, **sign(STATUS, token="")), NOW)


def test_body_that_is_no_text_is_refused() -> None:
    with pytest.raises(ForgedCallbackError):
        make_route().verify(Callback("POST", URL, sign(STATUS), b"\xff"), NOW)


def test_the_body_of_a_get_is_not_signed() -> None:
    make_route().verify(Callback("GET", URL, sign({}), b""), NOW)


def test_repeated_field_is_signed_as_twilios_sdk_does() -> None:
    class Fields(dict[str, list[str]]):
        def getlist(self, name: str) -> list[str]:
            return self[name]

    fields = Fields(MediaUrl=["b", "a", "b"])
    signature = RequestValidator(TOKEN).compute_signature(URL, fields)
    body = b"MediaUrl=b&MediaUrl=a&MediaUrl=b"
    make_route().verify(Callback("POST", URL, {"x-twilio-signature": signature}, body), NOW)


def test_delivered_message_is_told_by_the_handset() -> None:
    assert make_route().read_receipts(callback(STATUS)) == [
        Receipt("delivered", "a-1", "SM1", "handset")
    ]


@pytest.mark.parametrize("status", sorted(STATES))
def test_status_means(status: str) -> None:
    (receipt,) = make_route().read_receipts(callback(STATUS | {"MessageStatus": status}))
    if status in SENT_STATES:
        assert (receipt.state, receipt.level) == ("accepted", "carrier")
    elif status in FAILED_STATES:
        assert (receipt.state, receipt.is_permanent) == ("failed", False)
    else:
        assert status in {"delivered", "read"}
        assert (receipt.state, receipt.level) == ("delivered", "handset")


@pytest.mark.parametrize("code", sorted(PERMANENT))
def test_code_of_a_failure_means(code: str) -> None:
    form = STATUS | {"MessageStatus": "undelivered", "ErrorCode": code}
    (receipt,) = make_route().read_receipts(callback(form))
    assert (receipt.state, receipt.code) == ("failed", code)
    assert receipt.is_permanent == (code in DEAD_NUMBERS)


def test_code_that_nobody_listed_gives_nobody_up() -> None:
    form = STATUS | {"MessageStatus": "failed", "ErrorCode": "39999"}
    (receipt,) = make_route().read_receipts(callback(form))
    assert (receipt.is_permanent, receipt.code) == (False, "39999")


def test_receipt_without_our_reference_is_found_by_twilios_id() -> None:
    bare = callback(STATUS, "https://crisis.example.org/receipts/bravo/secret")
    assert make_route().read_receipts(bare) == [Receipt("delivered", None, "SM1", "handset")]


@pytest.mark.parametrize("state", sorted(INBOUND_STATES))
def test_text_of_a_recipient_is_read(state: str) -> None:
    text = callback(TEXT | {"SmsStatus": state}, "https://crisis.example.org/receipts/bravo/s")
    assert make_route().read_receipts(text) == []
    assert make_route().read_inbound(text) == [
        InboundText(phone_of(17), phone_of(42), TEXT["Body"], "SM2")
    ]


def test_picture_without_text_is_an_empty_text() -> None:
    form = {name: field for name, field in TEXT.items() if name != "Body"}
    (text,) = make_route().read_inbound(callback(form))
    assert text.text == ""


def test_receipt_is_no_text() -> None:
    assert make_route().read_inbound(callback(STATUS)) == []


@pytest.mark.parametrize(
    "form", [{}, {"MessageStatus": "misted", "MessageSid": "SM1"}, {"MessageStatus": ""}]
)
def test_callback_that_twilio_does_not_document_is_malformed(form: dict[str, str]) -> None:
    with pytest.raises(MalformedCallbackError):
        make_route().read_receipts(callback(form))


def test_receipt_about_nothing_is_malformed() -> None:
    bare = callback({"MessageStatus": "sent"}, "https://crisis.example.org/receipts/bravo/s")
    with pytest.raises(MalformedCallbackError):
        make_route().read_receipts(bare)


@pytest.mark.parametrize("missing", ["From", "To"])
def test_text_of_nobody_is_malformed(missing: str) -> None:
    with pytest.raises(MalformedCallbackError):
        make_route().read_inbound(callback(TEXT | {missing: ""}))


def test_body_that_is_no_text_is_malformed() -> None:
    for read in (make_route().read_receipts, make_route().read_inbound):
        with pytest.raises(MalformedCallbackError):
            read(Callback("POST", URL, {}, b"\xff"))
