"""Links that lead nowhere: how often somebody may try them.

Only failures count, and a link that works is let in whatever its sender's neighbours have tried: a
company of ten thousand behind one address must not be locked out of its own roll-call by a mistyped
link, nor by somebody who wants just that. So the limit hides nothing (who guesses right is let in),
and need not: a token has 128 bits. It keeps the noise down, and tells of it in the log.
"""

import logging
from datetime import datetime
from typing import Final

from rollcall.portal.allowances import Allowance

ADDRESS_BURST: Final = 30
ADDRESS_PER_S: Final = 0.5
TOTAL_BURST: Final = 2_000
TOTAL_PER_S: Final = 50.0
"""Over all addresses: when a chat of many ends, their pages ask once more."""

log = logging.getLogger(__name__)


class Guesses:
    """Counts links that lead nowhere."""

    def __init__(self) -> None:
        self._by_address = Allowance(ADDRESS_BURST, ADDRESS_PER_S)
        self._total = Allowance(TOTAL_BURST, TOTAL_PER_S, most=1)
        self._told_at: datetime | None = None

    def note(self, client: str, now: datetime) -> float:
        """Count one more.

        Returns:
            0.0, or after how many seconds its sender may try again.
        """
        wait_s = max(self._by_address.take(client, now), self._total.take("", now))
        if wait_s:
            self._tell(now)
        return wait_s

    def _tell(self, now: datetime) -> None:
        """Write one record a minute: a flood of guesses must not become one of records."""
        if self._told_at is None or (now - self._told_at).total_seconds() >= 60:  # noqa: PLR2004
            self._told_at = now
            log.warning("many personal links that lead nowhere are tried")
