"""Step: ask who is due, settle what has closed."""

import asyncio

from rollcall.sending.check_ins import CheckInReport, run_check_ins
from rollcall.wiring import current_app
from tasks.step import step


@step("look-at-check-ins")
async def look_at_check_ins() -> CheckInReport:
    """Accept the questions and notices that are due; return what they are, by id."""
    return await asyncio.to_thread(run_check_ins, current_app().steps)
