"""Ask providers what became of tries whose fate stayed open; what they say is kept as a receipt."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from rollcall.clock import Clock
from rollcall.domain.receipts import Receipt, ReceiptSummary
from rollcall.domain.tries import RouteChoice, Try, find_open_until
from rollcall.errors import LedgerError, SendError
from rollcall.ledger.engine import Ledger
from rollcall.ledger.folding import AttemptName, load_attempt_names
from rollcall.ledger.receipts import record_receipts
from rollcall.routes.base import AskableRoute, Submission
from rollcall.sending.route_book import RouteBook

ASK_MAX_S: Final = 20.0
"""A provider that does not say in time what it knows is asked no further."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Inquiry:
    """Asks on behalf of one run.

    Attributes:
        ledger: Where answers are kept.
        book: The routes.
        clock: What tells the time.
        carrier_only: Countries where no receipt proves more than arrival at the carrier.
    """

    ledger: Ledger
    book: RouteBook
    clock: Clock
    carrier_only: frozenset[str] = frozenset()

    async def resolve(self, submission: Submission, tries: Sequence[Try]) -> list[Try]:
        """Return the tries of a delivery that is due, with what providers say of the latest.

        Only a try is asked about that may be out, and of which nothing more is to come.

        Args:
            submission: What was submitted, as far as all tries share it.
            tries: The recorded tries, oldest first.
        """
        asked = list(tries)
        now = self.clock.now()
        for index, one in enumerate(asked):
            is_due = is_askable(one, self._choice(one.route_id), now)
            if is_due and is_key_sure(asked[:index], one):
                told = await self._ask(submission, index, one)
                asked[index] = replace(one, receipt=told) if told else one
        return asked

    def _choice(self, route_id: str) -> RouteChoice | None:
        entry = self.book.entries.get(route_id)
        return entry.choice if entry else None

    async def _ask(self, submission: Submission, index: int, one: Try) -> ReceiptSummary | None:
        route = self.book.entries[one.route_id].route
        if not isinstance(route, AskableRoute):
            return None
        names = await asyncio.to_thread(load_attempt_names, self.ledger, submission.delivery_id)
        try:
            async with asyncio.timeout(ASK_MAX_S):
                receipt = await route.look_up(
                    _as_submitted(submission, names[index]),
                    names[index].provider_id,
                    names[index].started_at,
                )
        except (SendError, TimeoutError) as error:
            fault = type(error).__name__
            log.info("not asked", extra={"route_id": one.route_id, "fault": fault})
            return None
        return await self._keep(one.route_id, names[index], receipt) if receipt else None

    async def _keep(
        self, route_id: str, name: AttemptName, receipt: Receipt
    ) -> ReceiptSummary | None:
        told = replace(receipt, reference=name.attempt_id)
        try:
            await asyncio.to_thread(
                record_receipts,
                self.ledger,
                route_id,
                "look_up",
                [told],
                self.clock.now(),
                self.carrier_only,
            )
        except LedgerError as error:
            log.warning("an answer was not kept", extra={"reason": str(error)})
            return None
        return ReceiptSummary(told.state, told.level, told.is_permanent, told.code)


def is_askable(one: Try, route: RouteChoice | None, now: datetime) -> bool:
    """Tell whether a provider should be asked about a try: its fate is open, its time is over."""
    if route is None or not route.can_be_asked or not one.is_out or one.is_delivered:
        return False
    if one.is_taken and route.receipt_deadline_s is None:
        return False
    open_until = find_open_until(one, route)
    return open_until is not None and open_until <= now


def is_key_sure(earlier: Sequence[Try], one: Try) -> bool:
    """Tell whether it is known under which key a try was handed over.

    After a failure a repeat has a key of its own (`submissions.make_key`); whether the failure was
    known by then is not recorded. To ask by a wrong key would find another try, or none, and send a
    copy too many. Of a try that was accepted the provider's own id is known.
    """
    return one.outcome == "accepted" or not any(
        before.route_id == one.route_id
        and before.receipt is not None
        and before.receipt.state == "failed"
        for before in earlier
    )


def _as_submitted(submission: Submission, name: AttemptName) -> Submission:
    return replace(
        submission,
        attempt_id=name.attempt_id,
        idempotency_key=f"{submission.delivery_id}-{name.route_id}",
    )
