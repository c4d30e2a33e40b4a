"""Runs that a worker has claimed and never begun: no lease tells of one whose machine died then."""

import asyncio
from datetime import timedelta
from typing import Any, Final

from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
    WorkPoolFilter,
    WorkPoolFilterName,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.sorting import FlowRunSort
from prefect.states import AwaitingRetry

from rollcall.ledger.runs import list_flow_runs
from rollcall.wiring import App, current_app
from tasks.hand_over import WORK_POOL
from tasks.step import step

STALLED_AFTER: Final = timedelta(minutes=2)
"""How long a worker may take to begin what it has claimed, before another one may: it needs 3 to 9
s. Where both begin it after all, they order one message."""


@step("free-stalled")
async def free_stalled_runs() -> int:
    """Let other workers have all that are stalled; return how many there were."""
    async with get_client() as client:
        return await free_stalled(client, current_app())


async def free_stalled(client: PrefectClient, app: App) -> int:
    """Let other workers have what was claimed long ago and is not under way; return how many.

    What a dispatcher claims has a lease before.

    Args:
        client: Of the server.
        app: Whose ledger tells what is under way.
    """
    claimed = await _list_claimed(client)
    known = await asyncio.to_thread(list_flow_runs, app.ledger)
    before = app.clock.now() - STALLED_AFTER
    stalled = [
        one
        for one in claimed
        if one.state and one.state.timestamp <= before and str(one.id) not in known
    ]
    return sum([await _free(client, one) for one in stalled])


async def _free(client: PrefectClient, seen: FlowRun) -> bool:
    """Let others have a run, unless it was begun or cancelled since it was seen."""
    now = await client.read_flow_run(seen.id)
    if now.state is None or seen.state is None or now.state.id != seen.state.id:
        return False
    again: Any = AwaitingRetry(message="whoever had claimed it never began it")
    await client.set_flow_run_state(seen.id, again, force=True)
    return True


async def _list_claimed(client: PrefectClient) -> list[FlowRun]:
    """Return runs of our pool that were claimed and have not begun; those that are due longest."""
    pending = FlowRunFilterStateType(any_=[StateType.PENDING])
    return await client.read_flow_runs(
        flow_run_filter=FlowRunFilter(state=FlowRunFilterState(type=pending)),
        work_pool_filter=WorkPoolFilter(name=WorkPoolFilterName(any_=[WORK_POOL])),
        sort=FlowRunSort.EXPECTED_START_TIME_ASC,
    )
