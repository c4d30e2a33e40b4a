"""Tell Prefect of runs that have ended and of which it does not know: else they run for ever."""

import asyncio
import logging
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import httpx
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import ObjectNotFound
from prefect.states import AwaitingRetry, Cancelled, Crashed

from rollcall.errors import InputError, LedgerError
from rollcall.ledger.ended_runs import EndedRun, list_just_told, list_untold, mark_told
from rollcall.ledger.messages import find_message
from rollcall.ledger.stopping import stop_message
from rollcall.wiring import App, current_app
from tasks.accept import key_of_run
from tasks.step import step

MOST_BEGINNINGS: Final = 3
"""How often a run is begun, at the most, that loses its process each time before it has accepted a
message."""

FIRST_WORD_WITHIN: Final = timedelta(seconds=5)
"""How long whoever ran a run that is lost has the first word: one that is told to end says last of
all how it ended, and of one that was killed its worker says so. Said later, it would stay."""

log = logging.getLogger(__name__)


@step("tell-lost")
async def tell_of_lost_runs() -> int:
    """Tell Prefect's server of all that are lost; return of how many it is not told yet."""
    async with get_client() as client:
        return await tell_lost(client, current_app())


async def tell_lost(client: PrefectClient, app: App, running: Collection[UUID] = ()) -> int:
    """Bring Prefect to know how runs have ended.

    One that is cancelled while nobody runs it, or that its worker has cancelled, stops its message.
    One that had accepted no message yet is run again, also where its worker tells Prefect that it
    crashed, before this or just after it: what it orders would never be sent.

    Args:
        client: Of the server.
        app: Whose ledger tells what has ended.
        running: What runs here, whatever the ledger says.

    Returns:
        Of how many Prefect is not told yet.
    """
    ledger, now = app.ledger, app.clock.now()
    untold = await asyncio.to_thread(list_untold, ledger, now)
    told = await asyncio.to_thread(list_just_told, ledger, now)
    told_ids: set[str] = set()
    try:
        for run in _take_last_parts(untold, running):
            with _going_on_after(run):
                if await _tell(client, app, run, now - run.ended_at):
                    told_ids.add(run.flow_run_id)
    finally:
        if told_ids:
            ids = [one.run_id for one in untold if one.flow_run_id in told_ids]
            await asyncio.to_thread(mark_told, ledger, ids, now)
    for run in _take_last_parts(told, running):
        with _going_on_after(run):
            await _look_again(client, app, run)
    return len({one.flow_run_id for one in untold} - told_ids)


def _take_last_parts(ended: Iterable[EndedRun], running: Collection[UUID]) -> list[EndedRun]:
    """Return of each run that does not run here the part that ended last."""
    first = {one.flow_run_id: one for one in reversed(list(ended))}
    return [one for one in first.values() if UUID(one.flow_run_id) not in running]


@contextmanager
def _going_on_after(run: EndedRun) -> Iterator[None]:
    """Let the others be told where one is refused."""
    try:
        yield
    except (httpx.HTTPStatusError, LedgerError) as error:
        fault = {"flow_run_id": run.flow_run_id, "fault": type(error).__name__}
        log.warning("prefect was not told of a lost run", extra=fault)


async def _tell(client: PrefectClient, app: App, run: EndedRun, since: timedelta) -> bool:
    """Bring Prefect to know how a run has ended; return whether it does."""
    try:
        flow_run = await client.read_flow_run(UUID(run.flow_run_id))
    except ObjectNotFound:
        return True  # deleted by somebody
    state = flow_run.state
    is_under_way = state is None or state.is_pending() or state.is_running()
    end: Any = None
    if state is not None and await _is_cancelled(client, flow_run):
        await asyncio.to_thread(stop_message_of, app, flow_run, run.message_id)
        end = None if state.is_cancelled() else Cancelled(message="stopped")
    elif is_under_way and since < FIRST_WORD_WITHIN:
        return False
    elif _is_to_begin_again(run, flow_run):
        end = _begin_again()
    elif is_under_way:
        end = Crashed(message="nobody reported its end; `rollcall log` tells what came of it")
    if end is not None:
        await client.set_flow_run_state(flow_run.id, end, force=True)
    return True


async def _look_again(client: PrefectClient, app: App, run: EndedRun) -> None:
    """Act on what Prefect heard of a run after it was told of it: cancelled, or crashed.

    Only on that: whatever else became of it, somebody may be beginning it.
    """
    try:
        flow_run = await client.read_flow_run(UUID(run.flow_run_id))
    except ObjectNotFound:
        return
    if await _is_cancelled(client, flow_run):
        await asyncio.to_thread(stop_message_of, app, flow_run, run.message_id)
    elif flow_run.state is not None and flow_run.state.is_crashed():
        # what told of its message may be forgotten already
        message_id = await asyncio.to_thread(_find_message_of, app, flow_run, run.message_id)
        if not message_id and _is_to_begin_again(run, flow_run):
            await client.set_flow_run_state(flow_run.id, _begin_again(), force=True)


def _begin_again() -> Any:
    return AwaitingRetry(message="its process was gone before it had accepted a message")


def _is_to_begin_again(run: EndedRun, flow_run: FlowRun) -> bool:
    """Tell whether what a run orders would never be sent otherwise.

    Who let it wait has said what is to become of it. Without a deployment nobody could begin it;
    its message stands in the ledger.
    """
    state = flow_run.state
    had_begun = state is None or state.is_pending() or state.is_running() or state.is_crashed()
    is_left = run.is_lost and run.message_id is None and flow_run.deployment_id is not None
    return is_left and had_begun and flow_run.run_count < MOST_BEGINNINGS


async def _is_cancelled(client: PrefectClient, flow_run: FlowRun) -> bool:
    """Tell whether somebody has cancelled a run since it began last.

    Prefect's engine writes over that: to it, a run that is broken off has crashed.
    """
    state = flow_run.state
    if state is None or not state.is_crashed():
        return state is not None and (state.is_cancelling() or state.is_cancelled())
    states = await client.read_flow_run_states(flow_run.id)
    for one in sorted(states, key=lambda state: state.timestamp, reverse=True):
        if one.is_running():
            return False
        if one.is_cancelling() or one.is_cancelled():
            return True
    return False


def stop_message_of(app: App, flow_run: FlowRun, message_id: str | None = None) -> bool:
    """Stop the message that a run works on, is to go on with, or has ordered, if there is any.

    Args:
        app: Whose ledger has it.
        flow_run: The run.
        message_id: What it works on, where that is known.

    Returns:
        Whether there is any.
    """
    found = _find_message_of(app, flow_run, message_id)
    if not found:
        return False
    with suppress(InputError):  # it was refused, or is none: nothing of it is sent
        stop_message(app.ledger, found, app.clock.now())
    return True


def _find_message_of(app: App, flow_run: FlowRun, message_id: str | None) -> str:
    ordered = find_message(app.ledger, key_of_run(flow_run.id))
    named = message_id or str(flow_run.parameters.get("message_id") or "")
    return named or (ordered.message_id if ordered else "")
