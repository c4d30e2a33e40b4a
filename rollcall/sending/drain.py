"""Empty the queue of one message: batches while anything is due, patience while it is not."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
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

MOST_BATCHES: Final = 400
"""Batches a send is cut into: Prefect's server keeps up with so many task runs, not with thousands.
Source: measured, docs/adr/0004."""

BATCH_MIN, BATCH_MAX = 500, 5000
"""Deliveries in a batch: few enough to be recorded often, enough for orchestration to vanish."""

LOOK_AGAIN_S: Final = 2.0
"""Longest pause between two looks at the queue: another process may have changed it."""

HELD_BACK_S: Final = 0.25
"""Pause while something is due and may not be tried yet, or nothing is due and batches are in
flight."""

RunBatch = Callable[[int], Awaitable[object]]
"""Delivers one claimed batch by its number; flows hand in a Prefect task here."""

Running = dict[asyncio.Future[object], Channel]
"""The batches in flight, with their channels."""

Rests = dict[Channel, datetime]
"""Until when no batch is claimed for a channel of which nothing was due: claims are not free."""


async def drain(run: DeliveryRun, run_batch: RunBatch) -> None:
    """Deliver until nothing of the message waits, or the run is stopped.

    Ends because every delivery does: its tries are counted, and its waits are bounded.

    Raises:
        LedgerError: The ledger does not answer.
    """
    with tuned_interpreter():
        await _drain(run, run_batch)


async def _drain(run: DeliveryRun, run_batch: RunBatch) -> None:
    started_at = run.clock.now()
    size = batch_size((await run.read_queue()).waiting_count)
    running: Running = {}
    rests: Rests = {}
    try:
        while not run.is_ending:
            if await _start_batches(running, rests, run, run_batch, size):
                continue
            if running:  # the queue is not read: counting it takes long, and it changes all along
                await _await_change(running, run, max(HELD_BACK_S, _gather_s(run, started_at)))
                continue
            rests.clear()
            queue = await run.read_queue()
            if not queue.waiting_count:
                return
            await _await_change(running, run, _pause_s(run, queue, started_at))
    finally:
        # when one batch failed, or we were cancelled: the others only record what is in flight
        run.end_early()
        await asyncio.gather(*running, return_exceptions=True)
        if run.was_stopped:
            await run.sweep_stopped()


def batch_size(delivery_count: int) -> int:
    """Return how many deliveries make a batch, so that a send is at most `MOST_BATCHES` of them."""
    return min(max(-(-delivery_count // MOST_BATCHES), BATCH_MIN), BATCH_MAX)


async def _start_batches(
    running: Running, rests: Rests, run: DeliveryRun, run_batch: RunBatch, size: int
) -> bool:
    """Start a batch for every channel that has room and something due; tell whether one has."""
    started = False
    for channel in run.policies:
        is_resting = channel in rests and run.clock.now() < rests[channel]
        is_full = Counter(running.values())[channel] >= PARALLEL_BATCHES
        if is_resting or is_full or run.count_in_flight(channel) >= size:
            continue
        batch_number = await run.claim(size, channel)
        if batch_number is None:
            rests[channel] = run.clock.now() + timedelta(seconds=HELD_BACK_S)
        else:
            running[asyncio.ensure_future(run_batch(batch_number))] = channel
            started = True
    return started


async def _await_change(running: Running, run: DeliveryRun, pause_s: float) -> None:
    """Wait until a batch ends, the run is stopped, or the pause is over; forget what has ended."""
    if not running:
        await run.free_dead()
    stopped: asyncio.Future[object] = asyncio.ensure_future(run.stopping.wait())
    watched: set[asyncio.Future[object]] = {*running, stopped}
    await asyncio.wait(watched, timeout=pause_s, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    for batch in [batch for batch in running if batch.done()]:
        del running[batch]
        batch.result()


def _pause_s(run: DeliveryRun, queue: QueueState, started_at: datetime) -> float:
    """Return how long to pause, in seconds.

    Until the next delivery is due, but at least 1 % of the time already spent: retries that come
    due one by one are gathered, so that hours of them still make few batches.
    """
    now = run.clock.now()
    until_due_s = (queue.next_due_at - now).total_seconds() if queue.next_due_at else LOOK_AGAIN_S
    if until_due_s <= 0:  # due, and yet held back: by canaries, or because all routes are down
        until_due_s = HELD_BACK_S
    return max(min(until_due_s, LOOK_AGAIN_S), _gather_s(run, started_at))


def _gather_s(run: DeliveryRun, started_at: datetime) -> float:
    return max((run.clock.now() - started_at).total_seconds() / 100, LOOK_AGAIN_S / 100)
