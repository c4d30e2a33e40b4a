"""A run's signs of life, with the run's id in Prefect where it has one."""

import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager

from prefect.client.schemas.objects import FlowRun
from prefect.context import FlowRunContext

from rollcall.clock import SystemClock
from rollcall.errors import RollcallError
from rollcall.ledger.engine import Ledger
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
    with _ledger_of(app) as ledger:
        if ledger is None:
            yield
            return
        clock = app.clock if app else SystemClock()
        async with RunLease(ledger, clock, flow_run_id=str(flow_run.id)):
            yield


def _needs_lease(flow_run: FlowRun) -> bool:
    return flow_run.deployment_id is not None and leased_flow_run.get() != str(flow_run.id)


@contextmanager
def _ledger_of(app: App | None) -> Iterator[Ledger | None]:
    """Return the app's ledger, or open it; None where it cannot be opened."""
    if app is not None:
        yield app.ledger
        return
    with ExitStack() as stack:
        ledger = None
        try:
            ledger = stack.enter_context(opened_ledger())
        except RollcallError as error:
            log.warning("a run has no lease", extra={"reason": str(error)})
        yield ledger
