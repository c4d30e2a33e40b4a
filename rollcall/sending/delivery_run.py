"""The engine: takes due deliveries of one message from the ledger and tries them over the routes.

What is done next is decided by `rollcall.domain.delivery`; this module makes the tries, and commits
each before and after its network call.
"""

import asyncio
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from rollcall.clock import Clock
from rollcall.domain.delivery import (
    Finish,
    NextStep,
    RetryPolicy,
    RouteChoice,
    Try,
    TryNow,
    choose_next_step,
    choose_route,
    settle,
)
from rollcall.domain.message import Channel
from rollcall.errors import LedgerError
from rollcall.ledger.engine import Ledger
from rollcall.ledger.group_commit import GroupCommit
from rollcall.ledger.leases import LEASE_S, new_owner
from rollcall.ledger.patience import ask_patiently
from rollcall.ledger.queue import (
    AttemptEnd,
    AttemptStart,
    ClaimedDelivery,
    QueueState,
    Settlement,
    claim_due,
    load_contents,
    new_attempt_id,
    read_queue,
    release_dead_leases,
    release_leases,
    renew_leases,
)
from rollcall.routes.base import Submission
from rollcall.sending.attempt import Verdict, try_route
from rollcall.sending.route_book import RouteBook, RouteEntry

RENEW_EVERY_S: Final = LEASE_S / 3
"""Two renewals may fail before a lease runs out."""

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
    """

    message_id: str
    ledger: Ledger
    book: RouteBook
    policies: dict[Channel, RetryPolicy]
    clock: Clock
    stopping: asyncio.Event
    jitter: Callable[[], float] = random.random
    owner: str = field(default_factory=new_owner)
    _ends_early: bool = field(init=False, default=False)
    _batch_count: int = field(init=False, default=0)
    _batches: dict[int, list[ClaimedDelivery]] = field(init=False, default_factory=dict)
    _commits: GroupCommit = field(init=False)
    _renewing: "asyncio.Task[None] | None" = field(init=False, default=None)

    async def __aenter__(self) -> "DeliveryRun":
        await self.free_dead()
        self._commits = GroupCommit(self.ledger, self.owner, self.clock)
        await self._commits.__aenter__()
        self._renewing = asyncio.create_task(self._renew_for_ever())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._renewing:
            self._renewing.cancel()
            await asyncio.gather(self._renewing, return_exceptions=True)
        await self._commits.__aexit__()
        await asyncio.to_thread(release_leases, self.ledger, self.owner)

    @property
    def is_ending(self) -> bool:
        """Tell whether no further try is to be started."""
        return self._ends_early or self.stopping.is_set()

    def end_early(self) -> None:
        """Start no further try in this run; others of this process go on."""
        self._ends_early = True

    async def read_queue(self) -> QueueState:
        """Return what is left to do."""
        return await ask_patiently(
            self.clock, read_queue, self.ledger, self.message_id, self.clock.now()
        )

    async def free_dead(self) -> None:
        """Take back what a process that died on this machine still holds."""
        await ask_patiently(self.clock, release_dead_leases, self.ledger, self.message_id)

    async def claim(self, limit: int, channel: Channel) -> int | None:
        """Take due deliveries over a channel under our lease.

        Returns:
            The batch's number, None if nothing is due.
        """
        now = self.clock.now()
        batch = await ask_patiently(
            self.clock, claim_due, self.ledger, self.message_id, self.owner, limit, now, channel
        )
        if not batch:
            return None
        self._batch_count += 1
        self._batches[self._batch_count] = batch
        return self._batch_count

    async def deliver_batch(self, batch_number: int) -> None:
        """Try a claimed batch, all of it concurrently, until each is finished or has to wait.

        Raises:
            LedgerError: The ledger does not answer; what could not be recorded is found uncertain
                by the next run.
        """
        batch = self._batches.pop(batch_number)
        digests = {delivery.content_digest for delivery in batch}
        contents = await ask_patiently(
            self.clock, load_contents, self.ledger, self.message_id, digests
        )
        ends = await asyncio.gather(
            *(self._deliver(delivery, contents[delivery.content_digest]) for delivery in batch),
            return_exceptions=True,
        )
        for end in ends:
            if isinstance(end, BaseException):
                raise end

    async def _deliver(self, delivery: ClaimedDelivery, content: Any) -> None:
        tries = list(delivery.tries)
        step: TryNow | Finish | None = self._decide(delivery, tries)
        while isinstance(step, TryNow) and not self.is_ending:
            step = await self._try(delivery, content, step.route_id, tries)
        if isinstance(step, Finish):
            await self._commits.settle(Settlement(delivery.delivery_id, step))

    async def _try(
        self, delivery: ClaimedDelivery, content: Any, route_id: str, tries: list[Try]
    ) -> TryNow | Finish | None:
        """Make one try; return what is left to do: another try, an end to record, or nothing."""
        entry = self.book.entries[route_id]
        async with entry.slots:
            if self.is_ending:
                return None
            if other_step := self._reconsider(delivery, entry, tries):
                return other_step
            start = AttemptStart(delivery.delivery_id, route_id, new_attempt_id())
            if not await self._commits.begin(start):
                return None
            verdict = await try_route(entry.route, _submission(delivery, content, start))
        self.book.note(route_id, verdict.outcome, self.clock.now())
        tries.append(verdict.as_try())
        policy, routes = self._rules(delivery)
        step = choose_next_step(tries, policy, routes, self.clock.now(), self.jitter())
        await self._commits.finish(_end(start, verdict, step))
        return step if isinstance(step, TryNow) else None

    def _decide(self, delivery: ClaimedDelivery, tries: list[Try]) -> TryNow | Finish:
        """Decide about a delivery that is due."""
        policy, routes = self._rules(delivery)
        finished = settle(tries, policy, routes, self.clock.now())
        return finished or TryNow(choose_route(tries, policy, routes))

    def _reconsider(
        self, delivery: ClaimedDelivery, entry: RouteEntry, tries: list[Try]
    ) -> TryNow | Finish | None:
        """Decide again after queueing for a route: the message may be expired, the route dead."""
        step = self._decide(delivery, tries)
        if isinstance(step, Finish):
            return step
        if entry.admit(self.clock.now()) or step.route_id == entry.route.route_id:
            return None
        return step

    def _rules(self, delivery: ClaimedDelivery) -> tuple[RetryPolicy, list[RouteChoice]]:
        policy = self.policies[delivery.channel]
        if policy.uses_alternatives:
            return policy, self.book.choices(delivery.channel, self.clock.now())
        return policy, self.book.preferred(delivery.channel)

    async def _renew_for_ever(self) -> None:
        while True:
            await asyncio.sleep(RENEW_EVERY_S)
            try:
                await asyncio.to_thread(renew_leases, self.ledger, self.owner, self.clock.now())
            except LedgerError as error:
                log.warning("leases not renewed", extra={"reason": str(error)})


def _submission(delivery: ClaimedDelivery, content: Any, start: AttemptStart) -> Submission:
    return Submission(
        delivery_id=delivery.delivery_id,
        attempt_id=start.attempt_id,
        idempotency_key=f"{delivery.delivery_id}-{start.route_id}",
        address=delivery.address,
        text=content.text,
        subject=content.subject,
        html=content.html,
    )


def _end(start: AttemptStart, verdict: Verdict, step: NextStep) -> AttemptEnd:
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
    )
