"""How well a route does, learnt from what came of its tries: an average, and a circuit breaker.

Exponentially weighted: the last 20 tries count for nearly nine tenths. The breaker opens when a
route does nothing but fail, and after a pause lets single probes through (half open) until one of
them succeeds. Throttling is not ill health and never reaches this module.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from rollcall.domain.tries import Outcome

WEIGHT: Final = 0.1
"""Of the newest result in the average."""

HOPELESS: Final = 0.1
"""Average at which the breaker opens: 22 failures in a row, and never a route that fails 60 %."""

SAMPLES_TO_JUDGE: Final = 10
"""Results below which the average opens nothing."""

FAILURES_IN_A_ROW: Final = 10
"""Open at once after so many failures of any kind without a success between them."""

LOST_IN_A_ROW: Final = 5
"""The same for lost answers: each costs a person the whole time-out."""

FIRST_PAUSE_S: Final = 5.0
LONGEST_PAUSE_S: Final = 60.0
"""How long the breaker stays open before it lets a probe through; doubles with each failed one."""

ILL: Final[frozenset[Outcome]] = frozenset({"unavailable", "uncertain", "rejected"})
"""Outcomes that speak against the route."""

PROBE_PATIENCE_S: Final = 30.0
"""A probe that nobody reported back on is forgotten after so long."""


@dataclass(slots=True)
class Health:
    """What is known of one route, or of one route to one country.

    Attributes:
        success: Weighted average, from 0 (all failed) to 1 (all succeeded); 1 at first.
        sample_count: Results so far.
        open_until: While set the breaker is open, and from then on half open.
    """

    success: float = 1.0
    sample_count: int = 0
    open_until: datetime | None = None
    _failures_in_a_row: int = 0
    _lost_in_a_row: int = 0
    _pause_s: float = FIRST_PAUSE_S
    _probing_since: datetime | None = None

    def is_open(self, now: datetime) -> bool:
        """Tell whether nothing may be sent now, not even a probe."""
        if self.open_until is None:
            return False
        return now < self.open_until or self._is_probing(now)

    def is_closed(self) -> bool:
        """Tell whether it is trusted without a probe."""
        return self.open_until is None

    def admit(self, now: datetime) -> bool:
        """Tell whether a try may be made now; of a half-open breaker it becomes the probe."""
        if self.open_until is None:
            return True
        if self.is_open(now):
            return False
        self._probing_since = now
        return True

    def next_probe_at(self, now: datetime) -> datetime:
        """Return when a try may be made again, at the earliest."""
        if self.open_until is None:
            return now
        if self._probing_since is not None and self._is_probing(now):
            return max(self.open_until, now + timedelta(seconds=1))
        return max(self.open_until, now)

    def learn(self, outcome: Outcome, now: datetime) -> None:
        """Learn what a try came to that was not throttled."""
        if outcome == "accepted":
            self.note_success()
        elif outcome in ILL:
            self.note_failure(now, was_lost=outcome == "uncertain")
        else:
            self.note_answer()

    def note_success(self, weight: int = 1) -> None:
        """Learn of results that are as they should be; a success closes the breaker."""
        self._learn(1.0, weight)
        self._failures_in_a_row = self._lost_in_a_row = 0
        self.open_until = self._probing_since = None
        self._pause_s = FIRST_PAUSE_S
        self.success = max(self.success, 2 * HOPELESS)

    def note_answer(self) -> None:
        """Learn that the route is alive: it answered, whatever it said."""
        self._lost_in_a_row = 0
        self.note_nothing()

    def note_nothing(self) -> None:
        """Learn that a probe, if this was one, has shown nothing: the next may follow at once."""
        self._probing_since = None

    def note_failure(self, now: datetime, *, was_lost: bool = False, weight: int = 1) -> None:
        """Learn of results that failed for the route's sake.

        Args:
            now: The present moment.
            was_lost: No answer came.
            weight: How many results.
        """
        self._learn(0.0, weight)
        self._failures_in_a_row += weight
        self._lost_in_a_row = self._lost_in_a_row + weight if was_lost else 0
        if self.open_until is not None:
            if not now < self.open_until:
                self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)
                self._open(now)
        elif self._is_hopeless():
            self._open(now)

    def _learn(self, outcome: float, weight: int) -> None:
        kept = (1 - WEIGHT) ** weight
        self.success = self.success * kept + outcome * (1 - kept)
        self.sample_count += weight

    def _is_hopeless(self) -> bool:
        is_judged = self.sample_count >= SAMPLES_TO_JUDGE and self.success < HOPELESS
        return (
            is_judged
            or self._failures_in_a_row >= FAILURES_IN_A_ROW
            or self._lost_in_a_row >= LOST_IN_A_ROW
        )

    def _open(self, now: datetime) -> None:
        self.open_until = now + timedelta(seconds=self._pause_s)
        self._probing_since = None

    def _is_probing(self, now: datetime) -> bool:
        since = self._probing_since
        return since is not None and now < since + timedelta(seconds=PROBE_PATIENCE_S)
