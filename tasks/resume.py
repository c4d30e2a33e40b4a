"""Step: find what nobody works on."""

import asyncio

from rollcall.ledger.runs import list_orphans
from rollcall.wiring import current_app
from tasks.step import step


@step("find-unattended")
async def find_unattended() -> list[str]:
    """Return the messages that are to be gone on with, by id."""
    app = current_app()
    found = await asyncio.to_thread(list_orphans, app.ledger, app.clock.now())
    return [one.message_id for one in found]
