"""Mailgun's events: what signs them, and a row for each code."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from rollcall.domain.receipts import Receipt
from rollcall.routes.callbacks import ForgedCallbackError, MalformedCallbackError
from rollcall.routes.email.mailgun_events import (
    EVENT_STATES,
    FAILURE_REASONS,
    fold_events,
    read_callback,
    read_event,
    verify_signature,
    would_have_found,
)
from rollcall.routes.email.replies import NO_SUCH_MAILBOX

NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
KEY = SecretStr("key-3ax6xnjp29jd6fds4gc373sgvjxteol0")

KNOWN_ANSWER = {
    "token": "e0b5477167110d68991efc6b9f89f0a11066af27834600e123",
    "timestamp": "1770920772",
    "signature": "3f9f9869e390626cfa401e164e5cd201b24d153eafc2004a69d41c945dc93c1e",
}
"""Token and timestamp of the example in Mailgun's documentation, whose signature is not of a key
that it tells; this one is by `openssl dgst -sha256 -hmac` with the key above."""


def sign(signed_at: datetime = NOW, key: SecretStr = KEY, **changes: Any) -> bytes:
    timestamp, token = f"{signed_at.timestamp():.0f}", "t" * 50
    digest = hmac.new(
        key.get_secret_value().encode(), (timestamp + token).encode(), hashlib.sha256
    ).hexdigest()
    signature = {"timestamp": timestamp, "token": token, "signature": digest} | changes
    return json.dumps({"signature": signature, "event-data": {}}).encode()


def test_known_answer_is_accepted() -> None:
    body = json.dumps({"signature": KNOWN_ANSWER}).encode()
    verify_signature(KEY, body, datetime.fromtimestamp(1770920772, UTC))


@pytest.mark.parametrize("name", KNOWN_ANSWER)
def test_known_answer_is_refused_with_anything_changed(name: str) -> None:
    changed = KNOWN_ANSWER | {name: KNOWN_ANSWER[name][:-1] + "4"}
    with pytest.raises(ForgedCallbackError):
        verify_signature(
            KEY,
            json.dumps({"signature": changed}).encode(),
            datetime.fromtimestamp(1770920772, UTC),
        )


def test_number_as_timestamp_is_taken_as_its_digits() -> None:
    verify_signature(KEY, sign(timestamp=int(NOW.timestamp())), NOW)


@pytest.mark.parametrize(
    "body",
    [
        sign(key=SecretStr("another")),
        sign(signature="洪"),
        sign(signature=None),
        sign(timestamp="soon"),
        sign(timestamp="9" * 400),
        b'{"event-data": {}}',
        b'{"signature": "x"}',
        b"[]",
        b"",
        b"\xff",
        b"[" * 100_000,
    ],
)
def test_missing_or_broken_signature_is_refused(body: bytes) -> None:
    with pytest.raises(ForgedCallbackError):
        verify_signature(KEY, body, NOW)


def test_nothing_is_believed_without_a_key() -> None:
    with pytest.raises(ForgedCallbackError):
        verify_signature(None, sign(), NOW)


@pytest.mark.parametrize("ago_s", [-299, 0, 3600, 28_800])
def test_repeats_of_eight_hours_are_believed(ago_s: int) -> None:
    verify_signature(KEY, sign(NOW - timedelta(seconds=ago_s)), NOW)


@pytest.mark.parametrize("ago_s", [-301, 29_101, 10**6])
def test_older_ones_and_those_from_the_future_are_not(ago_s: int) -> None:
    with pytest.raises(ForgedCallbackError):
        verify_signature(KEY, sign(NOW - timedelta(seconds=ago_s)), NOW)


def event(kind: str = "failed", /, **changes: Any) -> dict[str, Any]:
    plain = {"event": kind, "timestamp": 1795413600.25, "severity": "permanent"}
    return plain | {"user-variables": {"rollcall_attempt": "a-1"}} | changes


def read(kind: str = "failed", /, **changes: Any) -> Receipt:
    receipt = read_event(event(kind, **changes))
    assert receipt is not None
    return receipt


@pytest.mark.parametrize(("kind", "state"), EVENT_STATES.items())
def test_event_says_how_far_its_attempt_is(kind: str, state: str) -> None:
    receipt = read(kind)
    assert (receipt.state, receipt.reference, receipt.code) == (state, "a-1", kind)
    assert (receipt.level, receipt.is_permanent) == ("carrier", False)
    assert receipt.occurred_at == datetime.fromtimestamp(1795413600.25, UTC)


@pytest.mark.parametrize("kind", ["opened", "clicked", "unsubscribed", "complained", "stored", "x"])
def test_what_people_do_says_nothing_of_delivery(kind: str) -> None:
    assert read_event(event(kind)) is None


@pytest.mark.parametrize("severity", ["temporary", None, "new"])
def test_temporary_failure_is_not_the_end(severity: str | None) -> None:
    receipt = read(severity=severity, reason="bounce")
    assert (receipt.state, receipt.is_permanent) == ("accepted", False)


@pytest.mark.parametrize(("reason", "is_permanent"), FAILURE_REASONS.items())
def test_given_up_is_permanent_only_where_the_mailbox_is_not_there(
    reason: str, *, is_permanent: bool
) -> None:
    receipt = read(reason=reason)
    assert (receipt.state, receipt.is_permanent) == ("failed", is_permanent)
    assert receipt.code == f"failed {reason}"


@pytest.mark.parametrize("enhanced", sorted(NO_SUCH_MAILBOX))
@pytest.mark.parametrize("reason", ["bounce", "generic"])
def test_enhanced_code_of_a_missing_mailbox_decides(enhanced: str, reason: str) -> None:
    status = {"code": 550, "enhanced-code": enhanced}
    receipt = read(reason=reason, **{"delivery-status": status})
    assert receipt.is_permanent
    assert receipt.code == f"failed 550 {enhanced} {reason}"


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ({"code": 550, "enhanced-code": "5.7.1"}, "failed 550 5.7.1 bounce"),
        ({"code": 552, "message": "5.2.2 p1@example.org is full"}, "failed 552 5.2.2 bounce"),
        ({"code": 554, "enhanced-code": "", "message": "5.4.1 no"}, "failed 554 5.4.1 bounce"),
    ],
)
def test_enhanced_code_of_another_kind_leaves_other_routes_a_chance(
    status: Mapping[str, Any], code: str
) -> None:
    receipt = read(reason="bounce", **{"delivery-status": status})
    assert (receipt.is_permanent, receipt.code) == (False, code)


def test_enhanced_code_is_found_in_the_servers_words() -> None:
    status = {"code": 550, "message": "5.1.1 The account does not exist"}
    assert read(reason="generic", **{"delivery-status": status}).is_permanent


@pytest.mark.parametrize("reason", ["new", None, "p1@example.org"])
def test_unknown_reason_is_not_permanent_and_not_kept(reason: str | None) -> None:
    receipt = read(reason=reason, **{"delivery-status": "x"})
    assert (receipt.is_permanent, receipt.code) == (False, "failed")


@pytest.mark.parametrize(
    "variables", [None, [], {}, {"rollcall_attempt": ""}, {"rollcall_attempt": 5}]
)
def test_event_without_our_reference_is_none_of_ours(variables: object) -> None:
    assert read_event(event("delivered", **{"user-variables": variables})) is None


def test_callback_holds_one_event() -> None:
    body = json.dumps({"signature": {}, "event-data": event("delivered")}).encode()
    assert [receipt.state for receipt in read_callback(body)] == ["delivered"]
    ignored = json.dumps({"signature": {}, "event-data": event("opened")}).encode()
    assert read_callback(ignored) == []


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"event-data": []}', b"\xff"])
def test_what_is_no_event_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedCallbackError):
        read_callback(body)


def test_strongest_event_of_the_attempt_counts() -> None:
    other = {"user-variables": {"rollcall_attempt": "a-2"}}
    events = [event("accepted"), event("delivered"), event("failed"), event("delivered", **other)]
    for these, state in ((events, "delivered"), (events[:1], "accepted"), (events[2:], "failed")):
        receipt = fold_events(these, "a-1")
        assert receipt is not None
        assert receipt.state == state
    assert fold_events([event("opened"), events[3]], "a-1") is None


@pytest.mark.parametrize(
    ("ago_s", "is_proof"),
    [(0, False), (1799, False), (1800, True), (86_400, True), (86_401, False)],
)
def test_finding_nothing_is_proof_neither_too_soon_nor_too_late(
    ago_s: int, *, is_proof: bool
) -> None:
    assert would_have_found(NOW - timedelta(seconds=ago_s), NOW) == is_proof
