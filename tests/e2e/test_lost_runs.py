"""Runs whose process is gone: what Prefect's server is told of them, and what becomes of them."""

import shutil
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import httpx
import pytest
from prefect import flow
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import (
    AwaitingRetry,
    Cancelled,
    Cancelling,
    Completed,
    Crashed,
    Failed,
    Paused,
    Pending,
    Running,
)

from rollcall.clock import SystemClock
from rollcall.ledger.ended_runs import TOLD_WITHIN
from rollcall.ledger.engine import Ledger, open_ledger
from rollcall.ledger.leases import new_owner
from rollcall.ledger.messages import accept_message, load_message
from rollcall.ledger.runs import begin_run, bury_lost, end_run, list_flow_runs
from tasks import stalled_runs
from tasks.accept import key_of_run
from tasks.lost_runs import FIRST_WORD_WITHIN, MOST_BEGINNINGS, tell_lost
from tasks.stalled_runs import STALLED_AFTER, free_stalled
from tests.integration.ledger.records import NOW, a_message

GONE = f"{new_owner().split('/')[0]}/4194303/1/0badcafe"
"""A process of this machine that does not run: its number is above what the kernel gives."""


@flow(name="taken-by-nobody")
async def taken_by_nobody() -> None:
    """Stand for a flow that no worker here serves."""


@pytest.fixture
def ledger(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Ledger]:
    opened = open_ledger(f"sqlite:///{shutil.copy(migrated_sqlite, tmp_path / 'ledger.db')}")
    yield opened
    opened.close()


@pytest.fixture
async def client(prefect_server: str) -> AsyncIterator[PrefectClient]:
    with temporary_settings({PREFECT_API_URL: prefect_server}):
        async with get_client() as opened:
            yield opened


async def begin(client: PrefectClient) -> FlowRun:
    """Make a run of a deployment that is under way."""
    flow_id = await client.create_flow(taken_by_nobody)
    deployment_id = await client.create_deployment(flow_id, "taken-by-nobody")
    made = await client.create_flow_run_from_deployment(deployment_id)
    await client.set_flow_run_state(made.id, Running(), force=True)
    return made


def lose(ledger: Ledger, run_id: UUID, message_id: str | None = None) -> None:
    """Let a process have run it that is gone."""
    now = SystemClock().now()
    begin_run(ledger, GONE, now, flow_run_id=str(run_id), message_id=message_id)
    bury_lost(ledger, now)


def app_at(ledger: Ledger, now: datetime) -> Any:
    return SimpleNamespace(clock=SimpleNamespace(now=lambda: now), ledger=ledger)


async def look(
    client: PrefectClient, ledger: Ledger, run_id: UUID, after: timedelta = FIRST_WORD_WITHIN
) -> str:
    """Tell of what was lost so long ago; return how the run's state is called then."""
    await tell_lost(client, app_at(ledger, SystemClock().now() + after))
    state = (await client.read_flow_run(run_id)).state
    assert state is not None
    return str(state.name)


async def test_a_run_that_never_accepts_a_message_begins_three_times_and_has_crashed_then(
    client: PrefectClient, ledger: Ledger
) -> None:
    made = await begin(client)
    ends = []
    for _ in range(MOST_BEGINNINGS):
        lose(ledger, made.id)
        ends.append(await look(client, ledger, made.id))
        await client.set_flow_run_state(made.id, Running(), force=True)
    assert ends == ["AwaitingRetry", "AwaitingRetry", "Crashed"]


async def test_a_run_whose_worker_calls_it_crashed_begins_again_also_where_that_comes_late(
    client: PrefectClient, ledger: Ledger
) -> None:
    made = await begin(client)
    lose(ledger, made.id)
    await client.set_flow_run_state(made.id, Crashed(), force=True)
    assert await look(client, ledger, made.id, timedelta()) == "AwaitingRetry"
    assert list_flow_runs(ledger) == {}
    await client.set_flow_run_state(made.id, Crashed(), force=True)
    assert await look(client, ledger, made.id) == "AwaitingRetry"
    await client.set_flow_run_state(made.id, Crashed(), force=True)
    assert await look(client, ledger, made.id, TOLD_WITHIN) == "Crashed"  # long after


@pytest.mark.parametrize("state", [Pending(), Running(), Completed()])
async def test_a_run_that_was_let_begin_again_is_left_to_whoever_begins_it(
    client: PrefectClient, ledger: Ledger, state: Any
) -> None:
    made = await begin(client)
    for _ in range(2):  # it was there in two parts
        lose(ledger, made.id)
    assert await look(client, ledger, made.id) == "AwaitingRetry"
    await client.set_flow_run_state(made.id, state, force=True)
    assert await look(client, ledger, made.id, 2 * FIRST_WORD_WITHIN) == state.name


@pytest.mark.parametrize(
    ("told", "becomes"), [(Crashed(), "AwaitingRetry"), (Failed(name="TimedOut"), "TimedOut")]
)
async def test_what_whoever_ran_it_tells_of_its_end_comes_first(
    client: PrefectClient, ledger: Ledger, told: Any, becomes: str
) -> None:
    """Told afterwards it would stay: a run that crashed would never begin, one that ended would."""
    made = await begin(client)
    lose(ledger, made.id)
    assert await look(client, ledger, made.id, timedelta()) == "Running"
    await client.set_flow_run_state(made.id, told, force=True)
    assert await look(client, ledger, made.id, timedelta()) == becomes


async def test_a_run_that_was_cancelled_and_so_has_crashed_does_not_begin_again(
    client: PrefectClient, ledger: Ledger
) -> None:
    """So Prefect's engine ends one that a dispatcher breaks off."""
    made = await begin(client)
    message_id = accept_message(ledger, a_message(key_of_run(made.id)), NOW)[0].message_id
    lose(ledger, made.id)
    await client.set_flow_run_state(made.id, Cancelling(), force=True)
    await client.set_flow_run_state(made.id, Crashed(), force=True)
    assert await look(client, ledger, made.id) == "Cancelled"
    assert load_message(ledger, message_id).state == "stopped"


async def test_one_that_prefect_refuses_does_not_hold_up_the_others(
    client: PrefectClient, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused, other = await begin(client), await begin(client)
    for one in (refused, other):
        lose(ledger, one.id)
    set_state = PrefectClient.set_flow_run_state

    async def refuse_one(self: PrefectClient, run_id: UUID, *told: Any, **options: Any) -> Any:
        if run_id == refused.id:
            answer = httpx.Response(500, request=httpx.Request("POST", "http://prefect"))
            raise httpx.HTTPStatusError("refused", request=answer.request, response=answer)
        return await set_state(self, run_id, *told, **options)

    with monkeypatch.context() as patched:
        patched.setattr(PrefectClient, "set_flow_run_state", refuse_one)
        assert await look(client, ledger, other.id) == "AwaitingRetry"
    assert await look(client, ledger, refused.id) == "AwaitingRetry"


@pytest.mark.parametrize("state", [None, Running(), Cancelling()])
async def test_a_claimed_run_is_freed_unless_something_became_of_it(
    client: PrefectClient, ledger: Ledger, monkeypatch: pytest.MonkeyPatch, state: Any
) -> None:
    made = await begin(client)
    await client.set_flow_run_state(made.id, Pending(), force=True)
    seen = await client.read_flow_run(made.id)
    if state is not None:
        await client.set_flow_run_state(made.id, state, force=True)

    async def list_claimed(_: PrefectClient) -> list[FlowRun]:
        return [seen]

    later = SystemClock().now() + STALLED_AFTER
    monkeypatch.setattr(stalled_runs, "_list_claimed", list_claimed)
    assert await free_stalled(client, app_at(ledger, later)) == (1 if state is None else 0)
    left = (await client.read_flow_run(made.id)).state
    assert left is not None
    assert left.name == ("AwaitingRetry" if state is None else state.name)


async def test_a_run_of_no_deployment_has_crashed(client: PrefectClient, ledger: Ledger) -> None:
    made = await client.create_flow_run(taken_by_nobody, state=Running())
    lose(ledger, made.id)
    assert await look(client, ledger, made.id) == "Crashed"


async def test_a_run_that_had_its_message_has_crashed_and_is_not_run_again(
    client: PrefectClient, ledger: Ledger
) -> None:
    made = await begin(client)
    message_id = accept_message(ledger, a_message("drill"), NOW)[0].message_id
    lose(ledger, made.id)
    lose(ledger, made.id, message_id)
    assert await look(client, ledger, made.id) == "Crashed"
    assert load_message(ledger, message_id).state == "accepted"


async def test_a_run_whose_message_is_done_meanwhile_has_crashed_all_the_same(
    client: PrefectClient, ledger: Ledger
) -> None:
    made, now = await begin(client), SystemClock().now()
    message_id = accept_message(ledger, a_message(key_of_run(made.id)), NOW)[0].message_id
    run_id = begin_run(ledger, new_owner(), now, message_id=message_id)
    lose(ledger, made.id)
    lose(ledger, made.id, message_id)
    assert await look(client, ledger, made.id) == "Crashed"
    end_run(ledger, run_id, "done", SystemClock().now())
    assert await look(client, ledger, made.id, 2 * FIRST_WORD_WITHIN) == "Crashed"


async def test_a_run_that_is_cancelled_before_it_begins_again_stops_what_it_had_ordered(
    client: PrefectClient, ledger: Ledger
) -> None:
    made = await begin(client)
    lose(ledger, made.id)
    message_id = accept_message(ledger, a_message(key_of_run(made.id)), NOW)[0].message_id
    assert await look(client, ledger, made.id) == "AwaitingRetry"
    await client.set_flow_run_state(made.id, Cancelled(), force=True)
    assert await look(client, ledger, made.id, 2 * FIRST_WORD_WITHIN) == "Cancelled"
    assert load_message(ledger, message_id).state == "stopped"


@pytest.mark.parametrize("state", [Completed(), Cancelled(), Paused(), AwaitingRetry()])
async def test_what_prefect_knows_of_a_run_stays(
    client: PrefectClient, ledger: Ledger, state: Any
) -> None:
    made = await begin(client)
    lose(ledger, made.id)
    await client.set_flow_run_state(made.id, state, force=True)
    assert await look(client, ledger, made.id) == state.name


async def test_a_run_that_failed_is_not_run_again(client: PrefectClient, ledger: Ledger) -> None:
    made = await begin(client)
    run_id = begin_run(ledger, new_owner(), NOW, flow_run_id=str(made.id))
    end_run(ledger, run_id, "failed", NOW)
    assert await look(client, ledger, made.id) == "Crashed"


@pytest.mark.parametrize("state", [Cancelling(), Cancelled()])
@pytest.mark.parametrize("is_worked_on", [True, False])
async def test_a_run_that_is_cancelled_while_nobody_runs_it_stops_its_message(
    client: PrefectClient, ledger: Ledger, is_worked_on: bool, state: Any
) -> None:
    made = await begin(client)
    ordered = a_message(key_of_run(made.id))
    message_id = accept_message(ledger, ordered, NOW)[0].message_id
    lose(ledger, made.id, message_id if is_worked_on else None)
    await client.set_flow_run_state(made.id, state, force=True)
    assert await look(client, ledger, made.id, timedelta()) == "Cancelled"
    assert (await client.read_flow_run(made.id)).state_type == StateType.CANCELLED
    assert load_message(ledger, message_id).state == "stopped"
