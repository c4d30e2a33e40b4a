import asyncio
import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import get_args

import pytest

from rollcall.domain.delivery import RETRY_AFTER_MAX_S
from rollcall.domain.tries import Outcome
from rollcall.errors import OutcomeUnknownError, RecipientError, RouteError, RouteFault, SendError
from rollcall.routes.base import Acceptance, Submission
from rollcall.sending.attempt import Verdict, try_route
from rollcall.sending.outbox import open_outbox
from tests.unit.sending.scripted import SUBMISSION, ScriptedRoute

NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)


async def try_once(answer: Acceptance | BaseException) -> Verdict:
    return await try_route(ScriptedRoute("alpha", answer=answer), SUBMISSION)


async def test_acceptance_keeps_the_providers_id_and_code() -> None:
    assert await try_once(Acceptance("m-7", "202")) == Verdict(
        "alpha", "accepted", provider_id="m-7", provider_code="202"
    )


@pytest.mark.parametrize("fault", get_args(RouteFault))
async def test_fault_of_the_route_is_the_outcome(fault: RouteFault) -> None:
    verdict = await try_once(RouteError("no", "alpha", "500", fault, 4.0))
    assert verdict == Verdict("alpha", fault, "no", provider_code="500", retry_after_s=4.0)
    assert fault in get_args(Outcome)


async def test_recipient_whom_nobody_can_help_is_refused() -> None:
    verdict = await try_once(RecipientError("unknown number", "alpha", "404"))
    assert verdict == Verdict("alpha", "refused", "unknown number", provider_code="404")


async def test_lost_answer_is_uncertain_and_never_failed() -> None:
    verdict = await try_once(OutcomeUnknownError("connection reset", "alpha"))
    assert verdict == Verdict("alpha", "uncertain", "connection reset")


async def test_fault_of_ours_in_mid_try_is_uncertain_and_tells_nothing_of_the_person(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.DEBUG):
        verdict = await try_once(RuntimeError("boom"))
    assert verdict == Verdict("alpha", "uncertain", "fault in the route: RuntimeError")
    assert [record.getMessage() for record in caplog.records] == ["route failed"]
    assert SUBMISSION.address not in caplog.text
    assert SUBMISSION.text not in caplog.text


async def test_timeout_within_a_route_is_uncertain() -> None:
    assert (await try_once(TimeoutError())).outcome == "uncertain"


async def test_cancelled_try_is_cancelled() -> None:
    with pytest.raises(asyncio.CancelledError):
        await try_once(asyncio.CancelledError())


def test_verdict_gives_later_decisions_what_they_need() -> None:
    later = Verdict("alpha", "throttled", "slow down", retry_after_s=9.0).as_try(NOW)
    assert (later.route_id, later.outcome, later.reason) == ("alpha", "throttled", "slow down")
    assert (later.retry_after_s, later.ended_at) == (9.0, NOW)


@pytest.mark.parametrize("odd", ["m-\x007", "m-\ud8007"])
async def test_an_id_that_no_ledger_can_store_costs_no_outcome(odd: str) -> None:
    taken = await try_once(Acceptance(odd, odd))
    assert (taken.outcome, taken.provider_id, taken.provider_code) == ("accepted", "m-7", "m-7")
    refused = await try_once(RecipientError("unknown number", "alpha", odd))
    assert (refused.outcome, refused.provider_code) == ("refused", "m-7")


class ForgetfulBulk(ScriptedRoute):
    """Says nothing of the last message of a request."""

    bulk_size = 10

    async def submit_bulk(self, submissions: Sequence[Submission]) -> list[Acceptance | SendError]:
        return [Acceptance("m-7")] * (len(submissions) - 1)


async def test_an_answer_that_speaks_of_too_few_leaves_nobody_waiting() -> None:
    route = ForgetfulBulk("alpha")
    outbox, _ = open_outbox(route, 1)
    async with asyncio.timeout(5):
        verdicts = await asyncio.gather(*(outbox.submit(SUBMISSION) for _ in range(3)))
    assert [one.outcome for one in verdicts] == ["uncertain"] * 3


async def test_an_endless_wait_that_a_provider_asks_for_is_bounded() -> None:
    """JSON has no infinity: with it no outcome of the same commit could be recorded."""
    endless = RouteError("slow down", "alpha", "429", "throttled", retry_after_s=float("inf"))
    verdict = await try_once(endless)
    assert verdict.retry_after_s == RETRY_AFTER_MAX_S
