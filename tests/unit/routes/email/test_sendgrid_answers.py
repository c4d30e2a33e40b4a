"""One row for each of SendGrid's answers, and what it means."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from rollcall.errors import OutcomeUnknownError, RouteError
from rollcall.routes.base import Acceptance
from rollcall.routes.email.batches import Outcome
from rollcall.routes.email.sendgrid_answers import (
    FIELD_MEANINGS,
    STATUS_MEANINGS,
    read_answer,
)

NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)


def read(
    status: int, document: Any = None, count: int = 1, headers: Mapping[str, str] | None = None
) -> list[Outcome | None]:
    response = httpx.Response(status, json=document, headers=headers)
    return list(read_answer(response, count, "sg", NOW))


def refuse(*fields: str | None) -> dict[str, Any]:
    return {"errors": [{"message": "no p1@example.org", "field": each} for each in fields]}


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (200, "unknown"),
        (202, "unknown"),  # without X-Message-Id it is somebody else's answer
        (302, "rejected"),
        (401, "rejected"),
        (403, "rejected"),
        (404, "rejected"),
        (405, "rejected"),
        (415, "rejected"),
        (429, "throttled"),
        (500, "unknown"),
        (502, "unknown"),
        (503, "unknown"),
    ],
)
def test_status_is_the_answer_for_all(status: int, expected: str) -> None:
    outcomes = read(status, count=3)
    assert len(outcomes) == 3
    for outcome in outcomes:
        if expected == "unknown":
            assert isinstance(outcome, OutcomeUnknownError)
        else:
            assert isinstance(outcome, RouteError)
            assert outcome.fault == expected
        assert outcome.provider_code == str(status)


@pytest.mark.parametrize("status", [400, 413])
def test_refused_single_message_is_refused(status: int) -> None:
    (outcome,) = read(status)
    assert isinstance(outcome, RouteError)
    assert (outcome.fault, outcome.provider_code) == ("rejected", str(status))


def test_every_status_of_the_table_is_tested() -> None:
    assert set(STATUS_MEANINGS) <= {200, 202, 400, 401, 403, 404, 405, 413, 415, 429, 500, 503}


def test_acceptance_has_the_requests_id() -> None:
    headers = {"X-Message-Id": "14c5d75ce93"}
    assert read(202, count=2, headers=headers) == [Acceptance("14c5d75ce93", "202")] * 2


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({"X-RateLimit-Reset": f"{NOW.timestamp() + 42:.0f}"}, 42.0),
        ({"X-RateLimit-Reset": f"{NOW.timestamp() - 42:.0f}"}, 0.0),
        ({"X-RateLimit-Reset": "soon", "Retry-After": "7"}, 7.0),
        ({"Retry-After": "7"}, 7.0),
        ({}, None),
    ],
)
def test_throttling_says_until_when(headers: dict[str, str], wait_s: float | None) -> None:
    (outcome,) = read(429, headers=headers)
    assert isinstance(outcome, RouteError)
    assert outcome.retry_after_s == wait_s


@pytest.mark.parametrize(("field", "meaning"), FIELD_MEANINGS.items())
def test_only_the_message_that_is_at_fault_is_refused(field: str, meaning: str) -> None:
    outcomes = read(400, refuse(f"personalizations.1.{field}"), count=3)
    assert (outcomes[0], outcomes[2]) == (None, None)
    assert isinstance(outcomes[1], RouteError)
    assert (outcomes[1].fault, outcomes[1].provider_code) == (meaning, f"400 {field}")


def test_several_at_fault_are_refused_together() -> None:
    fields = "personalizations.0.to.0.email", "personalizations.2.substitutions"
    outcomes = read(400, refuse(*fields), count=3)
    assert [outcome is None for outcome in outcomes] == [False, True, False]


@pytest.mark.parametrize(
    "document",
    [
        refuse("from.email"),
        refuse("content.0.value"),
        refuse("personalizations.0.to", "from.email"),
        refuse(None, "from.email"),
    ],
)
def test_request_that_is_at_fault_itself_is_refused_for_all(document: Any) -> None:
    for outcome in read(400, document, count=3):
        assert isinstance(outcome, RouteError)
        assert (outcome.fault, outcome.provider_code) == ("rejected", "400")


UNNAMED: list[Any] = [
    refuse(None),
    refuse("personalizations"),
    refuse("personalizations.9.to"),
    refuse("personalizations.x.to"),
    {"errors": []},
    {"errors": ["x"]},
    {"errors": "x"},
    {},
    [],
    None,
]


@pytest.mark.parametrize("document", UNNAMED)
def test_refusal_that_names_nobody_is_looked_into(document: Any) -> None:
    assert read(400, document, count=3) == [None] * 3
    (outcome,) = read(400, document, count=1)
    assert isinstance(outcome, RouteError)
    assert (outcome.fault, outcome.provider_code) == ("rejected", "400")


def test_unknown_field_of_a_message_refuses_that_message() -> None:
    outcomes = read(400, refuse("personalizations.0.new", None), count=2)
    assert isinstance(outcomes[0], RouteError)
    assert (outcomes[0].provider_code, outcomes[1]) == ("400 new", None)


@pytest.mark.parametrize("body", [b"<html>", b"\xff", b"[" * 100_000])
def test_answer_that_is_no_json_names_nobody(body: bytes) -> None:
    assert read_answer(httpx.Response(400, content=body), 2, "sg", NOW) == [None] * 2


def test_too_much_goes_in_halves() -> None:
    assert read(413, count=2) == [None] * 2


def test_no_outcome_quotes_the_providers_words() -> None:
    for outcome in read(400, refuse("personalizations.0.to", None), count=1):
        assert "example.org" not in repr(outcome)
