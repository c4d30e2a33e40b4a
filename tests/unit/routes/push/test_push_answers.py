from datetime import UTC, datetime

import httpx
import pytest

from rollcall.errors import OutcomeUnknownError, RecipientError, RouteError
from rollcall.routes.base import Acceptance
from rollcall.routes.push.answers import (
    PushMeaning,
    Result,
    conclude_devices,
    judge_push_status,
    read_push_answer,
)

NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)
TAKEN = Result(Acceptance(None, "201"))
LOST = Result(OutcomeUnknownError("the answer was lost", "app"))
BUSY = Result(RouteError("later", "app", "503", "temporary"))
REFUSED = Result(RouteError("no", "app", "403", "rejected"))
GONE = Result(RecipientError("gone", "app", "410"), is_gone=True)


def answer(status: int, **headers: str) -> Result:
    return read_push_answer(httpx.Response(status, headers=headers), "app", NOW)


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        (200, "accepted"),
        (201, "accepted"),
        (202, "accepted"),
        (301, "rejected"),
        (307, "rejected"),
        (400, "rejected"),
        (401, "rejected"),
        (403, "rejected"),
        (404, "gone"),
        (408, "temporary"),
        (410, "gone"),
        (413, "too_large"),
        (429, "temporary"),
        (500, "temporary"),
        (502, "temporary"),
        (503, "temporary"),
        (504, "temporary"),
    ],
)
def test_every_status_has_a_meaning(status: int, meaning: PushMeaning) -> None:
    assert judge_push_status(status) == meaning


def test_an_acceptance_keeps_no_address_of_the_message() -> None:
    told = answer(201, Location="https://push.example.org/m/secret")
    assert told == Result(Acceptance(None, "201"))


@pytest.mark.parametrize("status", [404, 410])
def test_what_is_gone_is_told_apart_from_what_is_refused(status: int) -> None:
    gone, refused = answer(status), answer(403)
    assert gone.is_gone
    assert isinstance(gone.outcome, RecipientError)
    assert not refused.is_gone
    assert isinstance(refused.outcome, RouteError)


def test_a_service_that_asks_to_wait_is_obeyed_for_this_person_alone() -> None:
    error = answer(429, **{"Retry-After": "7"}).outcome
    assert isinstance(error, RouteError)
    # "throttled" would close the route for everybody, on the word of whoever named the endpoint
    assert (error.fault, error.retry_after_s) == ("temporary", 7.0)


def test_what_is_too_large_is_not_tried_again_and_the_device_is_kept() -> None:
    told = answer(413)
    assert isinstance(told.outcome, RecipientError)
    assert not told.is_gone


@pytest.mark.parametrize(
    ("results", "best"),
    [
        ([GONE, TAKEN], TAKEN),
        ([LOST, BUSY, TAKEN], TAKEN),
        ([BUSY, LOST, GONE], LOST),
        ([REFUSED, GONE, BUSY], BUSY),
        ([GONE, REFUSED], REFUSED),
        ([GONE], GONE),
    ],
)
def test_a_person_is_reached_by_one_device_and_else_hoped_for(
    results: list[Result], best: Result
) -> None:
    assert conclude_devices(results) is best.outcome
