"""What Kannel answers and calls back with, read without a Kannel."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollcall.domain.receipts import Receipt
from rollcall.errors import OutcomeUnknownError, RouteError
from rollcall.routes.callbacks import (
    Callback,
    ForgedCallbackError,
    MalformedCallbackError,
    callback_url,
)
from rollcall.routes.registry import read_route_settings
from rollcall.routes.sms.kannel_answers import read_sendsms_answer, read_status
from rollcall.routes.sms.kannel_callbacks import dlr_url, read_report, read_text, verify_callback
from rollcall.routes.sms.kannel_settings import KannelSettings

ATTEMPT = "0197-attempt"
BASE = "https://safe.example.org/receipts/gateway/receipt-secret-for-tests"


def settings(**changes: Any) -> KannelSettings:
    plain = {
        "id": "gateway",
        "kind": "kannel",
        "url": "http://127.0.0.1:13013/cgi-bin/sendsms",
        "username": "rollcall",
        "password": "pa55",
        "sender": "13013",
        "receipts": "carrier",
        "receipt_secret": "receipt-secret-for-tests",
    }
    made = read_route_settings(plain | changes)
    assert isinstance(made, KannelSettings)
    return made


def report(made: KannelSettings, **fields: str) -> Callback:
    """Fill an address in as Kannel does."""
    told = {"d": "1", "i": "fake-a", "A": "", "F": "", "T": "1795642811"} | fields
    url = dlr_url(made, callback_url(BASE, ATTEMPT) or "", ATTEMPT)
    for escape, value in told.items():
        url = url.replace(f"%{escape}", quote(value, safe=""))
    return Callback("GET", url.replace("%%", "%"))


def inbound(query: str) -> Callback:
    return Callback("GET", f"{BASE}?{query}")


@pytest.mark.parametrize(
    ("state", "meaning"),
    [
        ("1", "delivered"),
        ("2", "failed"),
        ("34", "failed"),
        ("16", "failed"),
        ("8", "accepted"),
        ("4", "accepted"),
        ("32", "accepted"),
    ],
)
def test_each_state_means_what_kannel_documents(state: str, meaning: str) -> None:
    receipt = read_report(settings(), report(settings(), d=state))
    assert receipt == Receipt(
        state=meaning,  # type: ignore[arg-type]
        reference=ATTEMPT,
        occurred_at=datetime(2026, 11, 25, 21, 40, 11, tzinfo=UTC),
    )


@pytest.mark.parametrize("state", ["", "0", "64", "x", "-1", "1e3", "²"])
def test_state_that_is_none_is_told(state: str) -> None:
    with pytest.raises(MalformedCallbackError, match="state"):
        read_report(settings(), report(settings(), d=state))


@pytest.mark.parametrize(
    ("answer", "code", "is_permanent"),
    [
        ("NACK/0x0000000b/Invalid Destination Address", "0x0000000b", True),
        ("NACK/0x00000058/Throttling error", "0x00000058", False),
        ("NACK/no SMSC", "no SMSC", False),
        ("id:1 sub:001 dlvrd:000 stat:UNDELIV err:001 text:Go", "UNDELIV/001", False),
        ("id:1 stat:REJECTD text:stat:DELIVRD err:000", "REJECTD", False),
        ("id:1 sub:001 text:stat", None, False),
        ("ACK/", None, False),
        ("", None, False),
    ],
)
def test_code_is_picked_out_of_the_networks_words(
    answer: str, code: str | None, *, is_permanent: bool
) -> None:
    receipt = read_report(settings(), report(settings(), d="2", A=answer))
    assert receipt is not None
    assert (receipt.code, receipt.is_permanent) == (code, is_permanent)


def test_permanent_code_of_a_delivered_message_is_not_believed() -> None:
    told = report(settings(), A="NACK/0x0000000b/Invalid Destination Address")
    receipt = read_report(settings(), told)
    assert receipt is not None
    assert not receipt.is_permanent


def test_address_that_we_gave_out_is_verified() -> None:
    verify_callback(settings(), report(settings()))


@pytest.mark.parametrize("made", [settings(id="other"), settings(receipt_secret="y" * 16)])
def test_address_of_another_route_or_secret_is_forged(made: KannelSettings) -> None:
    with pytest.raises(ForgedCallbackError):
        verify_callback(settings(), report(made))


@pytest.mark.parametrize(
    "query",
    ["", "state=1", f"ref={ATTEMPT}&state=1", f"ref={ATTEMPT}&mac=&state=1", "ref=&mac=%ff",
     f"ref={ATTEMPT}&text=x&from=y"],
)  # fmt: skip
def test_address_without_our_code_is_forged(query: str) -> None:
    with pytest.raises(ForgedCallbackError):
        verify_callback(settings(), inbound(query))


def test_percent_in_our_own_address_survives_kannels_way_of_writing() -> None:
    url = dlr_url(settings(), "https://safe.example.org/a%20b?ref=1", "1")
    assert url.startswith("https://safe.example.org/a%%20b?ref=1&mac=")
    assert url.endswith("&state=%d&smsc=%i&answer=%A&fid=%F&at=%T")


def test_route_without_secret_believes_no_report() -> None:
    mute = settings(receipts="none", receipt_secret=None)
    with pytest.raises(ForgedCallbackError):
        verify_callback(mute, report(settings()))


@pytest.mark.parametrize("token", ["", "&token=", "&token=wrong"])
def test_inbound_text_needs_the_token_that_is_configured(token: str) -> None:
    guarded = settings(inbound_token="t" * 16)
    query = "from=%2B12025550101&to=13013&text=OK"
    verify_callback(guarded, inbound(f"{query}&token={'t' * 16}"))
    verify_callback(settings(), inbound(query + token))
    with pytest.raises(ForgedCallbackError):
        verify_callback(guarded, inbound(query + token))


@given(st.text(), st.sampled_from(["0", "2"]))
def test_any_text_is_read_as_it_was_written(text: str, coding: str) -> None:
    octets = text.encode("utf-16-be" if coding == "2" else "utf-8")
    query = f"from=%2B12025550101&to=13013&id=i-1&coding={coding}&text={quote(octets, safe='')}"
    read = read_text(inbound(query))
    assert read is not None
    assert (read.text, read.sender, read.provider_id) == (text, "+12025550101", "i-1")


def test_binary_message_is_an_empty_text() -> None:
    read = read_text(inbound("from=1&to=2&coding=1&text=%00%FF"))
    assert read is not None
    assert read.text == ""


@pytest.mark.parametrize(
    ("status", "body", "fault"),
    [
        (403, b"Not routable. Do not try again.", "rejected"),
        (403, b"Authorization failed for sendsms", "rejected"),
        (400, b"Number(s) has/have been denied by white- and/or black-lists.", "rejected"),
        (400, b"Coding field misformed, rejected", "rejected"),
        (503, b"Temporal failure, try again later.", "temporary"),
        (429, b"", "throttled"),
    ],
)
def test_refusal_was_not_sent(status: int, body: bytes, fault: str) -> None:
    with pytest.raises(RouteError) as caught:
        read_sendsms_answer(settings(), status, body)
    assert caught.value.fault == fault


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"<html>Welcome to the hotel"),
        (202, b""),
        (500, b"0: Accepted"),
        (503, b"Bad gateway"),
    ],
)
def test_answer_that_is_not_kannels_is_unknown(status: int, body: bytes) -> None:
    with pytest.raises(OutcomeUnknownError):
        read_sendsms_answer(settings(), status, body)


def test_page_that_is_no_status_is_told() -> None:
    with pytest.raises(RouteError, match="gives no status page"):
        read_status(settings(), 200, b"<html>")


def test_gateway_without_any_link_is_told() -> None:
    with pytest.raises(RouteError, match="no smsc"):
        read_status(settings(), 200, b"Status: running, uptime 0d\n")


@pytest.mark.parametrize("change", [{"inbound_token": "short"}, {"smsc": "a b"}, {"sender": ""}])
def test_setting_that_cannot_be_meant_is_refused(change: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=next(iter(change))):
        settings(**change)


def test_secrets_never_show() -> None:
    made = settings(status_url="http://127.0.0.1:13000/status.txt?password=s3cret")
    assert not any(secret in repr(made) for secret in ("pa55", "s3cret", "receipt-secret"))
