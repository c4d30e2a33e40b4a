"""Step: from a selection to the frozen audience."""

import asyncio

from rollcall.wiring import current_app
from tasks.step import step


@step("select-audience")
async def select_audience(message_id: str) -> int:
    """Freeze who is meant, with the reasons; return how many they are."""
    return await asyncio.to_thread(current_app().steps.select_audience, message_id)
