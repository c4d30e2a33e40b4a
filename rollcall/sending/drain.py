"""Empty the queue of one message: batches while anything is due, patience while it is not."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from rollcall.domain.message import Channel
from rollcall.ledger.queue import QueueState
from rollcall.sending.delivery_run import DeliveryRun
from rollcall.sending.interpreter import tuned_interpreter

PARALLEL_BATCHES: Final = 50
"""Batches in flight for each channel at the most. The next one is claimed when fewer than a batch
of deliveries are left of them: the slow end of one, however slow, does not hold up the next, and a
route that hangs does not hold up another channel."""

URGENCY: Final[tuple[Channel, ...]] = ("push", "sms", "email")
"""In which order channels get their turn: what rings in a pocket is not to wait until hundreds of
conversations with a mail server have begun, which takes a tenth of a second."""

MOST_BATCHES: Final = 100
"""Batches that a send is cut into as long as they are not too large: each is a task run, which
costs the server and the dispatcher some 50 ms of CPU time. Source: measured, docs/adr/0004."""

BATCH_MIN, BATCH_MAX = 500, 5000
"""Deliveries in a batch: few enough to be recorded often, enough for orchestration to vanish."""

LOOK_AGAIN_S: Final = 2.0
"""Longest pause between two looks at the queue: another process may have changed it."""

HELD_BACK_S: Final = 0.25
"""Pause while something is due and may not be tried yet, or nothing is due and batches are in
flight."""

RunBatch = Callable[[int], Awaitable[object]]
"""Delivers one claimed batch by its number; flows hand in a Prefect task here."""


async def drain(run: DeliveryRun, run_batch: RunBatch) -> None:
    """Deliver until nothing of the message waits or is to be recorded, or the run is stopped.

    Ends because every delivery does: its tries are counted, and its waits are bounded.

    Raises:
        LedgerError: The ledger does not answer.
    """
    queue = await run.read_queue()
    size = batch_size(queue.waiting_count + queue.unrecorded_count)
    with tuned_interpreter():
        await _Drain(run, run_batch, size, run.clock.now()).go_on()


def batch_size(delivery_count: int) -> int:
    """Return how many deliveries make a batch, so that a send is at most `MOST_BATCHES` of them."""
    return min(max(-(-delivery_count // MOST_BATCHES), BATCH_MIN), BATCH_MAX)


@dataclass(slots=True)
class _Drain:
    """One run's batches.

    Attributes:
        run: What claims and delivers.
        run_batch: Delivers one batch by its number.
        size: Deliveries in a batch.
        began_at: When it began.
        running: The batches in flight, with their channels.
        rests: Until when no batch is claimed for a channel of which less than a batch was due.
    """

    run: DeliveryRun
    run_batch: RunBatch
    size: int
    began_at: datetime
    running: dict[asyncio.Future[object], Channel] = field(default_factory=dict)
    rests: dict[Channel, datetime] = field(default_factory=dict)

    async def go_on(self) -> None:
        """Deliver until nothing waits, or the run is stopped."""
        try:
            while not self.run.is_ending:
                if await self._start_batches():
                    continue
                if self.running:  # the queue is not read: counting it takes long
                    await self._await_change(HELD_BACK_S)
                    continue
                self.rests.clear()
                queue = await self.run.read_queue()
                if queue.is_empty:
                    return
                await self.run.free_dead()
                await self._await_change(self._pause_s(queue))
        finally:
            # when one batch failed, or we were cancelled: the others only record what is in flight
            self.run.end_early()
            await asyncio.gather(*self.running, return_exceptions=True)
            if self.run.was_stopped:
                await self.run.sweep_stopped()

    async def _start_batches(self) -> bool:
        """Start a batch for every channel that has room and something due; tell if one has."""
        served = sorted(self.run.policies, key=URGENCY.index)
        channels = [channel for channel in served if self._has_room(channel)]
        started = [await self._start_batch(channel) for channel in channels]
        return any(started)

    def _has_room(self, channel: Channel) -> bool:
        is_resting = channel in self.rests and self.run.clock.now() < self.rests[channel]
        is_full = Counter(self.running.values())[channel] >= PARALLEL_BATCHES
        return not is_resting and not is_full and self.run.count_in_flight(channel) < self.size

    async def _start_batch(self, channel: Channel) -> bool:
        """Start a batch if anything is due. Where that was all, the channel rests.

        Claims are not free, and retries that come due one by one are better gathered.
        """
        batch_number = await self.run.claim(self.size, channel)
        if self.run.count_batch(batch_number) < self.size:
            rest_s = max(HELD_BACK_S, self._gather_s())
            self.rests[channel] = self.run.clock.now() + timedelta(seconds=rest_s)
        if batch_number is None:
            return False
        self.running[asyncio.ensure_future(self.run_batch(batch_number))] = channel
        return True

    async def _await_change(self, pause_s: float) -> None:
        """Wait until a batch ends, the run is stopped, or the pause is over; forget what ended."""
        stopped: asyncio.Future[object] = asyncio.ensure_future(self.run.stopping.wait())
        watched: set[asyncio.Future[object]] = {*self.running, stopped}
        await asyncio.wait(watched, timeout=pause_s, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        for batch in [batch for batch in self.running if batch.done()]:
            self.rests.pop(self.running.pop(batch), None)
            batch.result()

    def _pause_s(self, queue: QueueState) -> float:
        """Return how long to pause while no batch is in flight, in seconds.

        Until the next delivery is due, but at least 1 % of the time already spent: hours of
        retries still make few batches.
        """
        due_at = queue.next_due_at
        until_due_s = (due_at - self.run.clock.now()).total_seconds() if due_at else LOOK_AGAIN_S
        if until_due_s <= 0 or queue.unrecorded_count:
            # due, and yet held back: by canaries, or because all routes are down; or more to come
            until_due_s = HELD_BACK_S
        return max(min(until_due_s, LOOK_AGAIN_S), self._gather_s())

    def _gather_s(self) -> float:
        spent_s = (self.run.clock.now() - self.began_at).total_seconds()
        return max(spent_s / 100, LOOK_AGAIN_S / 100)
