"""A run's sign of life in the ledger, for as long as the run lasts."""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar, Token
from dataclasses import dataclass, field
from typing import Any

from rollcall.clock import Clock
from rollcall.errors import LedgerError
from rollcall.ledger.engine import Ledger
from rollcall.ledger.leases import new_owner
from rollcall.ledger.runs import (
    RENEW_RUN_EVERY_S,
    RunEnd,
    begin_run,
    end_run,
    renew_run,
    set_flow_run,
)

taken_run: ContextVar[str | None] = ContextVar("rollcall_taken_run", default=None)
"""The run that a dispatcher has begun for what it starts; without one a run of its own is begun."""

leased_flow_run: ContextVar[str | None] = ContextVar("rollcall_leased_flow_run", default=None)
"""The run in Prefect that holds a lease here; a dispatcher begins it before the flow does."""

noted_begin: ContextVar[asyncio.Event | None] = ContextVar("rollcall_noted_begin", default=None)
"""Set once a run has begun, for whoever started it and will not wait for ever."""

_renewing = ThreadPoolExecutor(1, "renew-run")
"""A thread of its own: a sign of life must not wait behind work."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class RunLease:
    """Says in the ledger that somebody works on a message; an async context manager.

    Attributes:
        ledger: Where it is said.
        clock: What tells the time.
        message_id: On which message; None: it is another flow that runs.
        flow_run_id: The run in Prefect, where it is one.
        run_id: The run's id, once begun.
        end: How it is to be recorded to have ended; None: as it ends.
    """

    ledger: Ledger
    clock: Clock
    message_id: str | None = None
    flow_run_id: str | None = None
    run_id: str = ""
    end: RunEnd | None = None
    _renewal: "asyncio.Task[None] | None" = field(init=False, default=None)
    _leased: "Token[str | None] | None" = field(init=False, default=None)

    async def __aenter__(self) -> "RunLease":
        await asyncio.to_thread(self._begin)
        if (noted := noted_begin.get()) is not None:
            noted.set()
        self._leased = leased_flow_run.set(self.flow_run_id or leased_flow_run.get())
        self._renewal = asyncio.create_task(self._renew_for_ever())
        return self

    async def __aexit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if self._renewal is not None:
            self._renewal.cancel()
        if self._leased is not None:
            leased_flow_run.reset(self._leased)
        await asyncio.shield(asyncio.to_thread(self._end, self.end or _end_of(error)))

    def _begin(self) -> None:
        taken = taken_run.get()
        if taken is None:
            self.run_id = begin_run(
                self.ledger,
                new_owner(),
                self.clock.now(),
                message_id=self.message_id,
                flow_run_id=self.flow_run_id,
            )
            return
        self.run_id = taken
        if self.flow_run_id is not None:
            set_flow_run(self.ledger, taken, self.flow_run_id)

    def _end(self, end: RunEnd) -> None:
        """Record the end; where the ledger is away, the lease tells it."""
        try:
            end_run(self.ledger, self.run_id, end, self.clock.now())
        except LedgerError as error:
            log.warning("the end of a run was not recorded", extra={"reason": str(error)})

    async def _renew_for_ever(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(RENEW_RUN_EVERY_S)
            await loop.run_in_executor(_renewing, self._renew)

    def _renew(self) -> None:
        try:
            renew_run(self.ledger, self.run_id, self.clock.now())
        except LedgerError as error:
            log.warning("a run was not renewed", extra={"reason": str(error)})


def _end_of(error: BaseException | None) -> RunEnd:
    """Return how a run ended; one that was told to end is lost, whatever its process does yet."""
    if error is None:
        return "done"
    return "failed" if isinstance(error, Exception) else "lost"
