"""What a dispatcher takes from Prefect: the runs of the work pool that the UI and schedules make.

Each runs in this process, where everything is imported, on the loop that sends. A run is claimed by
proposing `Pending`, which the server grants to one asker only.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from uuid import UUID, uuid4

import httpx
from prefect import Flow
from prefect._flow_run_suspension import (
    is_suspended_flow_run_state,
    mark_flow_run_suspension_requested,
)
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterId,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.responses import SetStateStatus
from prefect.context import AsyncClientContext
from prefect.exceptions import ObjectNotFound, PrefectSignal
from prefect.flow_engine import run_flow
from prefect.states import Cancelled, Pending

from rollcall.dispatcher.due_runs import list_due
from rollcall.dispatcher.run_bell import RunBell
from rollcall.dispatcher.without_prefect import go_on_without
from rollcall.ledger.runs import list_flow_runs
from rollcall.sending.run_lease import RunLease
from rollcall.wiring import App
from tasks.hand_over import WORK_POOL
from tasks.lost_runs import stop_message_of, tell_lost
from tasks.stalled_runs import free_stalled

POOL: Final = WORK_POOL
"""The work pool; `prefect worker start --pool sends` serves it too, only slower."""

ASK_EVERY_S: Final = 0.2
"""How often the server is asked for runs that are due while no ring would be heard, in seconds."""

HEARD_ASK_EVERY_S: Final = 1.0
"""How often it is asked while rings are heard: schedules' runs are due without one."""

AWAY_PAUSE_S: Final = 1.0
"""How often a server that does not answer is asked again."""

HEARTBEAT_EVERY_S: Final = 15.0
"""How often the server is told that somebody serves the pool."""

CARE_EVERY_S: Final = 1.0
"""How often it is asked for runs to cancel, and told of those that are lost."""

FREE_EVERY_S: Final = 30.0
"""How often it is asked for runs that a worker has claimed and never begun."""

ANSWER_WITHIN_S: Final = 2.0
"""How long the server may take to say what is due; then it is taken to be away."""

MOST_RUNS: Final = 200
"""Runs that are under way here before no further one is claimed."""

MOST_CLAIMS: Final = 4
"""Runs that are being asked for at once. After a standstill many are due, and on SQLite each claim
waits for the others: the latest are asked for first, and a click waits for few."""

ASKED_TO_END: Final = (StateType.CANCELLING, StateType.PAUSED)
"""States in which a run is not to go on."""

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
        since: From when on that is so, by `time.monotonic`.
        has_pool: Whether it had the work pool whenever it was asked; without, it has none of our
            deployments. Whoever makes them anew says so.
        news: Set when that has become otherwise; whoever waits for it clears it.
        running: What runs here, by the run's id.
    """

    app: App
    flows: dict[str, Flow[Any, Any]]
    name: str
    tell: Callable[[str], None]
    answers: bool = False
    since: float = field(init=False, default_factory=time.monotonic)
    has_pool: bool = field(init=False, default=True)
    news: asyncio.Event = field(init=False, default_factory=asyncio.Event)
    running: "dict[UUID, asyncio.Task[None]]" = field(init=False, default_factory=dict)
    _names: dict[UUID, str] = field(init=False, default_factory=dict)
    _left: set[UUID] = field(init=False, default_factory=set)
    _asked_for: set[UUID] = field(init=False, default_factory=set)
    _bell: RunBell = field(init=False, default_factory=RunBell)
    _claiming: set[UUID] = field(init=False, default_factory=set)
    _has_more: bool = field(init=False, default=False)

    async def work(self) -> None:
        """Take what is due until told to stop; then wait for what is in flight."""
        stopping = self.app.steps.stopping
        async with get_client() as client, self._bell as bell, AsyncExitStack() as stack:
            loops = [
                asyncio.create_task(one(client)) for one in (self._beat, self._care, self._free)
            ]
            ending = asyncio.create_task(_ring_at(stopping, bell))
            is_shared = False
            while not stopping.is_set():
                pause_s = await self._look(client)
                if self.answers and not is_shared:
                    is_shared = await _share_client(stack)
                await bell.wait(HEARD_ASK_EVERY_S if bell.is_heard else pause_s)
            if self.running:
                await asyncio.wait(self.running.values())
            for one in (*loops, ending):
                one.cancel()
            await asyncio.gather(*loops, ending, return_exceptions=True)

    async def _look(self, client: PrefectClient) -> float:
        """Take what is due; return after how many seconds to look again."""
        before = self.app.clock.now() + timedelta(seconds=ASK_EVERY_S)
        try:
            due = await asyncio.wait_for(list_due(client, POOL, before, MOST_RUNS), ANSWER_WITHIN_S)
        except ObjectNotFound:
            self._note(answers=True)
            self.has_pool = False  # it is yet to be made
            return AWAY_PAUSE_S
        except Exception as error:  # noqa: BLE001 - whatever Prefect's client raises
            log.debug("the server does not answer", extra={"fault": type(error).__name__})
            self._note(answers=False)
            return AWAY_PAUSE_S
        self._note(answers=True)
        due_ids = {one.id for one in due}
        self._left &= due_ids
        self._asked_for &= due_ids
        known = self._left | self.running.keys()
        new = [one for one in due if one.id not in known]
        unasked_count = sum(one.id not in self._asked_for for one in new)
        room = min(MOST_RUNS - len(self.running), MOST_CLAIMS - len(self._claiming))
        for flow_run in sorted(new, key=self._turn_of)[: max(room, 0)]:
            self._start(client, flow_run)
        self._has_more = unasked_count > room  # others wait for the next look
        return ASK_EVERY_S

    def _turn_of(self, flow_run: FlowRun) -> tuple[bool, float]:
        """Sort the latest first; those that were asked for in vain do not hold up the others."""
        due = flow_run.next_scheduled_start_time
        return flow_run.id in self._asked_for, -due.timestamp() if due is not None else 0.0

    def _note(self, *, answers: bool) -> None:
        if answers != self.answers:
            self.tell("Prefect answers" if answers else "Prefect is away: sending without it")
            self.since = time.monotonic()
            self.news.set()
        self.answers = answers

    def _start(self, client: PrefectClient, flow_run: FlowRun) -> None:
        task = asyncio.create_task(self._run(client, flow_run))
        self.running[flow_run.id] = task
        self._claiming.add(flow_run.id)
        self._asked_for.add(flow_run.id)
        task.add_done_callback(lambda _: self.running.pop(flow_run.id, None))
        loop = asyncio.get_running_loop()
        no_answer = loop.call_later(ANSWER_WITHIN_S, self._end_claim, flow_run)
        task.add_done_callback(lambda _: no_answer.cancel())
        task.add_done_callback(lambda _: self._end_claim(flow_run))

    def _end_claim(self, flow_run: FlowRun) -> None:
        """Make room for the next one, and look for it at once; also where no answer comes."""
        if self._has_more and flow_run.id in self._claiming:
            self._bell.ring()
        self._claiming.discard(flow_run.id)

    async def _run(self, client: PrefectClient, flow_run: FlowRun) -> None:
        """Claim a run and run it; whatever becomes of it, the dispatcher goes on."""
        try:
            flow = await self._find_flow(client, flow_run)
            if flow is None:
                self._left.add(flow_run.id)
                return
            async with self._lease(flow_run) as lease:
                lease.end = "lost"  # what breaks off from here on, Prefect is told of
                is_ours = await _claim(client, flow_run)
                self._end_claim(flow_run)
                if not is_ours:
                    lease.end = "dropped"
                elif await self._has_ended(flow, flow_run):
                    lease.end = "done"
        except asyncio.CancelledError:
            self.tell(f"run {flow_run.name}: cancelled")
        except Exception as error:  # noqa: BLE001 - the dispatcher outlives it; its words may quote people
            fault = {"flow_run_id": str(flow_run.id), "fault": type(error).__name__}
            log.error("a run broke off", extra=fault)  # noqa: TRY400

    def _lease(self, flow_run: FlowRun) -> RunLease:
        return RunLease(self.app.ledger, self.app.clock, flow_run_id=str(flow_run.id))

    async def _has_ended(self, flow: Flow[Any, Any], flow_run: FlowRun) -> bool:
        """Run a run; return whether Prefect saw it end."""
        self.tell(f"run {flow_run.name} of {flow.name}: begun")
        try:
            running: Any = run_flow(flow, flow_run=_unobserved(flow_run), return_type="state")
            state = await running
        except PrefectSignal:
            self.tell(f"run {flow_run.name} of {flow.name}: Prefect wants it not to run")
            return True
        except Exception as error:  # noqa: BLE001 - whatever Prefect's client raises
            fault = {"flow_run_id": str(flow_run.id), "fault": type(error).__name__}
            log.warning("prefect failed in mid-run", extra=fault)
            self.tell("Prefect failed in mid-run: going on without it")
            await go_on_without(flow, flow_run)
            return False
        self.tell(f"run {flow_run.name} of {flow.name}: {_name(state)}")
        return True

    async def _find_flow(self, client: PrefectClient, flow_run: FlowRun) -> Flow[Any, Any] | None:
        if flow_run.flow_id not in self._names:
            self._names[flow_run.flow_id] = (await client.read_flow(flow_run.flow_id)).name
        return self.flows.get(self._names[flow_run.flow_id])

    async def _beat(self, client: PrefectClient) -> None:
        while True:
            try:
                await client.send_worker_heartbeat(POOL, self.name, HEARTBEAT_EVERY_S)
            except Exception as error:  # noqa: BLE001 - whatever Prefect's client raises
                log.debug("no heartbeat was taken", extra={"fault": type(error).__name__})
            await asyncio.sleep(HEARTBEAT_EVERY_S)

    async def _care(self, client: PrefectClient) -> None:
        """Cancel what is to be cancelled, and tell the server of runs whose process is gone."""
        while True:
            await asyncio.sleep(CARE_EVERY_S)
            if not self.answers:
                continue
            try:
                await self._end_asked(client)
                await tell_lost(client, self.app, self.running)
            except Exception as error:  # noqa: BLE001 - of the client's or the ledger's: next time
                log.warning("runs were not cared for", extra={"fault": type(error).__name__})

    async def _free(self, client: PrefectClient) -> None:
        """Let runs begin that a worker has claimed and never begun."""
        while True:
            await asyncio.sleep(FREE_EVERY_S)
            try:
                await free_stalled(client, self.app)
            except Exception as error:  # noqa: BLE001 - of the client's or the ledger's: next time
                log.debug("stalled runs were not freed", extra={"fault": type(error).__name__})

    async def _end_asked(self, client: PrefectClient) -> None:
        """Cancel runs: of a message, what was not handed over yet is held back for good.

        A run that is suspended gives way before its next step. Its message does not wait for it:
        like any that nobody works on it is taken from the ledger.
        """
        known = await asyncio.to_thread(list_flow_runs, self.app.ledger)
        ids = {*self.running, *map(UUID, known)}
        if not ids:
            return
        asked = FlowRunFilter(
            id=FlowRunFilterId(any_=list(ids)),
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=list(ASKED_TO_END))),
        )
        for flow_run in await client.read_flow_runs(flow_run_filter=asked):
            if flow_run.state is not None and is_suspended_flow_run_state(flow_run.state):
                mark_flow_run_suspension_requested(flow_run.id, flow_run.state)
                continue
            message_id = known.get(str(flow_run.id)) or flow_run.parameters.get("message_id")
            if message_id or flow_run.id in self.running:
                await self._cancel(client, flow_run, message_id)

    async def _cancel(
        self, client: PrefectClient, flow_run: FlowRun, message_id: str | None
    ) -> None:
        """Stop a run's message, also one that is accepted in this very moment."""
        task = self.running.get(flow_run.id)
        if not message_id and task is not None:
            task.cancel()
            await asyncio.wait([task], timeout=AWAY_PAUSE_S)
            await asyncio.sleep(AWAY_PAUSE_S)  # a thread that accepts cannot be cancelled
        found = await asyncio.to_thread(stop_message_of, self.app, flow_run, message_id)
        if found and task is not None:
            await asyncio.wait([task], timeout=AWAY_PAUSE_S)
        await client.set_flow_run_state(flow_run.id, Cancelled(message="stopped"), force=True)


async def _ring_at(stopping: asyncio.Event, bell: RunBell) -> None:
    await stopping.wait()
    bell.ring()


async def _share_client(stack: AsyncExitStack) -> bool:
    """Let all runs that are begun from here on use one client; return whether they do.

    Each would begin with a connection, and with two requests, of its own.
    """
    try:
        await stack.enter_async_context(AsyncClientContext())
    except Exception as error:  # noqa: BLE001 - whatever Prefect's client raises: at the next look
        log.debug("no client is shared yet", extra={"fault": type(error).__name__})
        return False
    return True


async def _claim(client: PrefectClient, flow_run: FlowRun) -> bool:
    """Ask for a run; of several who ask at once one gets it.

    Where the answer was lost, the server's own word tells who has got it.
    """
    token = f"claimed {uuid4().hex}"
    try:
        answer: Any = await client.set_flow_run_state(flow_run.id, Pending(message=token))
        if answer.status is SetStateStatus.ACCEPT:
            flow_run.state = answer.state
            return True
    except httpx.HTTPError as error:
        log.debug("no answer to a claim", extra={"fault": type(error).__name__})
    state = (await client.read_flow_run(flow_run.id)).state
    is_ours = state is not None and state.is_pending() and state.message == token
    flow_run.state = state
    return is_ours


def _unobserved(flow_run: FlowRun) -> FlowRun:
    """Return a run to hand to Prefect's engine, which so watches for no suspension of it.

    For a run of a deployment it would hold up this loop, and all that is being sent on it, until a
    thread of its own has connected to the server. Runs that are suspended are found with those to
    be cancelled. The engine reads the run anew before the flow begins: flows see its deployment.
    """
    return flow_run.model_copy(update={"deployment_id": None})


def _name(state: Any) -> str:
    """Return how a run ended, in Prefect's word."""
    return str(getattr(state, "name", None) or "ended").lower()
