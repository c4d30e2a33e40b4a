"""Asking Sinch what became of an attempt: by its id, and by our reference."""

from datetime import timedelta, timezone
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from rollcall.domain.receipts import Receipt
from rollcall.errors import OutcomeUnknownError, RouteError
from rollcall.routes.base import Submission
from rollcall.routes.sms.sinch import SinchRoute
from rollcall.routes.sms.sinch_look_up import MAX_REMEMBERED
from tests.integration.routes.providers import LOST, NOW, Reply, Request, submission
from tests.integration.routes.sinch_server import PATH, answer_with, open_route, read_batch


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
            early = NOW - timedelta(seconds=300 + 300)  # their clock may be five minutes slow
            assert query["start_date"] == [early.strftime("%FT%TZ")]
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
        (Reply(404, b""), "rejected"),
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


@pytest.mark.parametrize(
    ("answer", "is_missing"),
    [
        ({"count": 0, "page": 0}, True),
        ({"batches": []}, True),
        ({}, False),
        ({"batches": None}, False),
        ({"count": 1, "batches": [{"client_reference": "other", "id": "01B"}]}, True),
    ],
)
async def test_only_a_list_without_it_says_that_it_is_missing(
    answer: dict[str, Any], *, is_missing: bool
) -> None:
    one = submission()
    async with open_route(answer_with(LOST)) as (route, provider):
        with pytest.raises(OutcomeUnknownError):
            await route.submit(one)
        provider.answer = answer_with(Reply(200, answer))
        expected = Receipt("missing", one.attempt_id) if is_missing else None
        assert await look_up(route, one) == expected


async def test_start_of_the_list_is_written_in_utc() -> None:
    one = submission()
    async with open_route(SinchThatIsAsked({}, {})) as (route, provider):
        berlin = timezone(timedelta(hours=1))
        moment = (NOW - timedelta(seconds=300)).astimezone(berlin)
        assert await route.look_up(one, None, moment) is None
    assert len(provider.requests) == 1


async def test_batch_that_sinch_lists_no_longer_is_not_called_missing() -> None:
    one = submission()
    async with open_route(answer_with(LOST)) as (route, provider):
        with pytest.raises(OutcomeUnknownError):
            await route.submit(one)
        provider.answer = answer_with(Reply(200, {"count": 0}))
        assert await look_up(route, one, age_s=13 * 86_400) is None


async def test_report_without_a_status_says_nothing() -> None:
    async with open_route(answer_with(Reply(200, {"recipient": "x"}))) as (route, _):
        assert await look_up(route, submission(), "01B:x") is None


async def test_report_that_cannot_be_asked_for_is_an_error() -> None:
    async with open_route(answer_with(Reply(503, b""))) as (route, _):
        with pytest.raises(RouteError):
            await look_up(route, submission(), "01B:x")


async def test_references_of_lost_batches_are_remembered_within_bounds() -> None:
    async with open_route(answer_with(Reply(200, {"count": 0}))) as (route, _):
        looker = route._looker  # losing so many for real takes long
        looker.remember((str(number) for number in range(MAX_REMEMBERED)), "bulk-1")
        looker.remember(["last"], "bulk-2")
        forgotten, kept = submission(attempt_id="0"), submission(attempt_id="1")
        assert await look_up(route, forgotten) is None
        assert await look_up(route, kept) == Receipt("missing", "1")
