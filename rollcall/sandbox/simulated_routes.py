"""Routes whose carriers are simulated: fates drawn from a seed, waits in virtual time.

What is simulated is the world outside: the engine, its decisions and its ledger are the real ones.
"""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from rollcall.clock import Clock
from rollcall.domain.message import Channel
from rollcall.domain.receipts import Receipt
from rollcall.errors import RecipientError, RouteError
from rollcall.ledger.engine import Ledger
from rollcall.ledger.receipts import record_receipts
from rollcall.routes.base import Acceptance, Submission
from rollcall.sandbox.virtual_time import BEGIN

RECORD_EVERY_S = 0.25
"""Receipts that come within so long are recorded together, as the portal does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """How a simulated carrier behaves.

    Attributes:
        refuses_pct: Submissions that it refuses, for reasons of its own.
        refuses_from_s: From this virtual second on it refuses everything.
        is_dead: It cannot be reached.
        hopeless_pct: Recipients that it says nobody can reach.
        silent_pct: Messages that arrive without a receipt.
        drops_pct: Messages that it takes and never delivers, without a receipt.
        swallows: Beginnings of numbers of which it takes everything and delivers nothing.
        answer_s: How long an answer takes.
        receipt_s: How long a receipt takes after that, on average.
    """

    refuses_pct: float = 0.0
    refuses_from_s: float | None = None
    is_dead: bool = False
    hopeless_pct: float = 0.0
    silent_pct: float = 0.0
    drops_pct: float = 0.0
    swallows: tuple[str, ...] = ()
    answer_s: float = 0.05
    receipt_s: float | None = None


@dataclass(slots=True)
class SimulatedRoute:
    """A way out to a simulated carrier.

    Attributes:
        route_id: Its name.
        behaviour: How it behaves.
        clock: Virtual.
        seed: What fates are drawn from.
        post: Where receipts go; None: it sends none.
        arrived: How many copies each delivery's recipient got.
        submitted_at: When each submission came, with its number.
    """

    route_id: str
    behaviour: Behaviour
    clock: Clock
    seed: int
    post: "ReceiptPost | None" = None
    arrived: Counter[str] = field(default_factory=Counter)
    submitted_at: list[tuple[datetime, str]] = field(default_factory=list)
    channel: Channel = "sms"
    _tries_count: Counter[str] = field(default_factory=Counter)

    async def submit(self, submission: Submission) -> Acceptance:
        """Take or refuse one message, as drawn.

        Raises:
            RouteError: It refuses, or is dead.
            RecipientError: It says that nobody can reach the recipient.
        """
        now = self.clock.now()
        self.submitted_at.append((now, submission.address))
        draw = self._draw_of_try(submission.address)
        await asyncio.sleep(self.behaviour.answer_s * (0.5 + draw.random()))
        self._refuse(submission, draw)
        self._deliver(submission, draw)
        return Acceptance(f"{self.route_id}-{len(self.submitted_at)}", "202")

    async def check(self) -> str:
        """Answer."""
        return "answers"

    async def aclose(self) -> None:
        """Close nothing."""

    def _draw_of_try(self, address: str) -> random.Random:
        """Return what decides on a try: the same for the n-th over this route in every run."""
        self._tries_count[address] += 1
        number = self._tries_count[address]
        return random.Random(f"{self.seed} {self.route_id} {address} {number}")  # noqa: S311 - a simulation

    def _refuse(self, submission: Submission, draw: random.Random) -> None:
        told = self.behaviour
        if told.is_dead:
            raise RouteError("not reached", self.route_id, None, "unavailable")
        begun_s = (self.clock.now() - BEGIN).total_seconds()
        refuses_all = told.refuses_from_s is not None and begun_s >= told.refuses_from_s
        if refuses_all or draw.random() * 100 < told.refuses_pct:
            raise RouteError("refuses", self.route_id, "503", "rejected")
        if _draw_of_person(self.seed, submission.address) * 100 < told.hopeless_pct:
            raise RecipientError("the number cannot be reached", self.route_id, "404")

    def _deliver(self, submission: Submission, draw: random.Random) -> None:
        told = self.behaviour
        is_lost = submission.address.startswith(told.swallows) if told.swallows else False
        if is_lost or draw.random() * 100 < told.drops_pct:
            return
        self.arrived[submission.delivery_id] += 1
        if self.post and told.receipt_s is not None and draw.random() * 100 >= told.silent_pct:
            receipt = Receipt("delivered", submission.attempt_id, level="handset")
            self.post.send_later(self.route_id, receipt, told.receipt_s * (0.5 + draw.random()))


@dataclass(slots=True)
class ReceiptPost:
    """Brings receipts into the ledger some virtual time after they were written."""

    ledger: Ledger
    clock: Clock
    _waiting: dict[str, list[Receipt]] = field(default_factory=dict)

    def send_later(self, route_id: str, receipt: Receipt, delay_s: float) -> None:
        """Have a receipt arrive after a while."""
        loop = asyncio.get_running_loop()
        loop.call_later(delay_s, self._arrive, route_id, receipt)

    async def record_for_ever(self) -> None:
        """Record what has arrived, again and again, until cancelled."""
        while True:
            await asyncio.sleep(RECORD_EVERY_S)
            arrived, self._waiting = self._waiting, {}
            for route_id, receipts in arrived.items():
                await asyncio.to_thread(
                    record_receipts, self.ledger, route_id, "webhook", receipts, self.clock.now()
                )

    def _arrive(self, route_id: str, receipt: Receipt) -> None:
        self._waiting.setdefault(route_id, []).append(receipt)


def _draw_of_person(seed: int, address: str) -> float:
    return random.Random(f"{seed} {address}").random()  # noqa: S311 - a simulation
