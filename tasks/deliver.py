"""Step: drain the queue of a message, a bounded number of batches at a time."""

import asyncio

from rollcall.extra_processes import ExtraProcesses
from rollcall.sending.drain import drain
from rollcall.wiring import current_app
from tasks.record import record_rest
from tasks.step import step


async def deliver_while_recording(message_id: str, extra: ExtraProcesses) -> None:
    """Deliver what is recorded, and record what is not, until nothing of the message waits.

    Where one of both fails the other ends early; what is left to do is read from the ledger.
    """
    recording = asyncio.ensure_future(record_rest(message_id))
    draining = asyncio.create_task(drain_deliveries(message_id))
    try:
        await extra.start()  # for a large message: they come up while it is recorded
        await asyncio.wait({recording, draining}, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        if not recording.done() or not draining.done():
            draining.cancel()
        await asyncio.gather(recording, draining, return_exceptions=True)
    recording.result()
    draining.result()


async def drain_deliveries(message_id: str) -> None:
    """Deliver until nothing of the message waits; what is left to do is read from the ledger."""
    async with current_app().steps.start_run(message_id) as run:

        @step("deliver-batch", run_name="batch-{batch_number}")
        async def deliver_batch(batch_number: int) -> None:
            """Try one claimed batch, all of it concurrently."""
            await run.deliver_batch(batch_number)

        await drain(run, deliver_batch)
