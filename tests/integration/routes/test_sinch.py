"""Sinch's route against a scripted Sinch: what it asks, and what each answer comes to."""

import logging
import traceback
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from rollcall.errors import OutcomeUnknownError, RouteError
from rollcall.routes.base import Acceptance, AskableRoute, BulkRoute
from rollcall.routes.callbacks import CallbackReader
from tests.integration.routes.providers import LOST, NOW, Reply, Request, submission
from tests.integration.routes.sinch_server import (
    NO_RECEIPTS,
    PUBLIC_URL,
    Sinch,
    accepted,
    answer_with,
    expected,
    open_route,
    read_batch,
    report_to,
)


async def test_route_can_all_that_sinch_can() -> None:
    async with open_route(Sinch()) as (route, _):
        assert isinstance(route, BulkRoute)
        assert isinstance(route, AskableRoute)
        assert isinstance(route, CallbackReader)
        assert (route.route_id, route.channel, route.bulk_size) == ("bravo", "sms", 1000)


async def test_request_is_as_the_vendor_describes_it() -> None:
    one, sinch = submission(7), Sinch()
    async with open_route(sinch) as (route, _):
        acceptance = await route.submit(one)
    (batch,) = sinch.batches
    assert sinch.arrived() == expected([one])
    assert (batch.sender, batch.body, batch.parameters) == ("Rollcall", one.text, {})
    assert (batch.client_reference, batch.delivery_report) == (one.attempt_id, "per_recipient")
    assert batch.callback_url == (f"{PUBLIC_URL}/receipts/bravo/{'s' * 32}?ref={one.attempt_id}")
    assert acceptance.provider_code == "201"
    assert str(acceptance.provider_id).startswith("01BATCH1:")


async def test_no_number_is_kept() -> None:
    messages, sinch = [submission(number) for number in range(30)], Sinch()
    async with open_route(sinch) as (route, _):
        kept = accepted(await route.submit_bulk(messages))
    assert len(set(kept)) == 30
    told = " ".join([*kept, *(str(each.callback_url) for each in sinch.batches)])
    for each in messages:
        assert each.address.removeprefix("+") not in told


async def test_thousand_messages_arrive_once_each_with_their_own_text() -> None:
    messages, sinch = [submission(number) for number in range(1000)], Sinch()
    async with open_route(sinch) as (route, _):
        kept = accepted(await route.submit_bulk(messages))
    assert Counter(sinch.arrived()) == Counter(expected(messages))
    assert len(set(kept)) == 1000
    assert len(sinch.batches) < 20


async def test_thousand_messages_go_in_one_request_where_no_receipts_are_awaited() -> None:
    messages, sinch = [submission(number) for number in range(1000)], Sinch()
    async with open_route(sinch, **NO_RECEIPTS) as (route, _):
        accepted(await route.submit_bulk(messages))
    (batch,) = sinch.batches
    assert Counter(sinch.arrived()) == Counter(expected(messages))
    assert (batch.delivery_report, batch.callback_url) == ("none", None)


async def test_every_report_finds_its_attempt_even_if_the_answer_was_lost() -> None:
    """By the address alone: neither the batch's id nor anything this process remembers is used."""
    messages, sinch = [submission(number) for number in range(300)], Sinch()

    def lose(request: Request) -> Reply:
        sinch(request)
        return LOST

    async with open_route(lose) as (route, _):
        results = await route.submit_bulk(messages)
    assert all(isinstance(each, OutcomeUnknownError) for each in results)
    found: dict[str, str | None] = {}
    async with open_route(sinch) as (portal, _):
        for batch in sinch.batches:
            for number in batch.to:
                (receipt,) = portal.read_receipts(report_to(str(batch.callback_url), number))
                found[number] = receipt.reference
    assert found == {each.address.removeprefix("+"): each.attempt_id for each in messages}


async def test_report_bears_the_id_that_the_submit_was_given() -> None:
    messages, sinch = [submission(number) for number in range(3)], Sinch()
    async with open_route(sinch) as (route, _):
        kept = accepted(await route.submit_bulk(messages))
        url = str(sinch.batches[0].callback_url)
        for one, provider_id in zip(messages, kept, strict=True):
            number = one.address.removeprefix("+")
            (receipt,) = route.read_receipts(report_to(url, number, batch_id="01BATCH1"))
            assert (receipt.reference, receipt.provider_id) == (one.attempt_id, provider_id)


async def test_two_messages_to_one_number_go_in_requests_of_their_own() -> None:
    first, second = submission(1), submission(2, address=submission(1).address)
    third, sinch = submission(3), Sinch()
    async with open_route(sinch) as (route, _):
        kept = accepted(await route.submit_bulk([first, second, third]))
    assert [len(each.to) for each in sinch.batches] == [2, 1]
    assert Counter(sinch.arrived()) == Counter(expected([first, second, third]))
    assert len(set(kept)) == 3


@pytest.mark.parametrize(
    "text",
    [
        "short",
        "x" * 160,
        "x" * 161,
        "洪水" * 100,
        "🌊" * 200,
        "a" + "🌊" * 80,
        "Pay ${name} in $ {t0} ${t0}",
        'line\nline\r\n\t"quoted" \\ ',
        "y" * 1600,
    ],
)
async def test_text_arrives_as_it_is_alone_and_in_a_bulk(text: str) -> None:
    one, other, sinch = submission(1, text=text), submission(2), Sinch()
    async with open_route(sinch) as (route, _):
        await route.submit(one)
        accepted(await route.submit_bulk([one, other]))
    assert Counter(sinch.arrived()) == Counter(expected([one, one, other]))


async def test_one_text_for_all_is_the_body() -> None:
    messages = [submission(number, text="Flood") for number in range(50)]
    sinch = Sinch()
    async with open_route(sinch) as (route, _):
        accepted(await route.submit_bulk(messages))
    (batch,) = sinch.batches
    assert (batch.body, batch.parameters) == ("Flood", {})


async def test_bulk_in_few_texts_goes_as_one_batch_for_each() -> None:
    texts = ("Flood", "洪水")
    messages = [submission(number, text=texts[number % 2]) for number in range(40)]
    sinch = Sinch()
    async with open_route(sinch) as (route, _):
        accepted(await route.submit_bulk(messages))
    assert [(each.body, each.parameters) for each in sinch.batches] == [
        (text, {}) for text in texts
    ]
    assert Counter(sinch.arrived()) == Counter(expected(messages))


async def test_long_texts_of_many_are_answered_in_what_can_be_read() -> None:
    """Sinch repeats a batch in its answer: it must stay below what we read of one."""
    messages = [submission(number, text=f"{number:04}" + "洪" * 1500) for number in range(600)]
    sinch = Sinch()
    async with open_route(sinch, **NO_RECEIPTS) as (route, _):
        accepted(await route.submit_bulk(messages))
    assert Counter(sinch.arrived()) == Counter(expected(messages))


@pytest.mark.parametrize(
    "reply",
    [
        LOST,
        Reply(201, b"<html>proxy</html>"),
        Reply(201, {"canceled": False}),
        Reply(201, []),
        Reply(201, {"id": ""}),
        Reply(500, {"code": "internal"}),
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
        (401, b"", "401", "rejected"),
        (403, {"code": "missing_callback_url", "text": "x"}, "missing_callback_url", "rejected"),
        (404, b"", "404", "rejected"),
        (429, {}, "429", "throttled"),
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
    messages, sinch = [submission(number) for number in range(5)], Sinch()
    wrong = messages[3].address.removeprefix("+")

    def answer(request: Request) -> Reply:
        if wrong in read_batch(request).to:
            return Reply(400, {"code": "syntax_invalid_parameter_format", "text": wrong})
        return sinch(request)

    async with open_route(answer) as (route, provider):
        results = await route.submit_bulk(messages)
    accepted(results[:3] + results[4:])
    assert isinstance(results[3], RouteError)
    assert results[3].provider_code == "syntax_invalid_parameter_format"
    assert Counter(sinch.arrived()) == Counter(expected(messages[:3] + messages[4:]))
    assert len(provider.requests) == 6


async def test_failure_of_one_batch_is_the_answer_for_its_messages_only() -> None:
    first, second, sinch = submission(1), submission(2, address=submission(1).address), Sinch()
    answers: dict[str, Callable[[Request], Reply]] = {
        first.text: sinch,
        second.text: answer_with(Reply(429, {}, {"Retry-After": "7"})),
    }
    async with open_route(lambda request: answers[request.json()["body"]](request)) as (route, _):
        taken, throttled = await route.submit_bulk([first, second])
    assert isinstance(taken, Acceptance)
    assert isinstance(throttled, RouteError)
    assert (throttled.fault, throttled.retry_after_s) == ("throttled", 7.0)


async def test_nothing_was_sent_where_nobody_listens() -> None:
    async with open_route(Sinch()) as (route, provider):
        port = provider.port
    async with open_route(Sinch(), base_url=f"http://127.0.0.1:{port}") as (route, _):
        with pytest.raises(RouteError) as caught:
            await route.submit_bulk([submission(1), submission(2)])
    assert caught.value.fault == "unavailable"


async def test_errors_and_logs_hold_neither_number_nor_text(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    one = submission()
    quoting = {"code": f"{one.address} {one.text}", "text": one.text}
    async with open_route(answer_with(Reply(400, quoting))) as (route, provider):
        with pytest.raises(RouteError) as refused:
            await route.submit(one)
        provider.answer = answer_with(LOST)
        with pytest.raises(OutcomeUnknownError) as lost:
            await route.look_up(one, "01BATCH:x", NOW)
    told = "".join(
        "".join(traceback.format_exception(each)) for each in (refused.value, lost.value)
    )
    for words in (one.address.removeprefix("+"), "Flood"):
        assert words not in told + caplog.text
