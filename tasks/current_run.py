"""Which flow run this is: Prefect's, or one that is gone on with where Prefect has failed."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from prefect.client.schemas.objects import FlowRun
from prefect.context import FlowRunContext

_given_run: Final[ContextVar[FlowRun | None]] = ContextVar("rollcall_flow_run", default=None)


@contextmanager
def standing_for(flow_run: FlowRun) -> Iterator[None]:
    """Let what happens in here be that of a flow run, though Prefect does not run it."""
    token = _given_run.set(flow_run)
    try:
        yield
    finally:
        _given_run.reset(token)


def current_run() -> FlowRun | None:
    """Return the flow run that this is; None for bare steps."""
    if given := _given_run.get():
        return given
    context = FlowRunContext.get()
    return context.flow_run if context else None
