"""What messages have come to, counted once for everybody who looks.

To count a million deliveries takes the ledger half a second. So an answer is kept, the longer the
longer it took: however many look however often, counting is a twentieth of a core at the most.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Final, Generic, TypeVar

from rollcall.ledger.log import StatusCounts

LEAST_KEPT_S: Final = 1.0
LONGEST_KEPT_S: Final = 60.0
KEPT_TIMES: Final = 20
"""For how many times as long as it took an answer is kept."""

MOST_KEPT: Final = 500

T = TypeVar("T")


@dataclass(slots=True)
class _Kept(Generic[T]):
    answer: T
    until_s: float


@dataclass(slots=True)
class KeptAnswers(Generic[T]):
    """Answers by id, each for a while; for all threads of a process.

    Attributes:
        ask: Finds an answer.
        seconds: A clock that never goes back, in seconds.
    """

    ask: Callable[[str], T]
    seconds: Callable[[], float] = time.monotonic
    _kept: dict[str, _Kept[T]] = field(default_factory=dict)
    _asking: dict[str, Lock] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def get(self, its_id: str) -> T:
        """Return an answer; of many who ask at once, one finds it for all."""
        with self._lock:
            asking = self._asking.setdefault(its_id, Lock())
        with asking:
            known = self._kept.get(its_id)
            if known is not None and self.seconds() < known.until_s:
                return known.answer
            return self._find(its_id)

    def forget(self, its_id: str) -> None:
        """Ask anew the next time, as after an act."""
        self._kept.pop(its_id, None)

    def _find(self, its_id: str) -> T:
        began_s = self.seconds()
        answer = self.ask(its_id)
        ended_s = self.seconds()
        kept_s = min(max(KEPT_TIMES * (ended_s - began_s), LEAST_KEPT_S), LONGEST_KEPT_S)
        with self._lock:
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
                self._asking = {its_id: self._asking[its_id]}
            self._kept[its_id] = _Kept(answer, ended_s + kept_s)
        return answer


def sum_over_channels(counts: StatusCounts) -> dict[str, int]:
    """Return the deliveries by status."""
    summed: dict[str, int] = {}
    for by_status in counts.values():
        for status, count in by_status.items():
            summed[status] = summed.get(status, 0) + count
    return summed


def count_all(counts: StatusCounts, statuses: Sequence[str] | None = None) -> int:
    """Return how many deliveries there are, or are in some statuses."""
    summed = sum_over_channels(counts)
    return sum(summed.values() if statuses is None else (summed.get(one, 0) for one in statuses))
