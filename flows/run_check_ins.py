"""Ask people at their own hours whether they are OK, and tell who is missing."""

from prefect import State, flow

from rollcall.sending.check_ins import CheckInReport
from rollcall.wiring import running_app
from tasks.check_ins import look_at_check_ins
from tasks.hand_over import end_round, hand_over
from tasks.scheduled import ROUND_WITHIN_S, tell_of_upkeep
from tasks.working import under_lease


@flow(
    name="run-check-ins",
    timeout_seconds=ROUND_WITHIN_S,
    persist_result=False,
    on_failure=[tell_of_upkeep],
)
async def run_check_ins() -> State[CheckInReport]:
    """Ask who is due, settle what has closed, and have it sent; safe to run again, also at once."""
    async with running_app() as app, under_lease(app):
        report = await look_at_check_ins()  # ledger: each round and its message in one transaction
        stuck_count = await hand_over(report.unfinished_ids)  # runs that nobody waits for
        return end_round(report, report.problems, stuck_count, "rollcall check-in run")
