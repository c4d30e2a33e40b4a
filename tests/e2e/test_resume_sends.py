"""What nobody works on is handed to workers by `resume-sends`: there need not be a dispatcher."""

import shutil
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from prefect.client.orchestration import PrefectClient, get_client
from prefect.flow_engine import run_flow
from prefect.states import Cancelled, Failed, Pending, Running

from flows.resume_sends import resume_sends
from flows.send_message import send_message
from rollcall.ledger.messages import load_message
from rollcall.ledger.runs import GRACE_S, begin_run
from rollcall.sandbox.plan import make_plan
from rollcall.sandbox.servers import Sandbox, start_sandbox
from rollcall.wiring import App, running_app
from tasks.hand_over import MOST_RUNS, SEND
from tasks.stalled_runs import STALLED_AFTER
from tests.e2e.prefect_api import filter_runs, read_run
from tests.e2e.test_lost_runs import GONE
from tests.integration.sending.apps import MovedClock, accept, open_app, record
from tests.people import write_people

# Prefect's clients leave sockets to the garbage collector
pytestmark = [
    pytest.mark.usefixtures("deployed"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

PEOPLE = 30
REACHED = 10
ELSEWHERE = "another-machine/1/1/0badcafe"
TOLD = {
    "content": {"subject": "Drill", "text": "This is a drill."},
    "selection": {"groups": ["all"]},
    "confirmed": True,
}


class Installation(NamedTuple):
    """An app whose carriers take everything, and people to send to."""

    app: App
    sandbox: Sandbox
    source: Path


@pytest.fixture
async def installation(migrated_sqlite: Path, tmp_path: Path) -> AsyncIterator[Installation]:
    url = f"sqlite:///{shutil.copy(migrated_sqlite, tmp_path / 'ledger.db')}"
    source = write_people(tmp_path / "source", PEOPLE)
    with start_sandbox(make_plan("clean", seed=1), tmp_path) as sandbox:
        async with (
            open_app(tmp_path, url, sandbox.routes_file, MovedClock()) as app,
            running_app(app),
        ):
            yield Installation(app, sandbox, source)


async def interrupt(app: App, message_id: str) -> None:
    """Reach some of a message's people, and be gone."""
    record(app, message_id)
    async with app.steps.start_run(message_id) as run:
        number = await run.claim(REACHED, "email")
        assert number is not None
        await run.deliver_batch(number)
    begin_run(app.ledger, GONE, app.clock.now(), message_id=message_id)


def runs_of(address: str, message_id: str) -> list[dict[str, Any]]:
    of_deployment = {"name": {"any_": [SEND.partition("/")[0]]}}
    runs = filter_runs(address, deployments=of_deployment)
    return [one for one in runs if one["parameters"].get("message_id") == message_id]


async def resume(app: App) -> list[str]:
    """Do the round of `resume-sends`; return what it found."""
    assert isinstance(app.clock, MovedClock)
    app.clock.move_by(seconds=GRACE_S)
    ended = await resume_sends(return_state=True)
    assert ended.is_completed(), ended.message
    found: Any = await ended.aresult()
    return list(found)


async def run_as_a_worker(client: PrefectClient, run_id: str) -> str:
    """Run what was handed over, in this process; return how it ended."""
    running: Any = run_flow(
        send_message, flow_run=await client.read_flow_run(UUID(run_id)), return_type="state"
    )
    return str((await running).name)


async def test_an_interrupted_message_is_handed_over_once_and_everybody_is_reached_once(
    installation: Installation, deployed: str
) -> None:
    app, sandbox, source = installation
    message_id = accept(app, source, TOLD).message_id
    await interrupt(app, message_id)
    worked_on_id = accept(app, source, TOLD, key="worked-on").message_id
    begin_run(app.ledger, ELSEWHERE, app.clock.now(), message_id=worked_on_id)
    assert len(sandbox.journal()) == REACHED

    assert [await resume(app) for _ in range(2)] == [[message_id]] * 2
    [run] = runs_of(deployed, message_id)
    assert runs_of(deployed, worked_on_id) == []
    async with get_client() as client:
        assert await run_as_a_worker(client, run["id"]) == "Completed"

    assert load_message(app.ledger, message_id).state == "sent"
    copies = Counter(entry.reference for entry in sandbox.journal())
    assert len(copies) == PEOPLE
    assert set(copies.values()) == {1}
    assert await resume(app) == []


async def begin_elsewhere(client: PrefectClient, app: App, message_id: str | None = None) -> UUID:
    """Begin a run, as on a machine that is gone; return its id."""
    deployment = await client.read_deployment_by_name(SEND)
    run_id = (await client.create_flow_run_from_deployment(deployment.id)).id
    await client.set_flow_run_state(run_id, Running(), force=True)
    now = app.clock.now()
    begin_run(app.ledger, GONE, now, message_id=message_id, flow_run_id=str(run_id))
    return run_id


async def test_a_message_whose_lost_run_was_cancelled_is_stopped_and_not_handed_over(
    installation: Installation, deployed: str
) -> None:
    app, sandbox, source = installation
    message_id = accept(app, source, TOLD).message_id
    await interrupt(app, message_id)
    async with get_client() as client:
        run_id = await begin_elsewhere(client, app, message_id)
        await client.set_flow_run_state(run_id, Cancelled(), force=True)

    assert await resume(app) == []
    assert load_message(app.ledger, message_id).state == "stopped"
    assert runs_of(deployed, message_id) == []
    assert len(sandbox.journal()) == REACHED


async def test_an_order_whose_worker_died_begins_again_in_the_round_that_finds_it(
    installation: Installation, deployed: str
) -> None:
    async with get_client() as client:
        run_id = await begin_elsewhere(client, installation.app)
        await resume(installation.app)
        assert read_run(deployed, str(run_id))["state"]["name"] == "AwaitingRetry"
        await client.set_flow_run_state(run_id, Failed(), force=True)


async def test_what_a_worker_has_claimed_and_never_begun_is_there_for_another_one(
    installation: Installation, deployed: str
) -> None:
    app = installation.app
    async with get_client() as client:
        deployment = await client.read_deployment_by_name(SEND)
        stalled, under_way = [
            await client.create_flow_run_from_deployment(deployment.id) for _ in range(2)
        ]
        for one in (stalled, under_way):
            await client.set_flow_run_state(one.id, Pending(), force=True)

        async def look_after(wait: timedelta) -> list[str]:
            assert isinstance(app.clock, MovedClock)
            app.clock.move_by(seconds=wait.total_seconds())
            begin_run(app.ledger, ELSEWHERE, app.clock.now(), flow_run_id=str(under_way.id))
            await resume(app)
            states = [read_run(deployed, str(one.id))["state"] for one in (stalled, under_way)]
            return [one["name"] for one in states]

        assert await look_after(timedelta(seconds=60)) == ["Pending", "Pending"]
        assert await look_after(STALLED_AFTER) == ["AwaitingRetry", "Pending"]
        for one in (stalled, under_way):
            await client.set_flow_run_state(one.id, Failed(), force=True)


async def test_a_run_that_ended_without_sending_is_followed_by_another_but_not_for_ever(
    installation: Installation, deployed: str
) -> None:
    app, _, source = installation
    message_id = accept(app, source, TOLD).message_id
    async with get_client() as client:
        deployment = await client.read_deployment_by_name(SEND)
        for number in range(MOST_RUNS - 1):
            await client.create_flow_run_from_deployment(
                deployment.id,
                parameters={"message_id": message_id},
                idempotency_key=f"{message_id}/{number}",
                state=Failed(),
            )
        assert await resume(app) == [message_id]
        assert len(runs_of(deployed, message_id)) == MOST_RUNS
        [last] = [one for one in runs_of(deployed, message_id) if one["state_type"] != "FAILED"]
        await client.set_flow_run_state(UUID(last["id"]), Failed(), force=True)

    ended = await resume_sends(return_state=True)
    assert ended.is_failed()
    assert "1 messages that must be resumed by hand" in str(ended.message)
    assert len(runs_of(deployed, message_id)) == MOST_RUNS
