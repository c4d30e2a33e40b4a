"""What a push service's answer means for one subscription, and several of them for one person.

RFC 8030 §5, RFC 8292 §4, and what the browsers' services document. 429 is no word about the whole
route: services limit single subscriptions, and a member's browser names the service. A repeat
replaces what it repeats (`Topic`), so that after a 5xx it is safe to ask again.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal, NamedTuple, assert_never

import httpx

from rollcall.errors import OutcomeUnknownError, RecipientError, RouteError, SendError
from rollcall.routes.base import Acceptance
from rollcall.routes.verdicts import read_retry_after

PushMeaning = Literal["accepted", "gone", "temporary", "rejected", "too_large"]
"""Of a status: taken; the subscription is no more; later; not from us; not so much."""

STATUSES: Final[dict[int, PushMeaning]] = {
    201: "accepted",
    404: "gone",
    410: "gone",
    408: "temporary",
    413: "too_large",
    425: "temporary",
    429: "temporary",
}
"""By status; others by their class."""

_REASONS: Final[dict[PushMeaning, str]] = {
    "gone": "the subscription of this device is gone",
    "temporary": "the push service refuses for now",
    "rejected": "the push service refuses",
    "too_large": "the push service finds the message too large",
}


class Result(NamedTuple):
    """What came of one subscription.

    Attributes:
        outcome: An acceptance, or the error that it would be if there were no other.
        is_gone: The push service has forgotten the subscription.
    """

    outcome: Acceptance | SendError
    is_gone: bool = False


def judge_push_status(status: int) -> PushMeaning:
    """Return what a status means for one subscription."""
    if status in STATUSES:
        return STATUSES[status]
    match status // 100:
        case 2:
            return "accepted"
        case 3 | 4:
            return "rejected"
        case _:
            return "temporary"


def read_push_answer(response: httpx.Response, route_id: str, now: datetime) -> Result:
    """Return what a push service's answer comes to; its `Location` is a capability, and not kept.

    Args:
        response: The answer.
        route_id: Of which route.
        now: The present moment, for dates in Retry-After.
    """
    status = response.status_code
    code, meaning = str(status), judge_push_status(status)
    match meaning:
        case "accepted":
            return Result(Acceptance(None, code))
        case "gone":
            return Result(RecipientError(_REASONS[meaning], route_id, code), is_gone=True)
        case "too_large":
            return Result(RecipientError(_REASONS[meaning], route_id, code))
        case "temporary" | "rejected":
            wait_s = read_retry_after(response.headers.get("Retry-After"), now)
            return Result(RouteError(_REASONS[meaning], route_id, code, meaning, wait_s))
        case _:
            assert_never(meaning)


def conclude_devices(results: Sequence[Result]) -> Acceptance | SendError:
    """Return what came of a person: taken if one push service took it, else the hopefullest "no".

    Args:
        results: Of each of their devices; not empty.
    """
    return min((one.outcome for one in results), key=_rank)


def _rank(outcome: Acceptance | SendError) -> int:
    match outcome:
        case Acceptance():
            return 0
        case OutcomeUnknownError():
            return 1
        case RouteError(fault="rejected"):
            return 3
        case RouteError():
            return 2
        case _:
            return 4
