"""What happens when a run that a schedule started has failed: administrators are told.

A hook of the flow, so that it also hears of runs that failed before their first line, such as of
parameters that no form takes.
"""

import asyncio
import hashlib
import re
from collections.abc import Sequence
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

ROUND_WITHIN_S: Final = 600
"""How long a round may take that looks every minute; then it has failed, and the next one looks.

While a run goes on Prefect cancels the later ones, so that one that hangs would be the last."""

REFRESH_WITHIN_S: Final = 3_000
"""The same for reading the source and all feeds, every hour."""

RETENTION_WITHIN_S: Final = 6 * 3_600
"""The same for taking old data away, every night."""

_KIND_DIGITS: Final = 12

_NUMBERED: Final = re.compile(r"(?:\d+ d )?(?:\d+ h )?\d+ (?:h|min)\b|\b(?!0\b)\w*\d\w*")
"""An age (`3 d 4 h`, `12 min`), a number but for 0, an id."""

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
    """Email administrators that a scheduled run of upkeep has failed; of each kind once a day."""
    if flow_run.auto_scheduled:
        failure = await _describe(flow, flow_run, state)
        problems = await read_problems(state)
        await _tell(tell_daily(failure, flow.name, SystemClock().now(), problems))


def tell_daily(
    failure: ScheduleFailure, flow_name: str, now: datetime, problems: Sequence[str] = ()
) -> ScheduleFailure:
    """Return a failure of upkeep as one that is the same all day, so that it is told of once.

    What is wrong with something else is another one: a trifle must not keep worse from being told.

    Args:
        failure: What has failed.
        flow_name: Of the flow.
        now: The day, in UTC.
        problems: What was wrong one by one, where the reason gives their number only.
    """
    kind = digest_kind((failure.reason, *problems))
    occurrence = f"{flow_name}:{now:%Y-%m-%d}:{kind}"
    return replace(failure, occurrence=occurrence, is_upkeep=True)


def digest_kind(sentences: Sequence[str]) -> str:
    """Return what tells one kind of problem from another: ages and numbers make no difference.

    Nothing and something do: none stuck is not the same as some.
    """
    kinds = sorted({_NUMBERED.sub("#", one) for one in sentences})
    return hashlib.sha256("\n".join(kinds).encode()).hexdigest()[:_KIND_DIGITS]


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


async def read_problems(state: State[Any]) -> tuple[str, ...]:
    """Return the problems that a round reports one by one; they may quote data."""
    report = await state.aresult(raise_on_failure=False)
    return tuple(getattr(report, "problems", ()))


async def read_reason(state: State[Any]) -> str:
    """Return what was wrong; of faults that are not ours only which: their words may quote data."""
    outcome = await state.aresult(raise_on_failure=False)
    if isinstance(outcome, RollcallError):
        return str(outcome)
    if isinstance(outcome, BaseException) and not isinstance(outcome, FailedRun):
        return f"{type(outcome).__name__}: the log of the run in Prefect says more"
    return state.message or "Prefect says no more than that it has failed"
