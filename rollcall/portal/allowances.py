"""How often somebody may do something: a burst, then so many a second. Memory is bounded."""

from collections import OrderedDict
from datetime import datetime
from typing import Final

MOST_REMEMBERED: Final = 20_000
"""Who came last is remembered: some megabytes. Of whom is forgotten nothing is held against."""


class Allowance:
    """What each of many may do.

    Args:
        burst: How often at once.
        per_s: How fast it comes back.
        most: Of how many it is remembered.
    """

    def __init__(self, burst: int, per_s: float, most: int = MOST_REMEMBERED) -> None:
        self._burst = burst
        self._per_s = per_s
        self._most = most
        self._left: OrderedDict[str, tuple[float, datetime]] = OrderedDict()

    def take(self, who: str, now: datetime) -> float:
        """Use it once.

        Returns:
            0.0, or in how many seconds to come again; then nothing was used.
        """
        left, since = self._left.pop(who, (float(self._burst), now))
        passed_s = max(0.0, (now - since).total_seconds())
        left = min(float(self._burst), left + passed_s * self._per_s)
        wait_s = 0.0 if left >= 1 else (1 - left) / self._per_s
        self._left[who] = (left if wait_s else left - 1, now)
        if len(self._left) > self._most:
            self._left.popitem(last=False)
        return wait_s
