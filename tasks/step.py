"""A step is a Prefect task within a flow run, and a plain call without one.

The ledger is the truth, so a send needs no Prefect server: without one the same steps run as they
are. A task called outside a flow run would start a temporary server (5 to 12 s, docs/adr/0004).
"""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.context import FlowRunContext

from rollcall.errors import InputError

P = ParamSpec("P")
R = TypeVar("R")


def step(
    name: str, run_name: str | None = None
) -> Callable[[Callable[P, Awaitable[R]]], Callable[P, Awaitable[R]]]:
    """Make an async function a step.

    It is never cached or retried by Prefect: what is left to do stands in the ledger. An
    operator's mistake leaves it as its sentence alone: Prefect keeps tracebacks, and those of what
    the mistake comes from repeat what was typed, or what stands in the data.

    Args:
        name: The task's name in Prefect's UI.
        run_name: The task run's name, with `{parameters}` filled in.
    """

    def decorate(function: Callable[P, Awaitable[R]]) -> Callable[P, Awaitable[R]]:
        function = _telling_mistakes_alone(function)
        as_task = task(
            name=name, task_run_name=run_name, cache_policy=NO_CACHE, persist_result=False
        )(function)

        @wraps(function)
        async def call(*args: P.args, **kwargs: P.kwargs) -> R:
            if FlowRunContext.get() is None:
                return await function(*args, **kwargs)
            return await as_task(*args, **kwargs)

        return call

    return decorate


def _telling_mistakes_alone(function: Callable[P, Awaitable[R]]) -> Callable[P, Awaitable[R]]:
    @wraps(function)
    async def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return await function(*args, **kwargs)
        except InputError as error:
            raise error from None

    return call
