"""Failed sign-ins make the next ones wait, so that passwords cannot be tried one after another.

From one address a name is refused for longer and longer; from all addresses together it is tried
only so often. The memory is that of one process: a restart forgets, and nobody can make one from
outside.
"""

import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

FREE_FAILURES: Final = 4
"""Mistakes that cost nothing: fingers slip, and most of all in a crisis."""

FIRST_WAIT_S: Final = 2.0
LONGEST_WAIT_S: Final = 60.0
"""After each further mistake twice as long; no longer, or whoever guesses could lock others out."""

FREE_FAILURES_OF_NAME: Final = 20
WAIT_OF_NAME_S: Final = 1.0
"""For a name that is tried from many addresses."""

FORGOTTEN_AFTER_S: Final = 900.0
MOST_KEYS: Final = 10_000


@dataclass(slots=True)
class _Failures:
    count: int = 0
    last_at_s: float = 0.0


@dataclass(slots=True)
class Slowing:
    """Counts failures.

    Attributes:
        seconds: A clock that never goes back, in seconds.
    """

    seconds: Callable[[], float]
    _by_key: "OrderedDict[tuple[str, ...], _Failures]" = field(default_factory=OrderedDict)

    def wait_s(self, name: str, address: str) -> float:
        """Return for how many seconds a name is not tried from an address; 0: now."""
        return max(
            self._left((name, address), FREE_FAILURES, LONGEST_WAIT_S),
            self._left((name,), FREE_FAILURES_OF_NAME, WAIT_OF_NAME_S),
        )

    def note_failure(self, name: str, address: str) -> None:
        """Note a wrong password."""
        for key in ((name, address), (name,)):
            known = self._by_key.pop(key, None) or _Failures()
            if self.seconds() - known.last_at_s > FORGOTTEN_AFTER_S:
                known.count = 0
            self._by_key[key] = _Failures(known.count + 1, self.seconds())
        while len(self._by_key) > MOST_KEYS:
            self._by_key.popitem(last=False)

    def note_success(self, name: str, address: str) -> None:
        """Forget the failures of somebody who knew the password after all."""
        self._by_key.pop((name, address), None)

    def _left(self, key: tuple[str, ...], free_count: int, longest_s: float) -> float:
        known = self._by_key.get(key)
        if known is None or known.count < free_count:
            return 0.0
        exponent = min(known.count - free_count, 16)
        wait_s = min(FIRST_WAIT_S * math.pow(2, exponent), longest_s)
        return max(0.0, known.last_at_s + wait_s - self.seconds())
