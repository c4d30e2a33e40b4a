"""What a delivery has come to, and what to do next: pure functions of the tries recorded so far.

Status is a fold over facts: the same tries give the same status in whatever order they are read.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Literal

Outcome = Literal[
    "accepted",  # a route took it over
    "unavailable",  # the route could not be reached: not sent
    "throttled",  # the route asked us to slow down: not sent
    "rejected",  # the route refused for a reason of its own: not sent
    "temporary",  # the route wants it again later: not sent
    "refused",  # no route can help this recipient
    "uncertain",  # the request left, the answer was lost
]

Status = Literal[
    "waiting",
    "accepted",
    "at_carrier",
    "delivered",
    "not_delivered",
    "unconfirmed",
    "not_attempted",
    "stopped",
]
"""What a delivery has come to.

waiting:       due now or later
accepted:      a route took it over; whether it arrived is what receipts tell
at_carrier:    the recipient's carrier or mail server has it, says a receipt
delivered:     the handset has it, says a receipt
not_delivered: refused for good, or every try used up
unconfirmed:   it may have arrived once or more, nobody knows; not sent again
not_attempted: there was no address to send it to
stopped:       held back by an operator before it was handed over
"""

STATUSES: tuple[Status, ...] = (
    "waiting",
    "accepted",
    "at_carrier",
    "delivered",
    "not_delivered",
    "unconfirmed",
    "not_attempted",
    "stopped",
)

_AT_ONCE: frozenset[Outcome] = frozenset({"unavailable", "throttled", "rejected"})
"""Certainly not sent, and another route may do better: no reason to wait."""

KEYED_REPEATS = 2
"""Lost answers after which a route that honours keys is still asked again: keys make that safe,
they do not make a dead carrier alive."""

RETRY_AFTER_MAX_S = 3600.0
"""A provider that asks for more than an hour is not obeyed: a crisis message would be stale."""


@dataclass(frozen=True, slots=True)
class Try:
    """One recorded try of a delivery."""

    route_id: str
    outcome: Outcome
    reason: str = ""
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How hard a delivery is tried.

    Attributes:
        max_tries: Tries in all, over all routes.
        uses_alternatives: Whether routes other than the preferred one are used.
        resend_cap: How often a message that may already have arrived is sent again.
        base_s: First wait between tries, in seconds; doubles from round to round.
        max_s: Longest wait, in seconds.
        expires_at: After this moment (aware) no further try is made.
    """

    max_tries: int
    uses_alternatives: bool
    resend_cap: int
    base_s: float = 2.0
    max_s: float = 300.0
    expires_at: datetime | None = None

    def is_expired(self, now: datetime) -> bool:
        """Tell whether the message is no longer worth sending."""
        return self.expires_at is not None and now >= self.expires_at


@dataclass(frozen=True, slots=True)
class RouteChoice:
    """What choosing needs to know of a route; routes are given in order of preference."""

    route_id: str
    honours_idempotency_key: bool = False


@dataclass(frozen=True, slots=True)
class TryNow:
    """Make a try over this route at once."""

    route_id: str


@dataclass(frozen=True, slots=True)
class WaitFor:
    """Try again at `due_at`."""

    due_at: datetime


@dataclass(frozen=True, slots=True)
class Finish:
    """Nothing more is done for this delivery."""

    status: Status
    reason: str | None = None


NextStep = TryNow | WaitFor | Finish


def backoff_s(round_number: int, policy: RetryPolicy, jitter: float) -> float:
    """Return the wait before a round of tries, in seconds.

    Exponential with a cap, times 0.5 to 1.5: the spread keeps the people of one failed batch from
    coming back in the same instant.

    Args:
        round_number: Rounds over all routes so far, from 0.
        policy: The policy's `base_s` and `max_s` are used.
        jitter: A random number in [0, 1).
    """
    # 2**32 s is far past any cap, and keeps the power from overflowing a float
    return float(min(policy.base_s * 2.0 ** min(round_number, 32), policy.max_s) * (0.5 + jitter))


def settle(
    tries: Sequence[Try], policy: RetryPolicy, routes: Sequence[RouteChoice], now: datetime
) -> Finish | None:
    """Return the final status that the tries amount to, None while there is something left to do.

    Args:
        tries: The recorded tries, in any order.
        policy: How hard this delivery is tried.
        routes: The routes that serve it.
        now: The moment of deciding (aware).
    """
    outcomes = {one.outcome for one in tries}
    if "accepted" in outcomes:
        return Finish("accepted")
    if final := _final_refusal(outcomes, policy):
        return Finish("not_delivered", _reason_of(tries, final))
    if _possible_copies(tries, routes) > policy.resend_cap:
        return Finish("unconfirmed", "the answer was lost; it may have arrived")
    if policy.is_expired(now) or len(tries) >= policy.max_tries:
        why = "expired" if policy.is_expired(now) else "gave up"
        status: Status = "unconfirmed" if "uncertain" in outcomes else "not_delivered"
        return Finish(status, f"{why} after {len(tries)} tries")
    return None


def choose_next_step(
    tries: Sequence[Try],
    policy: RetryPolicy,
    routes: Sequence[RouteChoice],
    now: datetime,
    jitter: float,
) -> NextStep:
    """Decide what to do right after the latest try, or before the first.

    A certain "no" goes at once to a route that has been tried less; everything else waits.

    Args:
        tries: The recorded tries, oldest first.
        policy: How hard this delivery is tried.
        routes: The routes that serve it, preferred first; not empty.
        now: The moment of deciding (aware).
        jitter: A random number in [0, 1).
    """
    if finished := settle(tries, policy, routes, now):
        return finished
    if not tries:
        return TryNow(routes[0].route_id)
    candidates = routes if policy.uses_alternatives else routes[:1]
    if alternative_id := _find_alternative(tries, candidates):
        return TryNow(alternative_id)
    wait_s = backoff_s((len(tries) - 1) // len(candidates), policy, jitter)
    due_at = now + timedelta(seconds=max(wait_s, _asked_wait_s(tries[-1])))
    return WaitFor(min(due_at, policy.expires_at) if policy.expires_at else due_at)


def choose_route(tries: Sequence[Try], policy: RetryPolicy, routes: Sequence[RouteChoice]) -> str:
    """Choose the route for a try that is due now.

    After a lost answer a route that honours idempotency keys is asked again, a few times: it can
    tell whether it already has the message. Else the least tried route, in order of preference.
    """
    candidates = routes if policy.uses_alternatives else routes[:1]
    keyed_ids = {route.route_id for route in candidates if route.honours_idempotency_key}
    lost = list(takewhile(lambda one: one.outcome == "uncertain", reversed(tries)))
    if lost and lost[0].route_id in keyed_ids and len(lost) <= KEYED_REPEATS:
        return lost[0].route_id
    return _least_tried(tries, candidates)


def _find_alternative(tries: Sequence[Try], candidates: Sequence[RouteChoice]) -> str | None:
    """Return the route to try at once after a certain "no": one tried less than the one that spoke.

    So all routes are asked in turn, and when each has been asked as often, everybody waits.
    """
    latest = tries[-1]
    others = [route for route in candidates if route.route_id != latest.route_id]
    if latest.outcome not in _AT_ONCE or not others:
        return None
    counts = Counter(one.route_id for one in tries)
    least_tried_id = _least_tried(tries, others)
    return least_tried_id if counts[least_tried_id] < counts[latest.route_id] else None


def _least_tried(tries: Sequence[Try], routes: Sequence[RouteChoice]) -> str:
    """Return the route with the fewest tries; of several the preferred one."""
    counts = Counter(one.route_id for one in tries)
    return min(routes, key=lambda route: counts[route.route_id]).route_id


def _final_refusal(outcomes: set[Outcome], policy: RetryPolicy) -> Outcome | None:
    """Return the refusal that no further try can mend, if there was one.

    With one route only, that route's own "no" is one; after a lost answer it is not: the message
    may have arrived all the same.
    """
    if "refused" in outcomes:
        return "refused"
    is_stuck = not policy.uses_alternatives and "uncertain" not in outcomes
    return "rejected" if is_stuck and "rejected" in outcomes else None


def _possible_copies(tries: Sequence[Try], routes: Sequence[RouteChoice]) -> int:
    """Count how many copies may be out: on a route with keys, repeats are one copy."""
    keyed_routes = {route.route_id for route in routes if route.honours_idempotency_key}
    lost = Counter(one.route_id for one in tries if one.outcome == "uncertain")
    return sum(1 if route_id in keyed_routes else count for route_id, count in lost.items())


def _reason_of(tries: Sequence[Try], outcome: Outcome) -> str:
    """Return the reason of one such try; the smallest, so that order never matters."""
    return min(one.reason for one in tries if one.outcome == outcome)


def _asked_wait_s(latest: Try) -> float:
    return min(latest.retry_after_s or 0.0, RETRY_AFTER_MAX_S)
