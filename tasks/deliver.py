"""Step: drain the queue of a message, a bounded number of batches at a time."""

import asyncio
from typing import Final

from rollcall.extra_processes import ExtraProcesses
from rollcall.sending.drain import drain
from rollcall.wiring import current_app
from tasks.record import record_rest
from tasks.step import step

HEAD_START_S: Final = 0.3
"""How long the first deliveries have the processor to themselves before the rest is recorded."""


async def deliver_while_recording(message_id: str, extra: ExtraProcesses) -> None:
    """Deliver what is recorded, and record what is not, until nothing of the message waits.

    Where one of both fails the other ends early; what is left to do is read from the ledger.
    """
    draining = asyncio.create_task(drain_deliveries(message_id))
    try:
        await asyncio.wait([draining], timeout=HEAD_START_S)
        await _record_beside(draining, message_id, extra)
    finally:
        draining.cancel()
        await asyncio.gather(draining, return_exceptions=True)
    draining.result()


async def _record_beside(
    draining: "asyncio.Task[None]", message_id: str, extra: ExtraProcesses
) -> None:
    """Record the rest; end with it where that fails, else when both are done."""
    recording = asyncio.ensure_future(record_rest(message_id))
    try:
        await extra.start()  # for a large message
        await asyncio.wait({recording, draining}, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        # a thread that records cannot be cancelled: it ends by itself, before the next portion
        await asyncio.gather(recording, return_exceptions=True)
    recording.result()


async def drain_deliveries(message_id: str) -> None:
    """Deliver until nothing of the message waits; what is left to do is read from the ledger."""
    async with current_app().steps.start_run(message_id) as run:

        @step("deliver-batch", run_name="batch-{batch_number}")
        async def deliver_batch(batch_number: int) -> None:
            """Try one claimed batch, all of it concurrently."""
            await run.deliver_batch(batch_number)

        await drain(run, deliver_batch)
