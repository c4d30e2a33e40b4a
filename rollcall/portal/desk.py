"""What the doors for members and devices work with."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from rollcall.clock import Clock
from rollcall.ledger.engine import Ledger

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Desk:
    """What the doors for members and devices work with.

    Attributes:
        ledger: Where devices, reports and chats stand.
        key: Of personal links.
        public_url: Where recipients reach the portal, without a slash at the end.
        clock: What tells the time.
        push_key: What browsers subscribe to notifications with; None where none are sent.
    """

    ledger: Ledger
    key: bytes
    public_url: str
    clock: Clock
    push_key: str | None = None

    async def ask(self, call: Callable[..., T], *told: Any) -> T:
        """Ask the ledger, beside the event loop.

        Raises:
            LedgerError: It does not answer.
        """
        return await asyncio.to_thread(call, self.ledger, *told)
