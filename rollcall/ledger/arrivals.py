"""What providers called us back with, recorded: many callbacks in one transaction."""

import logging
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Final

from sqlalchemy import Connection

from rollcall.domain.opt_out_words import Wish
from rollcall.domain.receipts import Receipt
from rollcall.domain.sayings import Saying
from rollcall.ledger.engine import Ledger
from rollcall.ledger.opt_outs import OptOutRecord, opt_in, opt_out
from rollcall.ledger.receipts import record_receipts_in
from rollcall.ledger.sayings import record_sayings

ROWS_PER_SAYING: Final = 10
"""A text is asked about and recorded in so many statements: 500 of them in one transaction would
keep everybody else from writing for seconds."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SenderWish:
    """What the owner of a number asked for.

    Attributes:
        address: Their number, E.164.
        wish: No more texts, or texts again.
        provider_id: The provider's id for their text.
    """

    address: str
    wish: Wish
    provider_id: str | None = None


@dataclass(frozen=True, slots=True)
class Arrival:
    """What one callback of a provider comes to.

    Attributes:
        route_id: Whose callback it is.
        receipts: What it reports.
        wishes: What recipients asked for, in the order of their texts.
        sayings: What they said besides, in the same order.
    """

    route_id: str
    receipts: tuple[Receipt, ...] = ()
    wishes: tuple[SenderWish, ...] = ()
    sayings: tuple[Saying, ...] = ()

    @property
    def row_count(self) -> int:
        """Return how many rows it may write."""
        return len(self.receipts) + len(self.wishes) + ROWS_PER_SAYING * len(self.sayings)


def record_arrivals(
    ledger: Ledger,
    arrivals: Sequence[Arrival],
    now: datetime,
    carrier_only: frozenset[str] = frozenset(),
) -> None:
    """Record callbacks: receipts and wishes in one transaction, then what was said in another.

    A receipt locks deliveries, and so does an answer, after its members: both in one transaction
    would be a deadlock with answers on the page. Safe to call twice, as after the first of the two.

    Args:
        ledger: Where to.
        arrivals: In the order in which they came.
        now: The moment of receiving.
        carrier_only: Countries where no receipt proves more than arrival at the carrier.

    Raises:
        LedgerError: The ledger does not answer, is locked, or its disk is full.
    """
    receipts: defaultdict[str, list[Receipt]] = defaultdict(list)
    for arrival in arrivals:
        receipts[arrival.route_id] += arrival.receipts
    with ledger.write() as connection:
        for route_id, reported in receipts.items():
            if reported:
                record_receipts_in(connection, route_id, "webhook", reported, now, carrier_only)
        for arrival in arrivals:
            _grant_wishes(connection, arrival, now)
    _record_sayings(ledger, [one for one in arrivals if one.sayings], now)


def _grant_wishes(connection: Connection, arrival: Arrival, now: datetime) -> None:
    for asked in arrival.wishes:
        if asked.wish == "start":
            opt_in(connection, asked.address)
        else:
            opt_out(connection, OptOutRecord(asked.address, "inbound", arrival.route_id, now))


def _record_sayings(ledger: Ledger, arrivals: Sequence[Arrival], now: datetime) -> None:
    if not arrivals:
        return
    fates = iter(record_sayings(ledger, [one for each in arrivals for one in each.sayings], now))
    for arrival in arrivals:
        of_nobody = list(islice(fates, len(arrival.sayings))).count("nobody")
        if of_nobody:
            extra = {"route_id": arrival.route_id, "text_count": of_nobody}
            log.info("texts of nobody in an open conversation", extra=extra)
