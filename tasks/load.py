"""Step: the travellers' data into the DuckDB snapshot of a send."""

import asyncio

from rollcall.wiring import current_app
from tasks.step import step


@step("load-snapshot")
async def load_snapshot(message_id: str) -> str:
    """Load what is known now; return the snapshot's path. Once made it is kept."""
    return str(await asyncio.to_thread(current_app().steps.load_snapshot, message_id))
