"""What a delivery has come to, and what to do next: pure functions of the tries recorded so far.

Status is a fold over facts: the same tries and receipts give the same status in whatever order they
are read. In this order, the first that speaks decides:

1. a receipt that proves arrival: `delivered` (handset) or `at_carrier` (destination network)
2. a route that sends no receipts took it: `accepted`
3. a fate that is still open (a receipt is awaited, an answer was lost a moment ago): wait
4. a permanent refusal: `not_delivered`, or `unconfirmed` if an earlier copy may be out
5. the cap on copies that may be out: `unconfirmed`; standard quality is never sent again only
   because a receipt is missing
6. expiry, or all tries used: `not_delivered`, or `unconfirmed` if a copy may be out
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from rollcall.domain.backoff import backoff_s
from rollcall.domain.tries import (
    Outcome,
    RouteChoice,
    Try,
    count_copies,
    find_open_until,
    is_final_acceptance,
)

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
at_carrier:    a receipt says that the destination network or mail server has it
delivered:     a receipt says that the recipient's telephone has it
not_delivered: refused for good, or every try used up
unconfirmed:   it may have arrived once or more, nobody knows; not sent again
not_attempted: there was no address to send it to
stopped:       an operator held it back
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

REACHED: tuple[Status, ...] = ("accepted", "at_carrier", "delivered")
"""A route took it over at the least."""

_AT_ONCE: frozenset[Outcome] = frozenset({"unavailable", "throttled", "rejected"})
"""Certainly not sent, and another route may do better: no reason to wait."""

KEYED_REPEATS = 2
"""Lost answers after which a route that honours keys is still asked again: keys make that safe,
they do not make a dead carrier alive."""

RETRY_AFTER_MAX_S = 3600.0
"""A provider that asks for more than an hour is not obeyed: a crisis message would be stale."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How hard a delivery is tried.

    Attributes:
        max_tries: Tries in all, over all routes.
        uses_alternatives: Whether routes other than the preferred one are used.
        copies_cap: How many copies may be out of which nobody knows whether they arrived.
        base_s: First wait between tries, in seconds; doubles from round to round.
        max_s: Longest wait, in seconds.
        expires_at: After this moment (aware) no further try is made.
    """

    max_tries: int
    uses_alternatives: bool
    copies_cap: int
    base_s: float = 2.0
    max_s: float = 300.0
    expires_at: datetime | None = None

    def is_expired(self, now: datetime) -> bool:
        """Tell whether the message is no longer worth sending."""
        return self.expires_at is not None and now >= self.expires_at


class TryNow(NamedTuple):
    """Make a try over this route at once."""

    route_id: str


@dataclass(frozen=True, slots=True)
class WaitFor:
    """Look again at `due_at`; until then the delivery has this status."""

    due_at: datetime
    status: Status = "waiting"


@dataclass(frozen=True, slots=True)
class Finish:
    """Nothing more is done for this delivery."""

    status: Status
    reason: str | None = None


NextStep = TryNow | WaitFor | Finish


def settle(
    tries: Sequence[Try], policy: RetryPolicy, routes: Sequence[RouteChoice], now: datetime
) -> Finish | WaitFor | None:
    """Return what the tries amount to without another one, None while one is to be made.

    Args:
        tries: The recorded tries, in any order.
        policy: How hard this delivery is tried.
        routes: All routes that serve its channel.
        now: The moment of deciding (aware).
    """
    if not tries:
        return Finish("not_delivered", "expired after 0 tries") if policy.is_expired(now) else None
    by_id = {route.route_id: route for route in routes}
    if proven := find_evidence(tries):
        return Finish(proven)
    if any(is_final_acceptance(one, by_id.get(one.route_id)) for one in tries):
        return Finish("accepted")
    if open_until := _find_open_until(tries, by_id, now):
        is_taken = any(one.is_taken for one in tries)
        return WaitFor(open_until, "accepted" if is_taken else "waiting")
    return _settle_closed(tries, policy, routes, now)


def find_evidence(tries: Sequence[Try]) -> Status | None:
    """Return the status that the receipts prove, None where they prove no arrival."""
    levels = {one.receipt.level for one in tries if one.receipt and one.is_delivered}
    if not levels:
        return None
    return "delivered" if "handset" in levels else "at_carrier"


def choose_next_step(
    tries: Sequence[Try],
    policy: RetryPolicy,
    routes: Sequence[RouteChoice],
    now: datetime,
    jitter: float,
    usable: Sequence[RouteChoice] | None = None,
) -> NextStep:
    """Decide what to do right after the latest try, or before the first.

    A certain "no" goes at once to a route that has been tried less; everything else waits.

    Args:
        tries: The recorded tries, oldest first.
        policy: How hard this delivery is tried.
        routes: The routes that serve it, preferred first; not empty.
        now: The moment of deciding (aware).
        jitter: A random number in [0, 1).
        usable: Those of them that can be used now, best first; None: all.
    """
    if settled := settle(tries, policy, routes, now):
        return settled
    if not tries:
        return TryNow(routes[0].route_id)
    candidates = routes if policy.uses_alternatives else routes[:1]
    others = candidates if usable is None else usable if policy.uses_alternatives else ()
    if count_copies(tries, routes) >= policy.copies_cap:
        others = ()  # only a repeat that adds no copy is left, and it waits
    if alternative_id := _find_alternative(tries, others):
        return TryNow(alternative_id)
    round_number = (len(tries) - 1) // len(candidates)
    wait_s = backoff_s(round_number, policy.base_s, policy.max_s, jitter)
    due_at = now + timedelta(seconds=max(wait_s, _asked_wait_s(tries[-1])))
    return WaitFor(min(due_at, policy.expires_at) if policy.expires_at else due_at)


def choose_route(
    tries: Sequence[Try],
    policy: RetryPolicy,
    routes: Sequence[RouteChoice],
    serving: Sequence[RouteChoice] | None = None,
) -> str | None:
    """Choose the route for a try that is due now; None where none can be made now.

    After a lost answer a route that honours idempotency keys is asked again, a few times: it can
    tell whether it already has the message. Else the least tried route, in order of preference.
    When as many copies are out as may be, only such a repeat is made.

    Args:
        tries: The recorded tries, in any order.
        policy: How hard this delivery is tried.
        routes: The routes that serve it and can be used now, best first.
        serving: All that serve it, as `settle` gets them: what a route that is down has taken under
            one key is one copy still; None: the same.
    """
    candidates = routes if policy.uses_alternatives else routes[:1]
    repeat_id = _find_keyed_repeat(tries, candidates)
    copies_count = count_copies(tries, routes if serving is None else serving)
    if repeat_id or not candidates or copies_count >= policy.copies_cap:
        return repeat_id
    return _least_tried(tries, candidates)


def _settle_closed(
    tries: Sequence[Try], policy: RetryPolicy, routes: Sequence[RouteChoice], now: datetime
) -> Finish | None:
    """Settle tries of which nothing more is to come."""
    copies_count = count_copies(tries, routes)
    refusal = _find_final_refusal(tries, policy)
    if refusal is not None:
        return Finish("unconfirmed" if copies_count else "not_delivered", refusal)
    if policy.is_expired(now) or len(tries) >= policy.max_tries:
        why = "expired" if policy.is_expired(now) else "gave up"
        status: Status = "unconfirmed" if copies_count else "not_delivered"
        return Finish(status, f"{why} after {len(tries)} tries")
    candidates = routes if policy.uses_alternatives else routes[:1]
    is_silent = not policy.uses_alternatives and any(one.is_taken for one in tries)
    is_capped = copies_count >= policy.copies_cap and not _find_keyed_repeat(tries, candidates)
    if is_silent or is_capped:
        return Finish("unconfirmed", _tell_unconfirmed(tries))
    return None


def _tell_unconfirmed(tries: Sequence[Try]) -> str:
    if any(one.is_taken for one in tries):
        return "taken over, but no receipt came; it may have arrived"
    return "the answer was lost; it may have arrived"


def _find_open_until(
    tries: Sequence[Try], by_id: dict[str, RouteChoice], now: datetime
) -> datetime | None:
    """Return the last moment until which the fate of some try is waited for, if it is to come."""
    moments = [find_open_until(one, by_id.get(one.route_id)) for one in tries]
    latest = max((moment for moment in moments if moment), default=None)
    return latest if latest and latest > now else None


def _find_keyed_repeat(tries: Sequence[Try], candidates: Sequence[RouteChoice]) -> str | None:
    """Return the preferred route that lost an answer and can safely be asked again."""
    lost_ids = {one.route_id for one in tries if one.outcome == "uncertain" and not one.receipt}
    if not lost_ids:
        return None
    counts = Counter(one.route_id for one in tries)
    safe_ids = (
        route.route_id
        for route in candidates
        if route.honours_idempotency_key
        and route.route_id in lost_ids
        and counts[route.route_id] <= KEYED_REPEATS
    )
    return next(safe_ids, None)


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
    if not tries:
        return routes[0].route_id
    counts = Counter(one.route_id for one in tries)
    return min(routes, key=lambda route: counts[route.route_id]).route_id


def _find_final_refusal(tries: Sequence[Try], policy: RetryPolicy) -> str | None:
    """Return the reason of a refusal that no further try can mend, if there was one.

    With one route only, that route's own "no" is one; after a lost answer it is not: the message
    may have arrived all the same. Of several the smallest, so that order never matters.
    """
    hopeless = [one.reason for one in tries if one.is_hopeless]
    if not hopeless and not policy.uses_alternatives and not any(one.is_out for one in tries):
        hopeless = [one.reason for one in tries if one.outcome == "rejected"]
    return min(hopeless, default=None)


def _asked_wait_s(latest: Try) -> float:
    return min(latest.retry_after_s or 0.0, RETRY_AFTER_MAX_S)
