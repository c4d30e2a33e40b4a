"""What a schedule's run does that begins long after its time: after an outage nothing old is sent.

Prefect keeps the runs that nobody took, and hands them all out once somebody serves the pool: a
drill planned for 9:00 would go out in the night, and the advisories of a weekend at once.
"""

import asyncio
from datetime import datetime, timedelta
from typing import Final

import httpx
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.schedules import SCHEDULE_TYPES
from prefect.exceptions import PrefectException
from prefect.states import Failed

from rollcall.clock import format_instant
from rollcall.ledger.messages import find_message
from rollcall.schedules.rules import list_next
from rollcall.sources.kept import describe_age
from rollcall.wiring import current_app
from tasks.accept import order_key
from tasks.current_run import current_run
from tasks.end import SendEnd

LATEST: Final = timedelta(hours=1)
"""Later than this a scheduled run sends nothing; nor once the schedule's next run is due."""

NEVER_LATE: Final = timedelta(minutes=1)
"""So late any run may be, however often its schedule fires: a dispatcher takes time to start."""

TOO_LATE: Final = "TooLate"
"""The name of the failed state of such a run."""

_ASK_WITHIN_S: Final = 5.0


async def end_if_late(message_id: str) -> SendEnd | None:
    """Return how a scheduled run ends that has begun too late; None for whatever is to be sent.

    A run that is repeated goes on with the message that it accepted in time.

    Args:
        message_id: That a run was given to go on with; such a run is never late.

    Raises:
        LedgerError: The ledger does not answer.
    """
    run = current_run()
    if message_id or run is None or not run.auto_scheduled or run.expected_start_time is None:
        return None
    app, planned_at = current_app(), run.expected_start_time
    late = app.clock.now() - planned_at
    if late <= NEVER_LATE or await _has_accepted() or late <= await _choose_bound(run, planned_at):
        return None
    planned = format_instant(planned_at.replace(microsecond=0))
    told = f"too late: not sent; planned for {planned}, begun {describe_age(late)} later"
    return Failed(name=TOO_LATE, message=f"{told}. To send it all the same, start a run by hand")


async def _has_accepted() -> bool:
    known = await asyncio.to_thread(find_message, current_app().ledger, order_key())
    return known is not None


async def _choose_bound(run: FlowRun, planned_at: datetime) -> timedelta:
    """Return how late a run may be; where Prefect does not tell its schedule, as late as any."""
    try:
        rule = await asyncio.wait_for(_read_rule(run), _ASK_WITHIN_S)
    except (httpx.HTTPError, PrefectException, OSError):
        return LATEST
    if rule is None:
        return LATEST
    moments = await asyncio.to_thread(list_next, rule, 2, planned_at)
    gaps = [one - planned_at for one in moments if one > planned_at]
    return max(min(gaps[0], LATEST), NEVER_LATE) if gaps else LATEST


async def _read_rule(run: FlowRun) -> SCHEDULE_TYPES | None:
    """Return the rule of the schedule that a run is of; None for one that was removed since."""
    if run.deployment_id is None or run.created_by is None:
        return None
    async with get_client() as client:
        schedules = await client.read_deployment_schedules(run.deployment_id)
    return next((one.schedule for one in schedules if one.id == run.created_by.id), None)
