"""Infobip's route against a scripted Infobip: what it asks, and what each answer comes to."""

import json
import logging
import traceback
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from rollcall.errors import OutcomeUnknownError, RecipientError, RouteError
from rollcall.routes.base import Acceptance, AskableRoute, BulkRoute
from rollcall.routes.callbacks import Callback, CallbackReader
from tests.integration.routes.infobip_server import (
    PENDING,
    PUBLIC_URL,
    accepted,
    answer_each,
    answer_with,
    open_route,
    read_envelope,
)
from tests.integration.routes.providers import LOST, NOW, Reply, Request, submission


async def test_route_can_all_that_infobip_can() -> None:
    async with open_route(answer_each()) as (route, _):
        assert isinstance(route, BulkRoute)
        assert isinstance(route, AskableRoute)
        assert isinstance(route, CallbackReader)
        assert (route.route_id, route.channel, route.bulk_size) == ("bravo", "sms", 500)


async def test_request_is_as_the_vendor_describes_it() -> None:
    one = submission(7)
    async with open_route(answer_each()) as (route, provider):
        assert await route.submit(one) == Acceptance(one.idempotency_key, "26 PENDING_ACCEPTED")
    (message,) = read_envelope(provider.requests[0]).messages
    assert message.sender == "Rollcall"
    assert message.content.text == one.text
    assert message.destinations[0].to == one.address.removeprefix("+")
    assert message.destinations[0].messageId == one.idempotency_key
    assert message.webhooks.callbackData == one.attempt_id
    assert message.webhooks.delivery is not None
    address = urlsplit(message.webhooks.delivery.url)
    assert f"{address.scheme}://{address.netloc}{address.path}" == (
        f"{PUBLIC_URL}/receipts/bravo/{'s' * 16}"
    )
    assert parse_qs(address.query)["ref"] == [one.attempt_id]


async def test_address_that_infobip_was_given_lets_it_in() -> None:
    one = submission(7)
    async with open_route(answer_each()) as (route, provider):
        await route.submit(one)
        delivery = read_envelope(provider.requests[0]).messages[0].webhooks.delivery
        assert delivery is not None
        body = json.dumps({"results": [{"callbackData": one.attempt_id, "status": PENDING}]})
        callback = Callback("POST", delivery.url, {}, body.encode())
        route.verify(callback, NOW)
        assert [each.reference for each in route.read_receipts(callback)] == [one.attempt_id]
        assert route.read_inbound(callback) == []


async def test_nothing_is_reported_where_no_receipts_are_awaited() -> None:
    changes = {"receipt_secret": None, "webhook_username": None, "webhook_password": None}
    async with open_route(answer_each(), **changes) as (route, provider):
        await route.submit(submission())
    assert read_envelope(provider.requests[0]).messages[0].webhooks.delivery is None


async def test_thousand_messages_arrive_once_each_with_their_own_text() -> None:
    messages = [submission(number) for number in range(1000)]
    async with open_route(answer_each(), bulk_size=1000) as (route, provider):
        results = await route.submit_bulk(messages)
    assert [each.provider_id for each in accepted(results)] == [
        each.idempotency_key for each in messages
    ]
    assert len(provider.requests) == 1
    arrived = [
        (each.destinations[0].to, each.content.text, each.webhooks.callbackData)
        for each in read_envelope(provider.requests[0]).messages
    ]
    assert arrived == [
        (each.address.removeprefix("+"), each.text, each.attempt_id) for each in messages
    ]


async def test_refusal_of_one_leaves_the_rest_of_the_bulk_accepted() -> None:
    messages = [submission(number) for number in range(4)]
    statuses = {
        messages[1].idempotency_key: {"groupId": 5, "id": 52, "name": "REJECTED_DESTINATION"},
        messages[2].idempotency_key: {"groupId": 5, "id": 6, "name": "REJECTED_NETWORK"},
    }
    async with open_route(answer_each(statuses)) as (route, _):
        first, second, third, fourth = await route.submit_bulk(messages)
    accepted([first, fourth])
    assert isinstance(second, RecipientError)
    assert second.provider_code == "52 REJECTED_DESTINATION"
    assert isinstance(third, RouteError)
    assert third.fault == "rejected"


async def test_duplicate_id_means_that_the_first_was_taken() -> None:
    one = submission()
    name = "REJECTED_DUPLICATE_MESSAGE_ID"
    statuses = {
        one.idempotency_key: {"groupId": 5, "groupName": "REJECTED", "id": 23, "name": name}
    }
    async with open_route(answer_each(statuses)) as (route, _):
        assert await route.submit(one) == Acceptance(one.idempotency_key, f"23 {name}")


async def test_lost_answer_is_settled_by_the_same_id() -> None:
    """Lost, then asked again: Infobip refuses the repeat, and nobody gets the text twice."""
    taken: set[str] = set()
    one = submission()

    def answer(request: Request) -> Reply:
        key = read_envelope(request).messages[0].destinations[0].messageId
        if key in taken:
            status = {"groupId": 5, "id": 23, "name": "REJECTED_DUPLICATE_MESSAGE_ID"}
            return Reply(200, {"messages": [{"messageId": key, "status": status}]})
        taken.add(key)
        return LOST

    async with open_route(answer) as (route, _):
        with pytest.raises(OutcomeUnknownError):
            await route.submit(one)
        assert (await route.submit(one)).provider_id == one.idempotency_key


async def test_message_that_the_answer_forgets_is_unknown() -> None:
    messages = [submission(number) for number in range(2)]
    told = {"messageId": messages[1].idempotency_key, "status": PENDING}
    async with open_route(answer_with(Reply(200, {"messages": [told]}))) as (route, _):
        first, second = await route.submit_bulk(messages)
    assert isinstance(first, OutcomeUnknownError)
    accepted([second])


@pytest.mark.parametrize(
    "reply",
    [
        LOST,
        Reply(200, b"<html>proxy</html>"),
        Reply(200, []),
        Reply(204, b""),
        Reply(500, {"errorCode": "E500"}),
        Reply(503, b""),
    ],
)
async def test_answer_that_says_nothing_is_unknown_for_all(reply: Reply) -> None:
    async with open_route(answer_with(reply)) as (route, provider):
        with pytest.raises(OutcomeUnknownError):
            await route.submit(submission())
        with pytest.raises(OutcomeUnknownError):
            await route.submit_bulk([submission(1), submission(2)])
    assert len(provider.requests) == 2


@pytest.mark.parametrize(
    ("status", "body", "code", "fault"),
    [
        (401, {"errorCode": "E401", "description": "x"}, "E401", "rejected"),
        (
            403,
            {"requestError": {"serviceException": {"messageId": "FORBIDDEN"}}},
            "FORBIDDEN",
            "rejected",
        ),
        (404, b"", "404", "rejected"),
        (429, {"errorCode": "E429"}, "E429", "throttled"),
        (302, b"", "302", "rejected"),
    ],
)
async def test_request_that_is_refused_as_a_whole_is_refused_for_each(
    status: int, body: Any, code: str, fault: str
) -> None:
    reply = Reply(status, body, {"Retry-After": "7"})
    async with open_route(answer_with(reply)) as (route, provider):
        with pytest.raises(RouteError) as alone:
            await route.submit(submission())
        with pytest.raises(RouteError) as bulk:
            await route.submit_bulk([submission(1), submission(2)])
    for refusal in (alone.value, bulk.value):
        told = (refusal.provider_code, refusal.fault, refusal.retry_after_s)
        assert told == (code, fault, 7.0)
    assert len(provider.requests) == 2


async def test_one_malformed_message_costs_the_others_nothing() -> None:
    messages = [submission(number) for number in range(5)]
    sent: list[str] = []

    def answer(request: Request) -> Reply:
        keys = [each.destinations[0].messageId for each in read_envelope(request).messages]
        if messages[3].idempotency_key in keys:
            return Reply(400, {"errorCode": "E400", "description": "Request cannot be processed."})
        sent.extend(keys)
        return Reply(200, {"messages": [{"messageId": key, "status": PENDING} for key in keys]})

    async with open_route(answer) as (route, provider):
        results = await route.submit_bulk(messages)
    accepted(results[:3] + results[4:])
    assert isinstance(results[3], RouteError)
    assert results[3].provider_code == "E400"
    assert sorted(sent) == [messages[place].idempotency_key for place in (0, 1, 2, 4)]
    assert len(provider.requests) == 6


async def test_nothing_was_sent_where_nobody_listens() -> None:
    async with open_route(answer_each()) as (route, provider):
        port = provider.port
    async with open_route(answer_each(), base_url=f"http://127.0.0.1:{port}") as (route, _):
        with pytest.raises(RouteError) as caught:
            await route.submit_bulk([submission(1), submission(2)])
    assert caught.value.fault == "unavailable"


async def test_errors_and_logs_hold_neither_number_nor_text(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    one = submission()
    quoting = {"errorCode": f"{one.address} {one.text}", "description": one.text}
    async with open_route(answer_with(Reply(400, quoting))) as (route, _):
        with pytest.raises(RouteError) as caught:
            await route.submit(one)
    told = "".join(traceback.format_exception(caught.value)) + caplog.text
    assert one.address.removeprefix("+") not in told
    assert "Flood" not in told


async def test_check_asks_for_the_balance() -> None:
    async with open_route(answer_with(Reply(200, {"balance": 1}))) as (route, provider):
        assert await route.check() == "127.0.0.1 answers (200)"
    assert provider.requests[0].target == "/account/1/balance"
    async with open_route(answer_with(Reply(401, {}))) as (route, _):
        with pytest.raises(RouteError, match="refuses our credentials"):
            await route.check()
