"""A large message that more than one process of this machine drains."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from rollcall.drain_process import DrainOrder
from rollcall.extra_processes import ExtraProcesses, fewest_connections
from rollcall.ledger.engine import Ledger
from rollcall.ledger.log import count_statuses
from rollcall.ledger.queue import claim_due, read_queue
from rollcall.sandbox.plan import CarrierPlan, MailPlan, SandboxPlan
from rollcall.sandbox.servers import Sandbox
from rollcall.sending.delivery_run import DeliveryRun
from rollcall.sending.drain import drain
from rollcall.settings import Settings
from rollcall.wiring import App, build_app
from tests.integration.sending.conftest import RunSandbox
from tests.integration.sending.sends import queue_now, taken_by_delivery, until

PEOPLE = 300
SLOW = SandboxPlan(
    carriers=(CarrierPlan(name="alpha", delay_s=0.1, honours_idempotency_key=False),),
    mail_servers=(MailPlan(delay_s=0.1),),
)


@pytest.fixture
def sandbox(run_sandbox: RunSandbox) -> Sandbox:
    return run_sandbox(SLOW)


@pytest.fixture
def settings(sandbox: Sandbox, ledger_url: str, tmp_path: Path) -> Settings:
    return Settings(
        data_dir=tmp_path / "data", ledger_url=ledger_url, routes_file=sandbox.routes_file
    )


@asynccontextmanager
async def one_run(settings: Settings, message_id: str) -> AsyncIterator[tuple[App, DeliveryRun]]:
    """Start a run, and further processes for a message of 100 deliveries and more."""
    app = build_app(settings)
    try:
        async with asyncio.timeout(60), ExtraProcesses(app, message_id, 100) as extra:
            await extra.start()
            async with app.steps.start_run(message_id) as run:
                yield app, run
    finally:
        await app.aclose()


def count_waiting(ledger: Ledger, app: App, message_id: str) -> int:
    return read_queue(ledger, message_id, app.clock.now()).waiting_count


def further_processes() -> list[int]:
    """Return the ids of this process's children that drain."""
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return [
        int(one)
        for one in children
        if "rollcall.drain_process" in Path(f"/proc/{one}/cmdline").read_text()
    ]


def start_process() -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "rollcall.drain_process"]
    return subprocess.Popen(command, stdin=subprocess.PIPE, text=True)


async def test_a_further_process_drains_by_itself_what_this_one_leaves(
    ledger: Ledger, sandbox: Sandbox, settings: Settings
) -> None:
    message_id = queue_now(ledger, PEOPLE, "sms")

    async with one_run(settings, message_id) as (app, _):
        assert len(further_processes()) == 1
        await until(lambda: not count_waiting(ledger, app, message_id))

    assert not further_processes()
    assert count_statuses(ledger, message_id) == {"sms": {"accepted": PEOPLE}}
    assert set(taken_by_delivery(sandbox).values()) == {1}


async def test_a_further_process_that_dies_loses_nobody(
    ledger: Ledger, sandbox: Sandbox, settings: Settings
) -> None:
    message_id = queue_now(ledger, PEOPLE, "sms")

    async with one_run(settings, message_id) as (app, run):
        (process_id,) = further_processes()
        await until(lambda: count_waiting(ledger, app, message_id) < PEOPLE - 50)
        os.kill(process_id, signal.SIGKILL)
        await drain(run, run.deliver_batch)

    assert count_statuses(ledger, message_id) == {"sms": {"accepted": PEOPLE}}
    taken = taken_by_delivery(sandbox)
    assert len(taken) == PEOPLE
    assert set(taken.values()) <= {1, 2}


@pytest.mark.parametrize("is_told", [False, True], ids=["alone", "told to end"])
async def test_a_further_process_whose_starter_dies_finishes_what_is_in_flight_and_no_more(
    ledger: Ledger, sandbox: Sandbox, settings: Settings, *, is_told: bool
) -> None:
    message_id = queue_now(ledger, PEOPLE, "sms")
    order = DrainOrder(message_id=message_id, process_count=10, settings=settings)
    process = start_process()
    with process:
        assert process.stdin is not None
        process.stdin.write(order.model_dump_json() + "\n")
        process.stdin.flush()
        await until(lambda: len(taken_by_delivery(sandbox)) > 10)
        if is_told:
            process.terminate()
        else:
            process.stdin.close()
        assert await asyncio.to_thread(process.wait, 30) == 0

    statuses = count_statuses(ledger, message_id)["sms"]
    assert statuses["waiting"] > 0
    assert statuses["accepted"] == len(taken_by_delivery(sandbox))
    app = build_app(settings)
    left = claim_due(ledger, message_id, "next", PEOPLE, app.clock.now())
    assert len(left) == statuses["waiting"]  # given back at once
    assert not any(one.tries for one in left)
    await app.aclose()


async def test_stopping_ends_further_processes_too(
    ledger: Ledger, sandbox: Sandbox, settings: Settings
) -> None:
    message_id = queue_now(ledger, PEOPLE, "sms")

    async with one_run(settings, message_id) as (app, _):
        await until(lambda: len(taken_by_delivery(sandbox)) > 10)
        app.steps.stopping.set()
        await until(lambda: not further_processes())

    assert count_statuses(ledger, message_id)["sms"]["waiting"] > 0


@pytest.mark.usefixtures("ledger")
async def test_processes_share_each_routes_connections(settings: Settings) -> None:
    app = build_app(settings)
    entry = app.book.entries["alpha"]
    assert fewest_connections(app.book, ["sms"]) == entry.max_connections
    assert fewest_connections(app.book, []) == 1

    app.book.divide(entry.max_connections)
    async with entry.slots.hold("one"):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05), entry.slots.hold("another"):
                pass
    await app.aclose()


async def test_a_small_message_is_drained_by_one_process(
    ledger: Ledger, settings: Settings
) -> None:
    message_id = queue_now(ledger, 49, "sms")
    async with one_run(settings, message_id):
        assert not further_processes()


def test_what_keeps_a_further_process_from_working_is_one_line(settings: Settings) -> None:
    wrong = settings.model_copy(update={"routes_file": Path("/nowhere/routes.toml")})
    order = DrainOrder(message_id="m", process_count=2, settings=wrong)
    ended = subprocess.run(
        [sys.executable, "-m", "rollcall.drain_process"],
        input=order.model_dump_json() + "\n",
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert "/nowhere/routes.toml" in ended.stderr
