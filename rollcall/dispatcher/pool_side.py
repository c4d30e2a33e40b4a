"""What a dispatcher takes from Prefect: the runs of the work pool that the UI and schedules make.

Each runs in this process, where everything is imported, on the loop that sends. A run is claimed by
proposing `Pending`, which the server grants to one asker only.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import httpx
from prefect import Flow
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterId,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.responses import SetStateStatus
from prefect.exceptions import ObjectNotFound, PrefectException, PrefectSignal
from prefect.flow_engine import run_flow
from prefect.states import AwaitingRetry, Cancelled, Crashed, Pending

from rollcall.dispatcher.without_prefect import go_on_without
from rollcall.errors import LedgerError, RollcallError
from rollcall.ledger.runs import find_message_of, list_lost, mark_told
from rollcall.ledger.stopping import stop_message
from rollcall.sending.run_lease import RunLease
from rollcall.wiring import App

POOL: Final = "sends"
"""The work pool; `prefect worker start --pool sends` serves it too, only slower."""

ASK_EVERY_S: Final = 0.2
"""How often the server is asked for runs that are due, in seconds."""

AWAY_PAUSE_S: Final = 1.0
"""How often a server that does not answer is asked again."""

HEARTBEAT_EVERY_S: Final = 15.0
"""How often the server is told that somebody serves the pool."""

CARE_EVERY_S: Final = 1.0
"""How often it is asked for runs to cancel, and told of those that are lost."""

MOST_REPEATS: Final = 3
"""How often a run is begun that loses its process each time before it has accepted a message."""

_UNREACHABLE: Final = (httpx.HTTPError, PrefectException, OSError)
"""What Prefect's client raises where the server is away, or says no."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class PoolSide:
    """Runs what is due of one work pool.

    Attributes:
        app: What the flows work with.
        flows: Those that can be run here, by name; other runs are left to other workers.
        name: This dispatcher's name in Prefect.
        tell: Takes a sentence for whoever watches.
        answers: Whether the server answered when it was asked last.
        running: What runs here, by the run's id.
    """

    app: App
    flows: dict[str, Flow[Any, Any]]
    name: str
    tell: Callable[[str], None]
    answers: bool = False
    running: "dict[UUID, asyncio.Task[None]]" = field(init=False, default_factory=dict)
    _names: dict[UUID, str] = field(init=False, default_factory=dict)
    _left: set[UUID] = field(init=False, default_factory=set)

    async def work(self) -> None:
        """Take what is due until told to stop; then wait for what is in flight."""
        stopping = self.app.steps.stopping
        async with get_client() as client:
            loops = [asyncio.create_task(one(client)) for one in (self._beat, self._care)]
            while not stopping.is_set():
                pause_s = await self._look(client)
                with suppress(TimeoutError):
                    await asyncio.wait_for(stopping.wait(), pause_s)
            if self.running:
                await asyncio.wait(self.running.values())
            for one in loops:
                one.cancel()
            await asyncio.gather(*loops, return_exceptions=True)

    async def _look(self, client: PrefectClient) -> float:
        """Take what is due; return after how many seconds to look again."""
        before = self.app.clock.now() + timedelta(seconds=ASK_EVERY_S)
        try:
            due = await client.get_scheduled_flow_runs_for_work_pool(POOL, scheduled_before=before)
        except ObjectNotFound:
            self._note(answers=True)  # the pool is yet to be made
            return AWAY_PAUSE_S
        except _UNREACHABLE:
            self._note(answers=False)
            return AWAY_PAUSE_S
        self._note(answers=True)
        self._left &= {one.flow_run.id for one in due}
        for one in due:
            if one.flow_run.id not in self.running and one.flow_run.id not in self._left:
                self._start(client, one.flow_run)
        return ASK_EVERY_S

    def _note(self, *, answers: bool) -> None:
        if answers != self.answers:
            self.tell("Prefect answers" if answers else "Prefect is away: sending without it")
        self.answers = answers

    def _start(self, client: PrefectClient, flow_run: FlowRun) -> None:
        task = asyncio.create_task(self._run(client, flow_run))
        self.running[flow_run.id] = task
        task.add_done_callback(lambda _: self.running.pop(flow_run.id, None))

    async def _run(self, client: PrefectClient, flow_run: FlowRun) -> None:
        """Claim a run and run it; whatever becomes of it, the dispatcher goes on."""
        try:
            flow = await self._find_flow(client, flow_run)
            if flow is None:
                self._left.add(flow_run.id)
                return
            async with self._lease(flow_run) as lease:
                if await _claim(client, flow_run):
                    await self._run_claimed(flow, flow_run, lease)
        except asyncio.CancelledError:
            self.tell(f"run {flow_run.name}: cancelled")
        except (*_UNREACHABLE, RollcallError) as error:
            fault = {"flow_run_id": str(flow_run.id), "fault": type(error).__name__}
            log.warning("a run broke off", extra=fault)
        except Exception:
            log.exception("a run broke off", extra={"flow_run_id": str(flow_run.id)})

    def _lease(self, flow_run: FlowRun) -> RunLease:
        return RunLease(self.app.ledger, self.app.clock, flow_run_id=str(flow_run.id))

    async def _run_claimed(self, flow: Flow[Any, Any], flow_run: FlowRun, lease: RunLease) -> None:
        self.tell(f"run {flow_run.name} of {flow.name}: begun")
        try:
            running: Any = run_flow(flow, flow_run=flow_run, return_type="state")  # ours are async
            state = await running
        except PrefectSignal:
            self.tell(f"run {flow_run.name} of {flow.name}: Prefect wants it not to run")
            return
        except _UNREACHABLE:
            lease.end = "lost"  # Prefect is told once it answers
            self.tell("Prefect failed in mid-run: going on without it")
            state = await go_on_without(flow, flow_run)
        self.tell(f"run {flow_run.name} of {flow.name}: {_name(state)}")

    async def _find_flow(self, client: PrefectClient, flow_run: FlowRun) -> Flow[Any, Any] | None:
        if flow_run.flow_id not in self._names:
            self._names[flow_run.flow_id] = (await client.read_flow(flow_run.flow_id)).name
        return self.flows.get(self._names[flow_run.flow_id])

    async def _beat(self, client: PrefectClient) -> None:
        while True:
            try:
                await client.send_worker_heartbeat(POOL, self.name, HEARTBEAT_EVERY_S)
            except _UNREACHABLE:
                log.debug("no heartbeat was taken")
            await asyncio.sleep(HEARTBEAT_EVERY_S)

    async def _care(self, client: PrefectClient) -> None:
        """Cancel what is to be cancelled, and tell the server of runs whose process is gone."""
        while True:
            await asyncio.sleep(CARE_EVERY_S)
            if not self.answers:
                continue
            try:
                await self._cancel_asked(client)
                await self._tell_lost(client)
            except _UNREACHABLE:
                log.debug("the server was not asked what to cancel")
            except LedgerError as error:
                log.warning("lost runs were not looked for", extra={"reason": str(error)})

    async def _cancel_asked(self, client: PrefectClient) -> None:
        """Cancel runs: of a message, what was not handed over yet is held back for good."""
        if not self.running:
            return
        asked = FlowRunFilter(
            id=FlowRunFilterId(any_=list(self.running)),
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.CANCELLING])),
        )
        for flow_run in await client.read_flow_runs(flow_run_filter=asked):
            await self._cancel(client, flow_run)

    async def _cancel(self, client: PrefectClient, flow_run: FlowRun) -> None:
        ledger = self.app.ledger
        message_id = await asyncio.to_thread(find_message_of, ledger, str(flow_run.id))
        task = self.running.get(flow_run.id)
        if message_id is not None:
            await asyncio.to_thread(stop_message, ledger, message_id, self.app.clock.now())
        elif task is not None:
            task.cancel()
        if task is not None:
            await asyncio.wait([task], timeout=AWAY_PAUSE_S)
        await client.set_flow_run_state(flow_run.id, Cancelled(message="stopped"), force=True)

    async def _tell_lost(self, client: PrefectClient) -> None:
        """Mark runs whose process is gone as crashed: else they would be running for ever.

        One that had accepted no message yet is run again: what it orders would never be sent.
        """
        ledger, now = self.app.ledger, self.app.clock.now()
        lost = await asyncio.to_thread(list_lost, ledger, now)
        for one in lost:
            await _end_lost(client, UUID(one.flow_run_id), may_repeat=not one.has_message)
        if lost:
            await asyncio.to_thread(mark_told, ledger, [one.run_id for one in lost], now)


async def _claim(client: PrefectClient, flow_run: FlowRun) -> bool:
    """Ask for a run; of several who ask at once one gets it."""
    answer: Any = await client.set_flow_run_state(flow_run.id, Pending())
    if answer.status is not SetStateStatus.ACCEPT:
        return False
    flow_run.state = answer.state
    return True


async def _end_lost(client: PrefectClient, flow_run_id: UUID, *, may_repeat: bool) -> None:
    try:
        flow_run = await client.read_flow_run(flow_run_id)
    except ObjectNotFound:
        return  # deleted by somebody
    if flow_run.state is not None and flow_run.state.is_final():
        return
    if may_repeat and flow_run.run_count < MOST_REPEATS:
        again: Any = AwaitingRetry(message="its process was gone before it had accepted a message")
        await client.set_flow_run_state(flow_run_id, again, force=True)
        return
    message = "nobody reported its end; `rollcall log` tells what came of its message"
    await client.set_flow_run_state(flow_run_id, Crashed(message=message), force=True)


def _name(state: Any) -> str:
    """Return how a run ended, in Prefect's word."""
    return str(getattr(state, "name", None) or "ended").lower()
