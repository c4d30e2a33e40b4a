"""Sinch's route against a scripted Sinch: what it asks, and what each answer comes to."""

import json
import logging
import traceback
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Annotated, Any, Literal
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import BaseModel, ConfigDict, Field
from sinch.domains.sms.models.v1.shared.text_request import (  # type: ignore[import-untyped]  # no type hints
    TextRequest,
)

from rollcall.domain.receipts import Receipt
from rollcall.errors import OutcomeUnknownError, RouteError, SendError
from rollcall.routes.base import Acceptance, AskableRoute, BulkRoute, Submission
from rollcall.routes.callbacks import Callback, CallbackReader
from rollcall.routes.registry import build_route, read_route_settings
from rollcall.routes.sms.sinch import SinchRoute
from tests.integration.routes.providers import (
    LOST,
    NOW,
    Answer,
    Provider,
    Reply,
    Request,
    StoppedClock,
    serve_provider,
    submission,
)

PUBLIC_URL = "https://alerts.example.org"
PATH = "/xms/v1/plan/batches"
Number = Annotated[str, Field(pattern=r"^[1-9][0-9]{6,14}$")]
Key = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,16}$")]
Value = Annotated[str, Field(min_length=1, max_length=160)]


class BatchRequest(BaseModel):
    """A batch as the vendor describes it; what it does not describe is refused."""

    model_config = ConfigDict(extra="forbid", strict=True)

    sender: Annotated[str, Field(alias="from")]
    to: Annotated[list[Number], Field(min_length=1, max_length=1000)]
    body: Annotated[str, Field(max_length=2000)]
    parameters: dict[Key, dict[Number, Value]] = {}
    client_reference: Annotated[str, Field(max_length=128)]
    delivery_report: Literal["none", "per_recipient"]
    callback_url: Annotated[str, Field(pattern=r"^https://", max_length=2048)] | None = None

    def render(self, number: str) -> str:
        """Put a recipient's parameters in, as Sinch does."""
        text = self.body
        for name, values in self.parameters.items():
            text = text.replace(f"${{{name}}}", values[number], 1)
        return text


def read_batch(request: Request) -> BatchRequest:
    assert (request.method, request.target) == ("POST", PATH)
    assert request.headers["authorization"] == "Bearer token"
    assert request.headers["content-type"] == "application/json"
    TextRequest.model_validate_json(request.body)  # the vendor's own model of it
    batch = BatchRequest.model_validate_json(request.body)
    assert len(set(batch.to)) == len(batch.to)
    return batch


class Sinch:
    """Takes batches, and echoes them with an id as Sinch does."""

    def __init__(self) -> None:
        self.batches: list[BatchRequest] = []

    def __call__(self, request: Request) -> Reply:
        self.batches.append(read_batch(request))
        echo = request.json() | {"id": f"01BATCH{len(self.batches)}", "canceled": False}
        return Reply(201, echo)

    def arrived(self) -> list[tuple[str, str]]:
        return [(number, each.render(number)) for each in self.batches for number in each.to]


def answer_with(reply: Reply) -> Answer:
    return lambda _: reply


@asynccontextmanager
async def open_route(answer: Answer, **changes: Any) -> AsyncIterator[tuple[SinchRoute, Provider]]:
    async with serve_provider(answer) as provider:
        plain = {
            "id": "bravo",
            "kind": "sinch",
            "base_url": f"http://127.0.0.1:{provider.port}",
            "service_plan_id": "plan",
            "api_token": "token",
            "sender": "Rollcall",
            "answer_timeout_s": 2,
            "receipt_secret": "s" * 32,
            "webhook_secret": "secret",
            "bulk_size": 1000,
        }
        settings = read_route_settings(plain | changes)
        route = build_route(settings, StoppedClock(), PUBLIC_URL)
        assert isinstance(route, SinchRoute)
        try:
            yield route, provider
        finally:
            await route.aclose()
            await route.aclose()


NO_RECEIPTS: dict[str, Any] = {"receipt_secret": None, "webhook_secret": None}


def expected(messages: Sequence[Submission]) -> list[tuple[str, str]]:
    return [(each.address.removeprefix("+"), each.text) for each in messages]


def accepted(results: Sequence[Acceptance | SendError]) -> list[str]:
    assert [each for each in results if not isinstance(each, Acceptance)] == []
    return [str(each.provider_id) for each in results if isinstance(each, Acceptance)]


def report_to(url: str, number: str, **changes: Any) -> Callback:
    told = {
        "type": "recipient_delivery_report_sms",
        "at": "2026-11-23T06:00:00.000Z",
        "batch_id": "01UNHEARDOF",
        "client_reference": "bulk-x",
        "code": 0,
        "recipient": number,
        "status": "Delivered",
    }
    return Callback("POST", url, {}, json.dumps(told | changes).encode())


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


class SinchThatIsAsked:
    """Lists the batches it was given, and reports on their recipients."""

    def __init__(self, batches: dict[str, str], reports: dict[str, dict[str, Any]]) -> None:
        self.batches, self.reports = batches, reports

    def __call__(self, request: Request) -> Reply:
        target = urlsplit(request.target)
        assert request.method == "GET"
        assert request.headers["authorization"] == "Bearer token"
        if target.path == PATH:
            query = parse_qs(target.query)
            assert query["start_date"] == [(NOW - timedelta(seconds=300)).strftime("%FT%TZ")]
            (reference,) = query["client_reference"]
            listed = [
                {"id": batch_id, "client_reference": name}
                for name, batch_id in self.batches.items()
                if name == reference
            ]
            return Reply(200, {"count": len(listed), "batches": listed})
        report = self.reports.get(target.path.removeprefix(f"{PATH}/"))
        return Reply(200, report) if report else Reply(404, b"")


async def look_up(
    route: SinchRoute, one: Submission, provider_id: str | None = None, age_s: float = 300
) -> Receipt | None:
    return await route.look_up(one, provider_id, NOW - timedelta(seconds=age_s))


def report_of(one: Submission, status: str, code: int) -> dict[str, Any]:
    return {
        "type": "recipient_delivery_report_sms",
        "at": "2026-11-23T05:59:00.000Z",
        "batch_id": "01B",
        "code": code,
        "recipient": one.address.removeprefix("+"),
        "status": status,
    }


async def test_look_up_by_the_providers_id_tells_what_became_of_it() -> None:
    one = submission()
    path = f"01B/delivery_report/{one.address.removeprefix('+')}"
    asked = SinchThatIsAsked({}, {path: report_of(one, "Delivered", 0)})
    async with open_route(asked) as (route, _):
        found = await look_up(route, one, "01B:0123456789abcdef")
        assert await look_up(route, one, "01OTHER:0123456789abcdef") is None
    assert found is not None
    assert (found.state, found.level, found.reference) == ("delivered", "handset", one.attempt_id)


async def test_look_up_by_our_reference_finds_a_batch_whose_answer_was_lost() -> None:
    one = submission()
    async with open_route(answer_with(LOST)) as (route, provider):
        with pytest.raises(OutcomeUnknownError):
            await route.submit(one)
        provider.answer = SinchThatIsAsked({one.attempt_id: "01B"}, {})
        found = await look_up(route, one)
        assert found is not None
        assert (found.state, found.reference) == ("accepted", one.attempt_id)
        path = f"01B/delivery_report/{one.address.removeprefix('+')}"
        reports = {path: report_of(one, "Failed", 150)}
        provider.answer = SinchThatIsAsked({one.attempt_id: "01B"}, reports)
        failed = await look_up(route, one)
    assert failed is not None
    assert (failed.state, failed.is_permanent) == ("failed", True)
    assert failed.provider_id == found.provider_id


async def test_look_up_finds_the_bulk_whose_answer_was_lost() -> None:
    messages = [submission(number) for number in range(3)]
    async with open_route(answer_with(LOST)) as (route, provider):
        with pytest.raises(OutcomeUnknownError):
            await route.submit_bulk(messages)
        reference = read_batch(provider.requests[0]).client_reference
        provider.answer = SinchThatIsAsked({reference: "01B"}, {})
        found = [await look_up(route, each) for each in messages]
    assert [each.state if each else None for each in found] == ["accepted"] * 3
    assert len({each.provider_id for each in found if each}) == 3


async def test_only_who_knows_the_reference_calls_a_batch_missing() -> None:
    """Another process cannot know whether the attempt went in a bulk, under another reference."""
    one = submission()
    async with open_route(answer_with(LOST)) as (route, provider):
        with pytest.raises(OutcomeUnknownError):
            await route.submit_bulk([one, submission(1)])
        provider.answer = SinchThatIsAsked({}, {})
        assert await look_up(route, one) == Receipt("missing", one.attempt_id)
    async with open_route(SinchThatIsAsked({}, {})) as (other, _):
        assert await look_up(other, one) is None


async def test_batch_is_not_missing_while_it_may_be_on_its_way() -> None:
    one = submission()
    async with open_route(answer_with(LOST)) as (route, provider):
        with pytest.raises(OutcomeUnknownError):
            await route.submit(one)
        provider.answer = answer_with(Reply(200, {"count": 0, "batches": []}))
        assert await look_up(route, one, age_s=119) is None
        assert await look_up(route, one, age_s=120) == Receipt("missing", one.attempt_id)


@pytest.mark.parametrize(
    ("reply", "fault"),
    [
        (Reply(429, b"", {"Retry-After": "3"}), "throttled"),
        (Reply(500, b""), "unavailable"),
        (Reply(200, b"<html>"), "unavailable"),
        (Reply(401, b""), "rejected"),
    ],
)
async def test_look_up_that_fails_says_nothing_about_the_message(reply: Reply, fault: str) -> None:
    async with open_route(answer_with(reply)) as (route, _):
        with pytest.raises(RouteError) as caught:
            await look_up(route, submission())
    assert caught.value.fault == fault


async def test_check_asks_for_the_last_batch() -> None:
    async with open_route(answer_with(Reply(200, {"batches": []}))) as (route, provider):
        assert await route.check() == "127.0.0.1 answers (200)"
    assert (provider.requests[0].method, provider.requests[0].target) == (
        "GET",
        f"{PATH}?page_size=1",
    )
    async with open_route(answer_with(Reply(401, {}))) as (route, _):
        with pytest.raises(RouteError, match="refuses our credentials"):
            await route.check()
