"""The rendered texts of one message: read once where everybody gets the same."""

from dataclasses import dataclass, field
from typing import Any, Final

from rollcall.clock import Clock
from rollcall.ledger.engine import Ledger
from rollcall.ledger.patience import ask_patiently
from rollcall.ledger.queue import load_contents

MOST_KEPT: Final = 100
"""Texts kept in memory: enough for one per channel and language, few enough not to count where
everybody has one of their own."""


@dataclass(slots=True)
class Texts:
    """Reads texts from the ledger, and keeps the first that it has read.

    Attributes:
        ledger: Where they are.
        message_id: Of which message.
        clock: What tells when patience with the ledger ends.
    """

    ledger: Ledger
    message_id: str
    clock: Clock
    _kept: dict[str, Any] = field(init=False, default_factory=dict)

    async def read(self, digests: set[str]) -> dict[str, Any]:
        """Return texts by digest: rows with `subject`, `text`, `html`.

        Raises:
            LedgerError: The ledger does not answer.
        """
        missing = digests - self._kept.keys()
        if not missing:
            return self._kept
        found = await ask_patiently(
            self.clock, load_contents, self.ledger, self.message_id, missing
        )
        known = {digest: self._kept[digest] for digest in digests - missing}
        if len(found) + len(self._kept) <= MOST_KEPT:
            self._kept = self._kept | found
        return known | found
