"""Go on with a flow run when Prefect fails in the middle of it: its bare steps, and who is told."""

import asyncio
import logging
from typing import Any, Final

import httpx
from prefect import Flow, State
from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import PrefectException
from prefect.states import exception_to_failed_state

from rollcall.errors import RollcallError
from tasks.accept import key_of_run, ordering_under
from tasks.current_run import standing_for

_TELLING_FAILS: Final = (httpx.HTTPError, PrefectException, OSError, RollcallError)
"""What telling may fail of: the notice stands in the ledger by then, or never will."""

log = logging.getLogger(__name__)


async def go_on_without(flow: Flow[Any, Any], flow_run: FlowRun) -> Any:
    """Run the steps of a run as they are; what it has ordered already is found by its key.

    Whom the flow tells of its failure is told as if Prefect had run it.

    Raises:
        Exception: As the steps do.
    """
    try:
        parameters = flow.validate_parameters(flow_run.parameters)
        with ordering_under(key_of_run(flow_run.id)), standing_for(flow_run):
            async with asyncio.timeout(flow.timeout_seconds):
                ended = await flow.fn(**parameters)
    except Exception as error:
        await _tell_failed(flow, flow_run, await exception_to_failed_state(error))
        raise
    if isinstance(ended, State) and ended.is_failed():
        await _tell_failed(flow, flow_run, ended)
    return ended


async def _tell_failed(flow: Flow[Any, Any], flow_run: FlowRun, state: State[Any]) -> None:
    for hook in flow.on_failure_hooks:
        telling: Any = hook
        try:
            await telling(flow, flow_run, state)
        except _TELLING_FAILS as error:
            fault = {"flow_run_id": str(flow_run.id), "fault": type(error).__name__}
            log.warning("telling of a failure broke off", extra=fault)
