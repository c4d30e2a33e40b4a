"""The tries of a delivery as recorded facts, and what each proves on its own."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from rollcall.domain.receipts import ReceiptSummary

Outcome = Literal[
    "accepted",  # a route took it over
    "unavailable",  # the route could not be reached: not sent
    "throttled",  # the route asked us to slow down: not sent
    "rejected",  # the route refused for a reason of its own: not sent
    "temporary",  # the route wants it again later: not sent
    "refused",  # no route can help this recipient
    "uncertain",  # the request left, the answer was lost
]

UNKNOWN_WAIT_S = 30.0
"""How long a receipt or the provider's own word is awaited after an answer was lost, at most."""


@dataclass(frozen=True, slots=True)
class Try:
    """One recorded try of a delivery.

    Attributes:
        route_id: Over which route.
        outcome: What came back at once.
        reason: In words that hold no personal data.
        retry_after_s: Seconds the provider asked us to wait.
        ended_at: When the outcome was known (aware); None where nobody asks.
        receipt: What its receipts amount to.
    """

    route_id: str
    outcome: Outcome
    reason: str = ""
    retry_after_s: float | None = None
    ended_at: datetime | None = None
    receipt: ReceiptSummary | None = None

    @property
    def is_delivered(self) -> bool:
        """Tell whether a receipt proves that it arrived."""
        return self.receipt is not None and self.receipt.state == "delivered"

    @property
    def is_out(self) -> bool:
        """Tell whether a copy of the message may have arrived, or may yet."""
        if self.receipt is not None:
            return self.receipt.state in ("accepted", "delivered")
        return self.outcome in ("accepted", "uncertain")

    @property
    def is_hopeless(self) -> bool:
        """Tell whether it proves that no route can help this recipient."""
        if self.receipt is not None and self.receipt.state != "missing":
            return self.receipt.state == "failed" and self.receipt.is_permanent
        return self.outcome == "refused"

    @property
    def is_taken(self) -> bool:
        """Tell whether a route is known to have it, arrived or not yet."""
        if self.receipt is not None:
            return self.receipt.state in ("accepted", "delivered")
        return self.outcome == "accepted"


@dataclass(frozen=True, slots=True)
class RouteChoice:
    """What deciding needs to know of a route; routes are given in order of preference.

    Attributes:
        route_id: Which.
        honours_idempotency_key: A repeat with the same key is not sent again.
        receipt_deadline_s: How long its receipts are awaited; None: it sends none.
        can_be_asked: Its provider says what became of a message.
    """

    route_id: str
    honours_idempotency_key: bool = False
    receipt_deadline_s: float | None = None
    can_be_asked: bool = False


def find_open_until(one: Try, route: RouteChoice | None) -> datetime | None:
    """Return until when the fate of a try is waited for; None where nothing more is to come.

    Args:
        one: The try.
        route: Its route, None where it is no longer configured.
    """
    if route is None or one.ended_at is None or not one.is_out or one.is_delivered:
        return None
    deadline_s = route.receipt_deadline_s
    if one.is_taken:
        wait_s = deadline_s
    elif deadline_s is not None or route.can_be_asked:
        wait_s = min(deadline_s or UNKNOWN_WAIT_S, UNKNOWN_WAIT_S)
    else:
        wait_s = None
    return None if wait_s is None else one.ended_at + timedelta(seconds=wait_s)


def is_final_acceptance(one: Try, route: RouteChoice | None) -> bool:
    """Tell whether a route took it and no receipt will ever say more."""
    return one.is_taken and (route is None or route.receipt_deadline_s is None)


def count_copies(tries: Sequence[Try], routes: Sequence[RouteChoice]) -> int:
    """Count how many copies may be out: on a route with keys, repeats are one copy."""
    if not tries:
        return 0
    keyed_ids = {route.route_id for route in routes if route.honours_idempotency_key}
    out = Counter(one.route_id for one in tries if one.is_out)
    return sum(1 if route_id in keyed_ids else count for route_id, count in out.items())
