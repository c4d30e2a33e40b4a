"""The engine: takes due deliveries of one message from the ledger and tries them over the routes.

What is done next is decided by `rollcall.domain.delivery`; this module makes the tries, and commits
each before and after its network call.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from rollcall.clock import Clock
from rollcall.domain.delivery import Finish, NextStep, RetryPolicy, TryNow, WaitFor
from rollcall.domain.message import Channel
from rollcall.domain.personal_links import PersonalLinks
from rollcall.domain.tries import Try
from rollcall.errors import LedgerError
from rollcall.ledger.attempts import AttemptEnd, AttemptStart, Settlement, new_attempt_id
from rollcall.ledger.engine import Ledger
from rollcall.ledger.group_commit import GroupCommit
from rollcall.ledger.held_back import sweep_reminders
from rollcall.ledger.leases import LEASE_S, new_owner
from rollcall.ledger.patience import ask_patiently
from rollcall.ledger.queue import (
    ClaimedDelivery,
    QueueState,
    claim_due,
    read_queue,
    release_dead_leases,
    release_leases,
    renew_leases,
)
from rollcall.ledger.shared_numbers import has_shared
from rollcall.ledger.stopping import sweep_stopped
from rollcall.sending.asking import Inquiry
from rollcall.sending.attempt import Verdict
from rollcall.sending.canary import CanaryHold
from rollcall.sending.deciding import Decider
from rollcall.sending.route_book import RouteBook, RouteEntry
from rollcall.sending.submissions import make_submission
from rollcall.sending.texts import Texts
from rollcall.sending.watching import LOOK_EVERY_S, Watch

RENEWALS: Final = 3
"""How often a lease is renewed while it lasts: two renewals may fail before it runs out."""

PAUSED: Final = "this process was paused for longer than its lease before the message left"

GOOD_FOR: Final = timedelta(seconds=1)
"""How long a choice of route stands while it waits for a place there."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class DeliveryRun:
    """One process's share in delivering one message; an async context manager.

    Attributes:
        message_id: The message.
        ledger: The queue.
        book: The routes.
        policies: How hard each channel is tried.
        clock: What tells the time.
        stopping: Set when no further try is to be started; what is in flight is waited for.
        jitter: Draws a number in [0, 1) for the spread of waits.
        owner: The name under which this run holds leases.
        lease_s: How long they hold without renewal, in seconds.
        canary_hold_s: Longest hold of the bulk of a large send while its first messages are out.
        carrier_only: Countries where no receipt proves more than arrival at the carrier.
        links: What fills in personal links, where the message has them.
        expires_at: When the message itself expires, where it does.
    """

    message_id: str
    ledger: Ledger
    book: RouteBook
    policies: dict[Channel, RetryPolicy]
    clock: Clock
    stopping: asyncio.Event
    jitter: Callable[[], float] = random.random
    owner: str = field(default_factory=new_owner)
    lease_s: float = LEASE_S
    canary_hold_s: float = 0.0
    carrier_only: frozenset[str] = frozenset()
    links: PersonalLinks | None = None
    expires_at: datetime | None = None
    _ends_early: bool = field(init=False, default=False)
    _batch_count: int = field(init=False, default=0)
    _batches: dict[int, list[ClaimedDelivery]] = field(init=False, default_factory=dict)
    _in_flight: dict[str, Channel] = field(init=False, default_factory=dict)
    _commits: GroupCommit = field(init=False)
    _texts: Texts = field(init=False)
    _decider: Decider = field(init=False)
    _watch: Watch = field(init=False)
    _hold: CanaryHold = field(init=False)
    _inquiry: Inquiry = field(init=False)
    _background: "list[asyncio.Task[None]]" = field(init=False, default_factory=list)

    async def __aenter__(self) -> "DeliveryRun":
        await self.free_dead()
        self._texts = Texts(self.ledger, self.message_id, self.clock)
        self._decider = Decider(self.book, self.policies, self.jitter)
        self._inquiry = Inquiry(self.ledger, self.book, self.clock, self.carrier_only)
        self._watch = Watch(
            self.ledger, self.book, self.message_id, self.owner, self.clock, tuple(self.policies)
        )
        await self._watch.start()
        self._hold = CanaryHold(self.ledger, self.book, self.message_id, self.canary_hold_s)
        await ask_patiently(self.clock, self._hold.begin, self.clock.now())
        self._commits = GroupCommit(
            self.ledger,
            self.owner,
            self.clock,
            self.carrier_only,
            mirrors=await ask_patiently(self.clock, has_shared, self.ledger, self.message_id),
            lease_s=self.lease_s,
        )
        await self._commits.__aenter__()
        loops = (self._renew_for_ever(), self._watch.look_for_ever())
        self._background = [asyncio.create_task(one) for one in loops]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await self._commits.__aexit__()
        await asyncio.to_thread(release_leases, self.ledger, self.message_id, self.owner)
        await self._watch.end()

    @property
    def is_ending(self) -> bool:
        """Tell whether no further try is to be started."""
        return self._ends_early or self.stopping.is_set() or self.was_stopped

    @property
    def was_stopped(self) -> bool:
        """Tell whether an operator stopped the message."""
        return self._watch.was_stopped

    def count_batch(self, batch_number: int | None) -> int:
        """Return how many deliveries a batch has that was claimed and is not begun; None has none.

        Args:
            batch_number: What `claim` returned.
        """
        return 0 if batch_number is None else len(self._batches[batch_number])

    def count_in_flight(self, channel: Channel) -> int:
        """Return how many deliveries over a channel are claimed and not yet done with."""
        return sum(one == channel for one in self._in_flight.values())

    def end_early(self) -> None:
        """Start no further try in this run; others of this process go on."""
        self._ends_early = True

    async def sweep_stopped(self) -> None:
        """Hold back what still waits of a message that was stopped."""
        await ask_patiently(
            self.clock, sweep_stopped, self.ledger, self.message_id, self.clock.now()
        )

    async def read_queue(self) -> QueueState:
        """Return what is left to do."""
        return await ask_patiently(
            self.clock, read_queue, self.ledger, self.message_id, self.clock.now()
        )

    async def free_dead(self) -> None:
        """Take back what a process that died on this machine holds, and what is needless by now."""
        await ask_patiently(self.clock, release_dead_leases, self.ledger, self.message_id)
        await ask_patiently(self.clock, sweep_reminders, self.ledger, self.message_id)

    async def claim(self, limit: int, channel: Channel) -> int | None:
        """Take due deliveries over a channel under our lease.

        Returns:
            The batch's number, None if nothing is due.
        """
        now = self.clock.now()
        is_held = channel == "sms" and not await ask_patiently(self.clock, self._hold.is_over, now)
        wanted = limit
        if not self.policies[channel].is_expired(now):
            wanted = self.book.claim_limit(channel, limit, now)
        if not wanted:
            return None
        claimed = await ask_patiently(
            self.clock, self._claim_due, wanted, channel, only_canaries=is_held
        )
        # after a pause or a clock's jump our own leases may have ended, and what we are trying is
        # claimed once more: it is ours already
        batch = [one for one in claimed if one.delivery_id not in self._in_flight]
        if not batch:
            return None
        self._in_flight.update((one.delivery_id, channel) for one in batch)
        self._batch_count += 1
        self._batches[self._batch_count] = batch
        return self._batch_count

    def _claim_due(
        self, limit: int, channel: Channel, *, only_canaries: bool
    ) -> list[ClaimedDelivery]:
        """Claim as of now: a lease that began when this was first asked may be over by then."""
        return claim_due(
            self.ledger,
            self.message_id,
            self.owner,
            limit,
            self.clock.now(),
            channel,
            only_canaries=only_canaries,
            carrier_only=self.carrier_only,
            lease_s=self.lease_s,
        )

    async def deliver_batch(self, batch_number: int) -> None:
        """Try a claimed batch, all of it concurrently, until each is finished or has to wait.

        Raises:
            LedgerError: The ledger does not answer; what could not be recorded is found uncertain
                by the next run.
        """
        batch = self._batches.pop(batch_number)
        contents = await self._texts.read({delivery.content_digest for delivery in batch})
        ends = await asyncio.gather(
            *(self._deliver(delivery, contents[delivery.content_digest]) for delivery in batch),
            return_exceptions=True,
        )
        for end in ends:
            if isinstance(end, BaseException):
                raise end

    async def _deliver(self, delivery: ClaimedDelivery, content: Any) -> None:
        try:
            await self._deliver_held(delivery, content)
        finally:
            self._in_flight.pop(delivery.delivery_id, None)

    async def _deliver_held(self, delivery: ClaimedDelivery, content: Any) -> None:
        tries = list(delivery.tries)
        if tries:
            tries = await self._resolve(delivery, content, tries)
        step: NextStep | None = self._decider.decide(delivery, tries, self.clock.now())
        while isinstance(step, TryNow) and not self.is_ending:
            step = await self._try(delivery, content, step.route_id, tries)
        if isinstance(step, Finish | WaitFor):
            await self._commits.settle(Settlement(delivery.delivery_id, step))

    async def _resolve(
        self, delivery: ClaimedDelivery, content: Any, tries: list[Try]
    ) -> list[Try]:
        """Learn what became of earlier tries by asking."""
        start = AttemptStart(delivery.delivery_id, tries[-1].route_id, "")
        submission = make_submission(delivery, content, start, tries, self.links, self.expires_at)
        return await self._inquiry.resolve(submission, tries)

    async def _try(
        self, delivery: ClaimedDelivery, content: Any, route_id: str, tries: list[Try]
    ) -> NextStep | None:
        """Make one try; return what is left to do: another try, an end to record, or nothing."""
        entry, queued_at = self.book.entries[route_id], self.clock.now()
        async with entry.slots.hold(self.message_id):
            await self._await_pace(entry)
            if self.is_ending:
                return None
            if other_step := self._reconsider(delivery, entry, tries, queued_at):
                return other_step
            start = AttemptStart(delivery.delivery_id, route_id, new_attempt_id())
            begun_at = self.clock.now()
            if not await self._commits.begin(start):
                entry.withdraw(delivery.country)
                return None
            if (self.clock.now() - begun_at).total_seconds() >= self.lease_s:
                # somebody else may hold it by now, and may have sent it
                entry.withdraw(delivery.country)
                paused = Verdict(route_id, "unavailable", PAUSED)
                return await self._record(delivery, start, paused, tries)
            submission = make_submission(
                delivery, content, start, tries, self.links, self.expires_at
            )
            verdict = await entry.outbox.submit(submission)
        return await self._conclude(delivery, start, verdict, tries)

    async def _conclude(
        self, delivery: ClaimedDelivery, start: AttemptStart, verdict: Verdict, tries: list[Try]
    ) -> TryNow | None:
        """Learn from a try, decide, and record both; return the next try, if it is made at once."""
        retry_after_s, now = verdict.retry_after_s, self.clock.now()
        self.book.note(start.route_id, verdict.outcome, now, delivery.country, retry_after_s)
        return await self._record(delivery, start, verdict, tries)

    async def _record(
        self, delivery: ClaimedDelivery, start: AttemptStart, verdict: Verdict, tries: list[Try]
    ) -> TryNow | None:
        """Decide what follows from a try, and record both; return the next one as above."""
        now = self.clock.now()
        tries.append(verdict.as_try(now))
        step = self._decider.decide_after(delivery, tries, now)
        if self.was_stopped and not isinstance(step, Finish):
            step = hold_back(step, tries)
        awaits = self.book.entries[start.route_id].choice.receipt_deadline_s is not None
        await self._commits.finish(_end(start, verdict, step, awaits_receipt=awaits))
        return step if isinstance(step, TryNow) else None

    async def _await_pace(self, entry: RouteEntry) -> None:
        """Wait for this try's place in the route's rate; other messages take their turns.

        A route that asks for more patience than a moment is not waited for here: others may serve.
        """
        if entry.pace.is_free(self.clock.now()):
            return
        async with entry.turns.hold(self.message_id):
            if self.is_ending or not entry.is_usable(self.clock.now()):
                return
            wait_s = entry.pace.reserve(self.clock.now())
            while wait_s > 0 and not self.is_ending:
                await asyncio.sleep(min(wait_s, LOOK_EVERY_S))
                wait_s -= LOOK_EVERY_S

    def _reconsider(
        self, delivery: ClaimedDelivery, entry: RouteEntry, tries: list[Try], queued_at: datetime
    ) -> NextStep | None:
        """Decide again after queueing for a route.

        The message may be expired, the route dead, or not the best any more: a decision is good for
        a moment only. Of a half-open route the try becomes the probe.
        """
        now = self.clock.now()
        is_fresh = now - queued_at < GOOD_FOR and not self.policies[delivery.channel].is_expired(
            now
        )
        if not is_fresh:
            step = self._decider.decide(delivery, tries, now)
            if not isinstance(step, TryNow) or step.route_id != entry.route.route_id:
                return step
        if entry.admit(delivery.country, now):
            return None
        return self._decider.decide(delivery, tries, now)

    async def _renew_for_ever(self) -> None:
        while True:
            await asyncio.sleep(self.lease_s / RENEWALS)
            try:
                await asyncio.to_thread(
                    renew_leases,
                    self.ledger,
                    self.owner,
                    tuple(self._in_flight),
                    self.clock.now(),
                    self.lease_s,
                )
                await self.free_dead()  # also while batches run: whoever died held people too
            except LedgerError as error:
                log.warning("leases not renewed", extra={"reason": str(error)})
            except Exception as error:  # noqa: BLE001 - a loop that ends unheard loses the leases
                log.error("leases not renewed", extra={"fault": type(error).__name__})  # noqa: TRY400 - it may quote people


def hold_back(step: NextStep, tries: Sequence[Try]) -> Finish:
    """Return what becomes of a delivery whose message was stopped while a try was under way."""
    if isinstance(step, WaitFor) and step.status == "accepted":
        return Finish("accepted")
    told = f"stopped after {len(tries)} tries"
    if any(one.is_out for one in tries):
        return Finish("unconfirmed", f"{told}; it may have arrived")
    return Finish("stopped", told)


def _end(
    start: AttemptStart, verdict: Verdict, step: NextStep, *, awaits_receipt: bool
) -> AttemptEnd:
    settlement = None
    if not isinstance(step, TryNow):
        settlement = Settlement(start.delivery_id, step, verdict.reason)
    return AttemptEnd(
        attempt_id=start.attempt_id,
        outcome=verdict.outcome,
        settlement=settlement,
        reason=verdict.reason,
        provider_id=verdict.provider_id,
        provider_code=verdict.provider_code,
        retry_after_s=verdict.retry_after_s,
        route_id=start.route_id if awaits_receipt else None,
    )
