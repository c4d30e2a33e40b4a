"""Step: drain the queue of a message, a bounded number of batches at a time."""

from rollcall.extra_processes import ExtraProcesses
from rollcall.sending.drain import drain
from rollcall.wiring import current_app
from tasks.step import step


async def drain_deliveries(message_id: str, extra: ExtraProcesses) -> None:
    """Deliver until nothing of the message waits; what is left to do is read from the ledger."""
    extra.begin()
    async with current_app().steps.start_run(message_id) as run:

        @step("deliver-batch", run_name="batch-{batch_number}")
        async def deliver_batch(batch_number: int) -> None:
            """Try one claimed batch, all of it concurrently."""
            await run.deliver_batch(batch_number)

        await drain(run, deliver_batch)
