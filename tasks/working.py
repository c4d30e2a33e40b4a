"""A run's sign of life, with the run's id in Prefect where it has one."""

from prefect.context import FlowRunContext

from rollcall.sending.run_lease import RunLease
from rollcall.wiring import App


def working_on(app: App, message_id: str) -> RunLease:
    """Return what says in the ledger that this run works on a message, while it does."""
    context = FlowRunContext.get()
    flow_run = context.flow_run if context else None
    return RunLease(app.ledger, app.clock, message_id, str(flow_run.id) if flow_run else None)
