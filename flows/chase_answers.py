"""Remind those who have not answered, and tell those who are responsible for them."""

from prefect import State, flow

from rollcall.sending.chasing import ChaseReport
from rollcall.wiring import running_app
from tasks.chase import take_due_rungs
from tasks.hand_over import end_round, hand_over
from tasks.scheduled import ROUND_WITHIN_S, tell_of_upkeep
from tasks.working import under_lease


@flow(
    name="chase-answers",
    timeout_seconds=ROUND_WITHIN_S,
    persist_result=False,
    on_failure=[tell_of_upkeep],
)
async def chase_answers() -> State[ChaseReport]:
    """Take what is due of every chat's ladder and have it sent; safe to run again, also at once."""
    async with running_app() as app, under_lease(app):
        report = await take_due_rungs()  # ledger: accepted, and their members moved on, at once
        stuck_count = await hand_over(report.unfinished_ids)  # runs that nobody waits for
        return end_round(report, report.problems, stuck_count, "rollcall chase")
