import base64
import json
from typing import Any

import pytest

from rollcall.routes.callbacks import Callback, ForgedCallbackError, MalformedCallbackError
from rollcall.routes.sms.infobip_callbacks import InfobipCallbacks, read_inbound, read_receipts

BASE = "https://alerts.example.org/receipts/bravo/secret"
CALLBACKS = InfobipCallbacks("infobip", "pass:word")


def basic(credentials: str, scheme: str = "Basic") -> dict[str, str]:
    return {"authorization": f"{scheme} {base64.b64encode(credentials.encode()).decode()}"}


def called(url: str = BASE, headers: dict[str, str] | None = None, body: Any = None) -> Callback:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Callback("POST", url, headers or {}, raw)


@pytest.mark.parametrize("scheme", ["Basic", "basic"])
def test_credentials_let_infobip_in(scheme: str) -> None:
    CALLBACKS.verify(called(headers=basic("infobip:pass:word", scheme)))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        basic("infobip:wrong"),
        basic("other:pass:word"),
        basic(""),
        basic("infobip:pass:word", "Bearer"),
        {"authorization": "Basic"},
        {"authorization": "Basic ä"},
        {"authorization": "Basic not-base64!"},
        {"authorization": ""},
    ],
)
def test_missing_or_wrong_credentials_keep_strangers_out(headers: dict[str, str]) -> None:
    with pytest.raises(ForgedCallbackError):
        CALLBACKS.verify(called(headers=headers))


def test_address_made_for_an_attempt_lets_infobip_in() -> None:
    CALLBACKS.verify(called(str(CALLBACKS.address(BASE, "a-1"))))


def test_address_made_for_another_attempt_or_by_another_key_does_not() -> None:
    mine = str(CALLBACKS.address(BASE, "a-1"))
    other = str(InfobipCallbacks("infobip", "other").address(BASE, "a-1"))
    for url in (BASE, f"{BASE}?ref=a-1", mine.replace("a-1", "a-2"), other, mine[:-1], f"{mine}ä"):
        with pytest.raises(ForgedCallbackError):
            CALLBACKS.verify(called(url))


def test_wrong_credentials_are_not_made_good_by_a_token() -> None:
    url = str(CALLBACKS.address(BASE, "a-1"))
    with pytest.raises(ForgedCallbackError):
        CALLBACKS.verify(called(url, basic("infobip:wrong")))


@pytest.mark.parametrize("headers", [{}, basic(":"), basic("None:None")])
def test_without_a_password_nobody_may_call(headers: dict[str, str]) -> None:
    shut = InfobipCallbacks(None, None)
    with pytest.raises(ForgedCallbackError):
        shut.verify(called(str(shut.address(BASE, "a-1")), headers))


def report(reference: str | None, status_id: int = 5) -> dict[str, Any]:
    return {
        "bulkId": "b",
        "messageId": f"m-{reference}",
        "to": "12125550100",
        "sentAt": "2026-11-23T05:59:59.000+0000",
        "doneAt": "2026-11-23T06:00:00.000+0000",
        "messageCount": 1,
        "status": {"groupId": 3, "groupName": "DELIVERED", "id": status_id, "name": "D"},
        "error": {"groupId": 0, "groupName": "OK", "id": 0, "name": "NO_ERROR", "permanent": False},
        "callbackData": reference,
    }


TEXT = {
    "messageId": "i-1",
    "from": "12125550100",
    "to": "13013",
    "text": "Safe 安全",
    "cleanText": "Safe",
    "receivedAt": "2026-11-23T06:00:00.000+0000",
    "smsCount": 1,
}


def test_one_call_reports_many_attempts() -> None:
    body = {"results": [report(f"a-{number}") for number in range(100)]}
    receipts = read_receipts(called(body=body))
    assert [each.reference for each in receipts] == [f"a-{number}" for number in range(100)]
    assert {each.state for each in receipts} == {"delivered"}


def test_address_of_an_attempt_speaks_of_no_other() -> None:
    body = {"results": [report("a-1"), report("a-2")]}
    receipts = read_receipts(called(f"{BASE}?ref=a-1", body=body))
    assert [each.reference for each in receipts] == ["a-1"]


def test_reference_comes_from_the_address_where_the_report_has_none() -> None:
    (receipt,) = read_receipts(called(f"{BASE}?ref=a-1", body={"results": [report(None)]}))
    assert receipt.reference == "a-1"
    (receipt,) = read_receipts(called(body={"results": [report(None)]}))
    assert receipt.reference is None
    assert receipt.provider_id == "m-None"


def test_texts_and_reports_are_told_apart() -> None:
    body = {"results": [TEXT, report("a-1")], "messageCount": 1, "pendingMessageCount": 0}
    (text,) = read_inbound(called(body=body))
    assert (text.sender, text.receiver, text.text) == ("+12125550100", "13013", "Safe 安全")
    assert text.provider_id == "i-1"
    assert [each.reference for each in read_receipts(called(body=body))] == ["a-1"]


def test_text_without_words_is_empty() -> None:
    (text,) = read_inbound(called(body={"results": [TEXT | {"text": None}]}))
    assert text.text == ""


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"[" * 100_000,
        [],
        {},
        {"results": None},
        {"results": [{"messageId": "m"}]},
    ],
)
def test_what_infobip_does_not_document_is_malformed(body: Any) -> None:
    with pytest.raises(MalformedCallbackError):
        read_receipts(called(body=body))
    with pytest.raises(MalformedCallbackError):
        read_inbound(called(body=body))


def test_text_of_nobody_is_malformed() -> None:
    with pytest.raises(MalformedCallbackError, match="no sender"):
        read_inbound(called(body={"results": [{"receivedAt": "x", "text": "Safe"}]}))


def test_no_results_are_no_news() -> None:
    assert read_receipts(called(body={"results": []})) == []
