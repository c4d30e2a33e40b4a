"""What happens when a run that a schedule started has failed: administrators are told.

A hook of the flow, so that it also hears of runs that failed before their first line, such as of
parameters that no form takes.
"""

import asyncio
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from prefect import Flow, State
from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import FailedRun

from rollcall.clock import SystemClock
from rollcall.domain.failure_notice import ScheduleFailure
from rollcall.errors import RollcallError
from rollcall.sending.administrators import accept_failure_notice
from rollcall.wiring import running_app
from tasks.hand_over import hand_over
from tasks.lateness import TOO_LATE

INTERRUPTED: Final = "Interrupted"
"""As `tasks.end.state_of` calls the end of a run that has left something to do."""


async def tell_administrators(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:
    """Email administrators that a scheduled run has failed; once for each run, however often.

    Of a run that somebody started they see themselves what became of it; one that was interrupted
    is gone on with by another. Of runs that were too late they are told once a day and schedule.
    """
    if not flow_run.auto_scheduled or state.name == INTERRUPTED:
        return
    failure = await _describe(flow, flow_run, state)
    if state.name == TOO_LATE:
        of_schedule = f"{flow_run.deployment_id}:{failure.name}"
        failure = tell_late_daily(failure, of_schedule, SystemClock().now())
    await _tell(failure)


async def tell_of_upkeep(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:
    """Email administrators that a scheduled run has failed which sends nothing; once a day."""
    if flow_run.auto_scheduled:
        failure = await _describe(flow, flow_run, state)
        await _tell(tell_daily(failure, flow.name, SystemClock().now()))


def tell_daily(failure: ScheduleFailure, flow_name: str, now: datetime) -> ScheduleFailure:
    """Return a failure of upkeep as one that is the same all day, so that it is told of once."""
    return replace(failure, occurrence=f"{flow_name}:{now:%Y-%m-%d}", is_upkeep=True)


def tell_late_daily(failure: ScheduleFailure, schedule: str, now: datetime) -> ScheduleFailure:
    """Return a run that was too late as one of many: after an outage there may be hundreds."""
    reason = f"{failure.reason}. Of further late runs of this schedule you are told tomorrow"
    return replace(failure, occurrence=f"late:{schedule}:{now:%Y-%m-%d}", reason=reason)


async def _tell(failure: ScheduleFailure) -> None:
    async with running_app() as app:
        message_id = await asyncio.to_thread(
            accept_failure_notice, app.steps, app.settings.administrators, failure
        )
    if message_id is not None:
        await hand_over([message_id])


async def _describe(flow: Flow[..., Any], run: FlowRun, state: State[Any]) -> ScheduleFailure:
    order = run.parameters.get("order")
    creator = run.created_by
    return ScheduleFailure(
        occurrence=run.idempotency_key or str(run.id),  # Prefect's: deployment, schedule, moment
        name=(creator and creator.display_value) or flow.name,
        planned_at=run.expected_start_time or SystemClock().now(),
        reason=await read_reason(state),
        template=order.get("template") if isinstance(order, dict) else None,
    )


async def read_reason(state: State[Any]) -> str:
    """Return what was wrong; of faults that are not ours only which: their words may quote data."""
    outcome = await state.aresult(raise_on_failure=False)
    if isinstance(outcome, RollcallError):
        return str(outcome)
    if isinstance(outcome, BaseException) and not isinstance(outcome, FailedRun):
        return f"{type(outcome).__name__}: the log of the run in Prefect says more"
    return state.message or "Prefect says no more than that it has failed"
