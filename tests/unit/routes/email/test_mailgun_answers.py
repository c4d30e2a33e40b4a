"""One row for each of Mailgun's answers, and what it means."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from rollcall.errors import OutcomeUnknownError, RouteError
from rollcall.routes.base import Acceptance
from rollcall.routes.email.batches import Outcome
from rollcall.routes.email.mailgun_answers import (
    FAULTS_OF_SEARCHES,
    NO_ENDPOINT,
    STATUS_MEANINGS,
    read_answer,
    read_found,
)

NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
BAD_ADDRESS = {"message": "'to' parameter is not a valid address. please check documentation"}


def read(
    status: int, document: Any = None, count: int = 1, headers: Mapping[str, str] | None = None
) -> list[Outcome | None]:
    response = httpx.Response(status, json=document, headers=headers)
    return list(read_answer(response, count, "mg", NOW))


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (200, "unknown"),  # without an id it is somebody else's answer
        (302, "rejected"),
        (400, "rejected"),
        (401, "rejected"),
        (402, "rejected"),
        (403, "rejected"),
        (404, "rejected"),
        (429, "throttled"),
        (500, "unknown"),
        (502, "unknown"),
        (503, "unknown"),
        (504, "unknown"),
    ],
)
def test_status_is_the_answer_for_all(status: int, expected: str) -> None:
    outcomes = read(status, {"message": "Forbidden"}, count=3)
    assert len(outcomes) == 3
    for outcome in outcomes:
        if expected == "unknown":
            assert isinstance(outcome, OutcomeUnknownError)
        else:
            assert isinstance(outcome, RouteError)
            assert outcome.fault == expected
        assert outcome.provider_code == str(status)


def test_every_status_of_the_table_is_tested() -> None:
    tested = {200, 400, 401, 402, 403, 404, 413, 429, 500, 502, 503, 504}
    assert set(STATUS_MEANINGS) <= tested


def test_acceptance_has_the_requests_id() -> None:
    document = {"id": "<20261123@example.org>", "message": "Queued. Thank you."}
    assert read(200, document, count=2) == [Acceptance("<20261123@example.org>", "200")] * 2


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'{"id": ""}', b'{"id": 5}', b"\xff", b"[" * 100_000]
)
def test_success_without_an_id_is_unknown(body: bytes) -> None:
    (outcome,) = read_answer(httpx.Response(200, content=body), 1, "mg", NOW)
    assert isinstance(outcome, OutcomeUnknownError)


def test_success_where_no_api_is_sent_nothing() -> None:
    (outcome,) = read_answer(httpx.Response(200, content=NO_ENDPOINT), 1, "mg", NOW)
    assert isinstance(outcome, RouteError)
    assert outcome.fault == "rejected"


def test_throttling_says_until_when() -> None:
    (outcome,) = read(429, headers={"Retry-After": "7"})
    assert isinstance(outcome, RouteError)
    assert outcome.retry_after_s == 7.0


def test_too_much_goes_in_halves_until_it_is_one() -> None:
    assert read(413, count=2) == [None] * 2
    (outcome,) = read(413)
    assert isinstance(outcome, RouteError)
    assert (outcome.fault, outcome.provider_code) == ("rejected", "413")


def test_bad_address_among_many_is_looked_for() -> None:
    assert read(400, BAD_ADDRESS, count=3) == [None] * 3


def test_bad_address_by_itself_is_refused_without_its_words() -> None:
    (outcome,) = read(400, BAD_ADDRESS)
    assert isinstance(outcome, RouteError)
    assert (outcome.fault, outcome.provider_code) == ("rejected", "400 to")


@pytest.mark.parametrize("status", [*FAULTS_OF_SEARCHES, 302, 500, 503])
def test_search_that_is_refused_tells_why(status: int) -> None:
    with pytest.raises(RouteError) as caught:
        read_found(httpx.Response(status, json={"items": []}), "mg", NOW)
    assert caught.value.fault == FAULTS_OF_SEARCHES.get(status, "temporary")


@pytest.mark.parametrize("document", [None, [], {}, {"items": {}}])
def test_search_that_somebody_else_answers_found_nothing_out(document: Any) -> None:
    with pytest.raises(RouteError) as caught:
        read_found(httpx.Response(200, json=document), "mg", NOW)
    assert caught.value.fault == "temporary"


def test_search_lists_events() -> None:
    document = {"items": [{"event": "accepted"}, "x"], "paging": {}}
    assert read_found(httpx.Response(200, json=document), "mg", NOW) == [{"event": "accepted"}]
