"""One try over one route, with everything that can come of it."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from rollcall.domain.delivery import RETRY_AFTER_MAX_S
from rollcall.domain.tries import Outcome, Try
from rollcall.errors import OutcomeUnknownError, RecipientError, RouteError, SendError
from rollcall.routes.base import Acceptance, BulkRoute, Route, Submission

SUBMIT_MAX_S: Final = 180.0
"""No single try is longer, whatever a route's own timeouts say; half of it left, so: unknown."""

log = logging.getLogger(__name__)


class Verdict(NamedTuple):
    """What a try came to."""

    route_id: str
    outcome: Outcome
    reason: str | None = None
    provider_id: str | None = None
    provider_code: str | None = None
    retry_after_s: float | None = None

    def as_try(self, ended_at: datetime) -> Try:
        """Return what later decisions need of it."""
        return Try(self.route_id, self.outcome, self.reason or "", self.retry_after_s, ended_at)


async def try_route(route: Route, submission: Submission) -> Verdict:
    """Hand a message to a route and say what came of it; never raises for the route's sake."""
    try:
        async with asyncio.timeout(SUBMIT_MAX_S):
            acceptance = await route.submit(submission)
    except SendError as error:
        return _verdict_of(error)
    except TimeoutError:
        return Verdict(route.route_id, "uncertain", "no answer in time")
    except Exception as error:  # noqa: BLE001 - our fault in mid-try: nobody knows how far it came
        return _fault(route.route_id, error)
    return _accepted(route.route_id, acceptance)


async def try_route_in_bulk(
    route: Route, bulk: BulkRoute, submissions: Sequence[Submission]
) -> list[Verdict]:
    """Hand messages over with one request; say what came of each, never raise for the route's sake.

    Args:
        route: The route.
        bulk: The same route, as one that takes many at once.
        submissions: At most its `bulk_size`.
    """
    try:
        async with asyncio.timeout(SUBMIT_MAX_S):
            results = await bulk.submit_bulk(submissions)
        return [
            _verdict_of(one) if isinstance(one, SendError) else _accepted(route.route_id, one)
            for one, _ in zip(results, submissions, strict=True)
        ]
    except SendError as error:
        verdict = _verdict_of(error)
    except TimeoutError:
        verdict = Verdict(route.route_id, "uncertain", "no answer in time")
    except Exception as error:  # noqa: BLE001 - as above
        verdict = _fault(route.route_id, error)
    return [verdict] * len(submissions)


def _fault(route_id: str, error: Exception) -> Verdict:
    # only its kind is told: what an exception says may be somebody's number
    fault = type(error).__name__
    log.error("route failed", extra={"route_id": route_id, "fault": fault})
    return Verdict(route_id, "uncertain", f"fault in the route: {fault}")


def _accepted(route_id: str, acceptance: Acceptance) -> Verdict:
    return Verdict(
        route_id,
        "accepted",
        provider_id=_storable(acceptance.provider_id),
        provider_code=_storable(acceptance.provider_code),
    )


def _verdict_of(error: SendError) -> Verdict:
    return Verdict(
        error.route_id,
        _outcome_of(error),
        error.reason,
        provider_code=_storable(error.provider_code),
        retry_after_s=_bound(error.retry_after_s) if isinstance(error, RouteError) else None,
    )


def _bound(asked_s: float | None) -> float | None:
    """Bound what a provider asked us to wait: it may be any number, and JSON has no infinity."""
    return None if asked_s is None else min(asked_s, RETRY_AFTER_MAX_S)


def _storable(told: str | None) -> str | None:
    """Leave out what no ledger can store: NUL (PostgreSQL), halves of characters (not UTF-8).

    The outcomes of up to 500 tries are committed together, and would be lost together.
    """
    if told is None or (told.isascii() and "\0" not in told):
        return told
    return told.replace("\0", "").encode(errors="ignore").decode()


def _outcome_of(error: SendError) -> Outcome:
    match error:
        case RouteError():
            return error.fault
        case RecipientError():
            return "refused"
        case OutcomeUnknownError():
            return "uncertain"
        case _:
            raise AssertionError(f"a SendError of no known kind: {type(error).__name__}")
