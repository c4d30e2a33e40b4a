"""What a run hears of besides its own tries: receipts, other processes, an operator's stop."""

import asyncio
import logging
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from rollcall.clock import Clock
from rollcall.domain.message import CHANNELS, Channel
from rollcall.domain.tries import RouteChoice
from rollcall.errors import LedgerError
from rollcall.ledger.engine import Ledger
from rollcall.ledger.messages import is_stopped
from rollcall.ledger.patience import ask_patiently
from rollcall.ledger.rate_shares import RENEW_SHARE_EVERY_S, release_shares, renew_shares
from rollcall.ledger.receipts import DueCount, ReceiptCounts, count_due_receipts, count_receipts
from rollcall.sending.route_book import RouteBook

LOOK_EVERY_S: Final = 0.5
"""How often a run looks whether it was stopped: an operator is promised one second."""

LEARN_FROM: Final = timedelta(minutes=10)
"""Receipts of earlier messages that a new run learns from."""

ANSWER_GRACE: Final = timedelta(seconds=15)
"""Of a provider that can be asked a receipt is missed only when there was time to ask."""

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
            except Exception as error:  # noqa: BLE001 - a loop that ends unheard misses a stop
                log.error("not looked at", extra={"fault": type(error).__name__})  # noqa: TRY400 - it may quote people

    async def end(self) -> None:
        """Leave this run's share of limited routes to the others."""
        if self._limited_ids:
            await asyncio.to_thread(release_shares, self.ledger, self.owner)

    async def _look(self) -> None:
        now = self.clock.now()
        self.was_stopped = await ask_patiently(self.clock, is_stopped, self.ledger, self.message_id)
        await self._learn(now)
        await self._share(now)

    async def _learn(self, now: datetime) -> None:
        choices = [entry.choice for entry in self.book.entries.values()]
        since = self._heard_until
        if since is None or not any(one.receipt_deadline_s for one in choices):
            return
        due = [one for choice in choices for one in await self._count_due(choice, since, now)]
        counts = await ask_patiently(self.clock, count_receipts, self.ledger, since, now)
        self._heard_until = now  # nothing is learnt twice, whatever fails from here
        note_missing(self.book, due, now)
        note_receipts(self.book, counts, now)

    async def _count_due(
        self, choice: RouteChoice, since: datetime, now: datetime
    ) -> list[DueCount]:
        """Count the messages whose receipts became due since the last look.

        Whoever waits to be tried a first time goes before them in the queue: to hear of missing
        receipts only when they are claimed would be too late for the others.
        """
        if choice.receipt_deadline_s is None:
            return []
        waited = timedelta(seconds=choice.receipt_deadline_s)
        waited += ANSWER_GRACE if choice.can_be_asked else timedelta()
        return await ask_patiently(
            self.clock,
            count_due_receipts,
            self.ledger,
            choice.route_id,
            since - waited,
            now - waited,
        )

    async def _share(self, now: datetime) -> None:
        every = timedelta(seconds=RENEW_SHARE_EVERY_S)
        if not self._limited_ids or (self._shared_at and now < self._shared_at + every):
            return
        users = await ask_patiently(
            self.clock, renew_shares, self.ledger, self.owner, self._limited_ids, now
        )
        self._shared_at = now
        for route_id, count in users.items():
            self.book.entries[route_id].pace.share = 1 / count


def note_missing(book: RouteBook, due: Collection[DueCount], now: datetime) -> None:
    """Let the routes learn of receipts that did not come, where most did not.

    Those that came were learnt of when they did; to count them again would excuse a route that has
    begun to fail since.
    """
    for one in due:
        if one.missing_count > one.returned_count:
            book.note_receipts(one.route_id, one.country, 0, one.missing_count, now)


def note_receipts(book: RouteBook, counts: ReceiptCounts, now: datetime) -> None:
    """Let the routes learn from receipts that came."""
    for (route_id, country), by_state in counts.items():
        book.note_receipts(
            route_id, country, by_state.get("delivered", 0), by_state.get("failed", 0), now
        )
