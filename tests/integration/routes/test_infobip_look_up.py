"""Asking Infobip's logs what became of an attempt."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from rollcall.domain.receipts import Receipt
from rollcall.errors import RouteError
from rollcall.routes.base import Submission
from tests.integration.routes.infobip_server import answer_with, open_route
from tests.integration.routes.providers import NOW, Reply, submission


def log_entry(one: Submission, **status: Any) -> dict[str, Any]:
    return {
        "messageId": one.idempotency_key,
        "destination": one.address,
        "doneAt": "2026-11-23T05:59:00.000+0000",
        "status": status,
        "error": {"groupId": 0, "id": 0, "name": "NO_ERROR", "permanent": False},
    }


async def look_up(
    results: list[dict[str, Any]], one: Submission, age_s: float = 300
) -> Receipt | None:
    async with open_route(answer_with(Reply(200, {"results": results}))) as (route, provider):
        found = await route.look_up(one, None, NOW - timedelta(seconds=age_s))
    (request,) = provider.requests
    assert (request.method, urlsplit(request.target).path) == ("GET", "/sms/3/logs")
    assert parse_qs(urlsplit(request.target).query) == {"messageId": [one.idempotency_key]}
    assert request.headers["authorization"] == "App key"
    return found


async def test_look_up_tells_what_the_logs_tell() -> None:
    one = submission(idempotency_key="d-1/bravo &é")
    found = await look_up([log_entry(one, groupId=3, id=5, name="DELIVERED_TO_HANDSET")], one)
    assert found is not None
    assert (found.state, found.level) == ("delivered", "handset")
    assert found.provider_id == one.idempotency_key


async def test_refused_repeat_does_not_hide_what_became_of_the_first() -> None:
    one = submission()
    repeat = log_entry(one, groupId=5, id=23, name="REJECTED_DUPLICATE_MESSAGE_ID")
    first = log_entry(one, groupId=3, id=2, name="DELIVERED_TO_OPERATOR")
    for entries in ([repeat, first], [first, repeat]):
        found = await look_up(entries, one)
        assert found is not None
        assert (found.state, found.level) == ("delivered", "carrier")


@pytest.mark.parametrize(
    ("age_s", "is_missing"),
    [(0, False), (119, False), (120, True), (40 * 3600, True), (48 * 3600, False)],
)
async def test_what_the_logs_lack_is_missing_only_while_they_would_tell(
    age_s: float, *, is_missing: bool
) -> None:
    one = submission()
    other = log_entry(submission(1), groupId=3, id=5)
    expected = Receipt("missing", one.attempt_id) if is_missing else None
    assert await look_up([other], one, age_s) == expected


@pytest.mark.parametrize(
    ("reply", "fault"),
    [
        (Reply(429, b"", {"Retry-After": "3"}), "throttled"),
        (Reply(500, b""), "unavailable"),
        (Reply(200, b"<html>"), "unavailable"),
        (Reply(403, b""), "rejected"),
        (Reply(404, b""), "rejected"),
    ],
)
async def test_look_up_that_fails_says_nothing_about_the_message(reply: Reply, fault: str) -> None:
    async with open_route(answer_with(reply)) as (route, _):
        with pytest.raises(RouteError) as caught:
            await route.look_up(submission(), None, NOW)
    assert (caught.value.fault, caught.value.retry_after_s) == (
        fault,
        3.0 if fault == "throttled" else None,
    )


@pytest.mark.parametrize("answer", [{}, {"results": None}, {"results": {}}])
async def test_answer_that_is_no_list_of_logs_proves_nothing(answer: dict[str, Any]) -> None:
    async with open_route(answer_with(Reply(200, answer))) as (route, _):
        assert await route.look_up(submission(), None, NOW - timedelta(seconds=300)) is None
