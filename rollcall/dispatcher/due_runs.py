"""Which runs of the work pool are due: the oldest that Prefect tells of at once, and the latest."""

from datetime import datetime
from typing import Final

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterNextScheduledStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
    WorkPoolFilter,
    WorkPoolFilterName,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.sorting import FlowRunSort

MOST_TOLD: Final = 200
"""Runs that Prefect tells of at once, the oldest ones: an hour's of what is due each minute."""


async def list_due(
    client: PrefectClient, pool: str, before: datetime, latest: int
) -> list[FlowRun]:
    """Return runs that are due, in no order.

    Args:
        client: Of the server.
        pool: The work pool.
        before: The moment by which they are due; aware.
        latest: So many of the latest are among them, also where more are due than Prefect tells of.

    Raises:
        ObjectNotFound: There is no such pool.
        Exception: Whatever else Prefect's client raises.
    """
    told = await client.get_scheduled_flow_runs_for_work_pool(pool, scheduled_before=before)
    runs = [one.flow_run for one in told]
    if len(runs) < MOST_TOLD:
        return runs
    waiting = FlowRunFilter(
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.SCHEDULED])),
        next_scheduled_start_time=FlowRunFilterNextScheduledStartTime(before_=before),
    )
    found = await client.read_flow_runs(
        flow_run_filter=waiting,
        work_pool_filter=WorkPoolFilter(name=WorkPoolFilterName(any_=[pool])),
        sort=FlowRunSort.EXPECTED_START_TIME_DESC,
        limit=latest,
    )
    return list({run.id: run for run in (*runs, *found)}.values())
