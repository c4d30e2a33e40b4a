"""A run's signs of life, with the run's id in Prefect where it has one."""

import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from prefect.client.schemas.objects import FlowRun
from prefect.context import FlowRunContext

from rollcall.clock import SystemClock
from rollcall.errors import RollcallError
from rollcall.sending.run_lease import RunLease, leased_flow_run
from rollcall.wiring import App, opened_ledger
from tasks.current_run import current_run

log = logging.getLogger(__name__)


def working_on(app: App, message_id: str) -> RunLease:
    """Return what says in the ledger that this run works on a message, while it does."""
    context = FlowRunContext.get()
    flow_run = context.flow_run if context else None
    return RunLease(app.ledger, app.clock, message_id, str(flow_run.id) if flow_run else None)


@asynccontextmanager
async def under_lease(app: App | None = None) -> AsyncIterator[None]:
    """Say in the ledger that this run is there, from before it has accepted anything.

    So a run whose machine dies is found and run again, whoever had started it. A dispatcher has
    said so before; a run of no deployment is of a message that stands in the ledger already.

    Args:
        app: Whose ledger it is said in. Without one it is opened; where it does not answer, the run
            goes on all the same.

    Raises:
        LedgerError: The ledger of the app does not answer.
    """
    flow_run = current_run()
    if flow_run is None or not _needs_lease(flow_run):
        yield
        return
    async with AsyncExitStack() as stack:
        try:
            ledger = app.ledger if app else stack.enter_context(opened_ledger())
            clock = app.clock if app else SystemClock()
            lease = RunLease(ledger, clock, flow_run_id=str(flow_run.id))
            await stack.enter_async_context(lease)
        except RollcallError as error:
            if app is not None:
                raise
            log.warning("a run has no lease", extra={"reason": str(error)})
        yield


def _needs_lease(flow_run: FlowRun) -> bool:
    return flow_run.deployment_id is not None and leased_flow_run.get() != str(flow_run.id)
