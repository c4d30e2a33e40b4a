"""Figures that take the ledger long to find, found once for everybody who looks.

What tries came to by route and country, say: of a million that takes seconds. So an answer is kept,
the longer the longer it took: however many look however often, finding it is a twentieth of a core
at the most. Nobody waits for it: the page goes on, and shows it when it is there.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Lock
from typing import Final, Generic, TypeVar

from rollcall.ledger.log import StatusCounts

LEAST_KEPT_S: Final = 1.0
LONGEST_KEPT_S: Final = 600.0
KEPT_TIMES: Final = 20
"""For how many times as long as it took an answer is kept."""

MOST_KEPT: Final = 500

PATIENCE_S: Final = 0.4
"""How long a page waits for an answer before it goes on without."""

T = TypeVar("T")

_finders: Final = ThreadPoolExecutor(1, thread_name_prefix="figures")
"""One at a time: figures must not take the cores from what sends."""


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
        patience_s: How long whoever asks waits before they go on without.
        finders: The thread that finds answers.
    """

    ask: Callable[[str], T]
    seconds: Callable[[], float] = time.monotonic
    patience_s: float = PATIENCE_S
    finders: ThreadPoolExecutor = _finders
    _kept: dict[str, _Kept[T]] = field(default_factory=dict)
    _finding: "dict[str, Future[T]]" = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def get(self, its_id: str) -> T | None:
        """Return an answer, or the one before while a new one is being found.

        Returns:
            None while the very first one is being found.

        Raises:
            LedgerError: The ledger does not answer.
        """
        with self._lock:
            known = self._kept.get(its_id)
            if known is not None and self.seconds() < known.until_s:
                return known.answer
            finding = self._finding.get(its_id)
            if finding is None:
                finding = self._finding[its_id] = self.finders.submit(self._find, its_id)
        try:
            return finding.result(self.patience_s)
        except TimeoutError:
            return known.answer if known is not None else None

    def forget(self, its_id: str) -> None:
        """Ask anew the next time, as after an act."""
        with self._lock:
            self._kept.pop(its_id, None)

    def _find(self, its_id: str) -> T:
        began_s = self.seconds()
        try:
            answer = self.ask(its_id)
            ended_s = self.seconds()
            kept_s = min(max(KEPT_TIMES * (ended_s - began_s), LEAST_KEPT_S), LONGEST_KEPT_S)
            with self._lock:
                if len(self._kept) >= MOST_KEPT:
                    self._kept.clear()
                self._kept[its_id] = _Kept(answer, ended_s + kept_s)
            return answer
        finally:
            with self._lock:
                self._finding.pop(its_id, None)


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
