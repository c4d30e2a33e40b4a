"""Go on with messages that nobody works on though something of them is left to do."""

import asyncio

from prefect import State, flow

from rollcall.wiring import running_app
from tasks.hand_over import end_round, hand_over
from tasks.lost_runs import FIRST_WORD_WITHIN, tell_of_lost_runs
from tasks.resume import find_unattended
from tasks.scheduled import ROUND_WITHIN_S, tell_of_upkeep
from tasks.stalled_runs import free_stalled_runs
from tasks.working import under_lease


@flow(
    name="resume-sends",
    timeout_seconds=ROUND_WITHIN_S,
    persist_result=False,
    on_failure=[tell_of_upkeep],
)
async def resume_sends() -> State[list[str]]:
    """Have what a dead process left gone on with; safe to run again, also at once.

    A dispatcher finds it by itself, and sooner: this is for pools that other workers serve.
    """
    async with running_app() as app, under_lease(app):
        open_count = await tell_of_lost_runs()  # Prefect: what it takes to be under way and is not
        await free_stalled_runs()  # Prefect: what a worker has claimed and never begun
        message_ids = await find_unattended()  # ledger: no run of them holds a lease
        stuck_count = await hand_over(message_ids)  # runs that nobody waits for
        if open_count:  # of what was found lost just now whoever ran it had the first word
            await asyncio.sleep(FIRST_WORD_WITHIN.total_seconds())
            await tell_of_lost_runs()
        return end_round(message_ids, (), stuck_count, "rollcall status")
