import json
from typing import Any

import pytest

from rollcall.domain.follow_ups import make_follow_up
from rollcall.domain.message import MessageRequest, digest_request
from rollcall.errors import RequestError

BEFORE: dict[str, Any] = {
    "content": {"subject": "Drill", "text": "Run."},
    "selection": {"everyone": True},
    "options": {"include_sms": True, "life_safety": True},
    "expires_at": "2026-11-24T06:00:00Z",
    "expected_audience": "a" * 64,
    "confirmed": True,
}


def test_retry_says_the_same_until_the_same_moment_to_those_not_reached() -> None:
    retry = make_follow_up(BEFORE, "m1", "not_reached")
    before = MessageRequest.model_validate(BEFORE)
    assert (retry.content, retry.options) == (before.content, before.options)
    assert retry.expires_at == before.expires_at
    assert retry.follow_up is not None
    assert (retry.follow_up.message_id, retry.follow_up.who) == ("m1", "not_reached")
    assert (retry.selection, retry.expected_audience, retry.confirmed) == (None, None, False)


def test_correction_has_its_own_words_and_the_same_channels() -> None:
    words = {"content": {"subject": "Correction", "text": "Stay."}}
    correction = make_follow_up(BEFORE, "m1", "reached", json.dumps(words))
    assert correction.content.text == "Stay."
    assert correction.options.include_sms
    assert correction.expires_at is None


def test_correction_without_words_is_refused() -> None:
    with pytest.raises(RequestError, match="content"):
        make_follow_up(BEFORE, "m1", "reached", "{}")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ("[]", "must be an object"),
        ("{", "not valid JSON"),
        ('{"selection": {"everyone": true}}', "'selection' has no place in a follow-up"),
        ('{"options": {"sms": true}}', "unknown key 'sms'"),
    ],
)
def test_changes_that_cannot_be_meant_are_told(changes: str, told: str) -> None:
    with pytest.raises(RequestError, match=told):
        make_follow_up(BEFORE, "m1", "not_reached", changes)


@pytest.mark.parametrize("aims", [{}, {"selection": {"everyone": True}, "follow_up": {}}])
def test_request_has_exactly_one_aim(aims: dict[str, Any]) -> None:
    told = {"message_id": "m1", "who": "reached"} if "follow_up" in aims else None
    asked = {"content": BEFORE["content"], **aims} | ({"follow_up": told} if told else {})
    with pytest.raises(ValueError, match="needs either a selection or a follow_up"):
        MessageRequest.model_validate(asked)


def test_digest_tells_follow_ups_apart_and_not_confirmations() -> None:
    one = make_follow_up(BEFORE, "m1", "not_reached")
    digests = {
        digest_request(request, "/data", None)
        for request in (
            one,
            make_follow_up(BEFORE, "m2", "not_reached"),
            make_follow_up(BEFORE, "m1", "reached", json.dumps({"content": BEFORE["content"]})),
        )
    }
    assert len(digests) == 3
    confirmed = one.model_copy(update={"confirmed": True})
    assert digest_request(confirmed, "/data", None) in digests
