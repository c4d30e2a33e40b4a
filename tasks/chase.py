"""Step: take the rungs that are due."""

import asyncio

from rollcall.sending.chasing import ChaseReport, chase
from rollcall.wiring import current_app
from tasks.step import step


@step("chase")
async def take_due_rungs() -> ChaseReport:
    """Accept the reminders and notices that are due; return what they are, by id."""
    return await asyncio.to_thread(chase, current_app().steps)
