"""How fast a route may be used: a GCRA bucket in each process, fed by a share of the route's limit.

The Generic Cell Rate Algorithm (ITU-T I.371) keeps one number, the theoretical arrival time of the
next message. A place is reserved, then waited for: first come, first served, without a queue of
waiters. The share of this process changes as others come and go (`rollcall.ledger.rate_shares`).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(slots=True)
class Pace:
    """The rate of one route in this process.

    Attributes:
        limit_per_s: The whole route's limit; None: none is agreed.
        share: This process's part of it, above 0 up to 1.
    """

    limit_per_s: float | None
    share: float = 1.0
    _next_at: datetime | None = None
    _closed_until: datetime | None = None

    def reserve(self, now: datetime) -> float:
        """Take the next place; return how many seconds it is away, 0 for now."""
        wait_s = 0.0
        if self.limit_per_s is not None:
            at = max(self._next_at or now, now)
            self._next_at = at + timedelta(seconds=1 / (self.limit_per_s * self.share))
            wait_s = (at - now).total_seconds()
        return max(wait_s, self.closed_for_s(now))

    def is_free(self, now: datetime) -> bool:
        """Tell whether nothing bounds the rate now."""
        return self.limit_per_s is None and not self.closed_for_s(now)

    def close_for(self, seconds: float, now: datetime) -> None:
        """Send nothing for a while: the provider asked for it."""
        until = now + timedelta(seconds=seconds)
        self._closed_until = max(self._closed_until or until, until)

    def closed_for_s(self, now: datetime) -> float:
        """Return for how long the provider asked us to wait still, in seconds."""
        if self._closed_until is None:
            return 0.0
        return max(0.0, (self._closed_until - now).total_seconds())
