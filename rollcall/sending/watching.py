"""What a run hears of besides its own tries: receipts, other processes, an operator's stop."""

import asyncio
import logging
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from rollcall.clock import Clock
from rollcall.domain.message import CHANNELS, Channel
from rollcall.errors import LedgerError
from rollcall.ledger.engine import Ledger
from rollcall.ledger.messages import is_stopped
from rollcall.ledger.rate_shares import RENEW_SHARE_EVERY_S, release_shares, renew_shares
from rollcall.ledger.receipts import ReceiptCounts, count_receipts
from rollcall.sending.route_book import RouteBook

LOOK_EVERY_S: Final = 0.5
"""How often a run looks whether it was stopped: an operator is promised one second."""

LEARN_FROM: Final = timedelta(minutes=10)
"""Receipts of earlier messages that a new run learns from."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Watch:
    """Looks at the ledger twice a second on behalf of one run.

    Attributes:
        ledger: What is looked at.
        book: What learns of receipts and shares.
        message_id: Of which message.
        owner: The name under which this run takes its share of limited routes.
        clock: What tells the time.
        channels: What the message goes over: no share is taken of other routes.
        was_stopped: An operator stopped the message.
    """

    ledger: Ledger
    book: RouteBook
    message_id: str
    owner: str
    clock: Clock
    channels: Collection[Channel] = CHANNELS
    was_stopped: bool = False
    _heard_until: datetime | None = None
    _shared_at: datetime | None = None
    _limited_ids: list[str] = field(init=False, default_factory=list)

    async def start(self) -> None:
        """Take the first look: nothing is sent before this run knows its share.

        Raises:
            LedgerError: The ledger does not answer.
        """
        entries = self.book.entries.items()
        self._limited_ids = [
            route_id
            for route_id, entry in entries
            if entry.traits.messages_per_s is not None and entry.route.channel in self.channels
        ]
        self._heard_until = self.clock.now() - LEARN_FROM
        await self._look()

    async def look_for_ever(self) -> None:
        """Go on looking until cancelled; a ledger that does not answer is asked again."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                await self._look()
            except LedgerError as error:
                log.warning("the ledger was not looked at", extra={"reason": str(error)})

    async def end(self) -> None:
        """Leave this run's share of limited routes to the others."""
        if self._limited_ids:
            await asyncio.to_thread(release_shares, self.ledger, self.owner)

    async def _look(self) -> None:
        now = self.clock.now()
        self.was_stopped = await asyncio.to_thread(is_stopped, self.ledger, self.message_id)
        await self._learn(now)
        await self._share(now)

    async def _learn(self, now: datetime) -> None:
        awaits = any(entry.choice.receipt_deadline_s for entry in self.book.entries.values())
        if not awaits or self._heard_until is None:
            return
        counts = await asyncio.to_thread(count_receipts, self.ledger, self._heard_until, now)
        self._heard_until = now
        note_receipts(self.book, counts, now)

    async def _share(self, now: datetime) -> None:
        every = timedelta(seconds=RENEW_SHARE_EVERY_S)
        if not self._limited_ids or (self._shared_at and now < self._shared_at + every):
            return
        users = await asyncio.to_thread(
            renew_shares, self.ledger, self.owner, self._limited_ids, now
        )
        self._shared_at = now
        for route_id, count in users.items():
            self.book.entries[route_id].pace.share = 1 / count


def note_receipts(book: RouteBook, counts: ReceiptCounts, now: datetime) -> None:
    """Let the routes learn from receipts that came."""
    for (route_id, country), by_state in counts.items():
        book.note_receipts(
            route_id, country, by_state.get("delivered", 0), by_state.get("failed", 0), now
        )
