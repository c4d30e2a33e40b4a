"""Answers that are kept for a while, so that whoever asks often costs the ledger little."""

import time
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from rollcall.clock import Clock

KEPT_S: Final = 5.0
"""How long an answer is kept at least."""

SHARE: Final = 20
"""An answer is kept for so many times as long as it took: asking takes a twentieth of the time at
the most, however large the ledger is."""

T = TypeVar("T")


class Remembered(Generic[T]):
    """The latest answer to one question; for one thread at a time.

    Args:
        ask: What asks; blocking.
        clock: What tells how old an answer is.
    """

    def __init__(self, ask: Callable[[], T], clock: Clock) -> None:
        self._ask = ask
        self._clock = clock
        self._answer: tuple[T] | None = None
        self._good_until = clock.now().timestamp()

    def get(self) -> T:
        """Return the answer, asking only if the last one is too old; an error is not kept."""
        now = self._clock.now().timestamp()
        if self._answer is not None and now < self._good_until:
            return self._answer[0]
        began = time.perf_counter()
        self._answer = None
        self._answer = (self._ask(),)
        self._good_until = now + max(KEPT_S, SHARE * (time.perf_counter() - began))
        return self._answer[0]
