"""Routes that do nothing but fail just now, as the ledger's latest tries tell it."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from rollcall.domain.health import Health
from rollcall.ledger.engine import Ledger
from rollcall.ledger.gauges import RecentTry, read_latest_tries

LOOK_BACK: Final = timedelta(hours=1)
"""How old tries may be by which a route is judged,"""

LATEST: Final = 200
"""and how many of them: more would change nothing (`rollcall.domain.health`)."""


def judge(tries: Iterable[RecentTry]) -> Health:
    """Return what a process would think of a route after these tries; throttling says nothing."""
    health = Health()
    for one in tries:
        if one.outcome != "throttled":
            health.learn(one.outcome, one.finished_at)
    return health


def read_recent(ledger: Ledger, route_id: str, now: datetime) -> list[RecentTry]:
    """Return the tries by which a route is judged, oldest first."""
    return read_latest_tries(ledger, route_id, now - LOOK_BACK, LATEST)


def list_failing(ledger: Ledger, route_ids: Iterable[str], now: datetime) -> list[str]:
    """Return those of some routes that are only probed; one that was not used is none of them."""
    return [one for one in route_ids if not judge(read_recent(ledger, one, now)).is_closed()]
