"""A large message that more than one process of this machine drains."""

import asyncio
import os
import signal
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from rollcall.drain_process import DrainOrder
from rollcall.extra_processes import ExtraProcesses
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
ESTABLISHED = "01"
"""In /proc/net/tcp."""

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
    order = DrainOrder(message_id=message_id, connections={"alpha": 5}, settings=settings)
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


async def test_until_a_further_process_is_there_and_after_its_end_all_connections_are_ours(
    ledger: Ledger, settings: Settings
) -> None:
    message_id = queue_now(ledger, PEOPLE, "sms")

    async with one_run(settings, message_id) as (app, _):
        entry = app.book.entries["alpha"]
        assert entry.own_connections == entry.max_connections
        await until(lambda: entry.own_connections == entry.max_connections // 2)
        (process_id,) = further_processes()
        os.kill(process_id, signal.SIGKILL)
        await until(lambda: entry.own_connections == entry.max_connections)
        assert app.book.further_process_count == 0


async def test_a_dispatcher_starts_no_more_processes_than_it_may_whatever_the_messages(
    ledger: Ledger, settings: Settings
) -> None:
    first, second = (queue_now(ledger, PEOPLE, "sms", key=key) for key in ("first", "second"))
    app = build_app(settings)
    async with asyncio.timeout(60), ExtraProcesses(app, first, 100) as one:
        await one.start()
        async with ExtraProcesses(app, second, 100) as another:
            await another.start()
            assert len(further_processes()) == app.settings.delivery.processes - 1 == 1
    assert app.book.further_process_count == 0
    await app.aclose()


async def test_together_they_open_no_more_connections_than_are_configured(
    ledger: Ledger, run_sandbox: RunSandbox, ledger_url: str, tmp_path: Path
) -> None:
    carrier = CarrierPlan(
        name="alpha", delay_s=0.1, max_connections=6, honours_idempotency_key=False
    )
    mail = MailPlan(delay_s=0.1, max_connections=6)
    sandbox = run_sandbox(SandboxPlan(carriers=(carrier,), mail_servers=(mail,)))
    settings = Settings(
        data_dir=tmp_path / "data", ledger_url=ledger_url, routes_file=sandbox.routes_file
    )
    theirs = queue_now(ledger, PEOPLE // 2, "email", "sms", key="theirs")
    ours = queue_now(ledger, PEOPLE, "email", "sms")
    most = Counter[str]()

    async def look() -> None:
        while True:
            most.update(count_connections(sandbox) - most)
            await asyncio.sleep(0.005)

    async with one_run(settings, theirs) as (app, _), app.steps.start_run(ours) as run:
        looking = asyncio.create_task(look())
        draining = asyncio.create_task(drain(run, run.deliver_batch))
        entries = app.book.entries.values()
        await until(lambda: [one.own_connections for one in entries] == [3, 3])
        assert not draining.done()
        await until(lambda: not count_waiting(ledger, app, theirs))
        await draining
        looking.cancel()

    for message_id, count in ((theirs, PEOPLE // 2), (ours, PEOPLE)):
        accepted = {"accepted": count}
        assert count_statuses(ledger, message_id) == {"email": accepted, "sms": accepted}
    assert most == {"alpha": 6, "mail": 6}


def count_connections(sandbox: Sandbox) -> Counter[str]:
    """Return how many connections are open to the server of each route, by whatever process."""
    told = tomllib.loads(sandbox.routes_file.read_text())["route"]
    served = {one.get("port") or urlsplit(one["url"]).port: one["id"] for one in told}
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    # a set: the kernel tells a connection twice where others begin while it tells
    pairs = {(row[1], row[2]) for row in rows if row[3] == ESTABLISHED}
    there = [int(server.rpartition(":")[2], 16) for _, server in pairs]
    return Counter(served[port] for port in there if port in served)


async def test_a_small_message_is_drained_by_one_process(
    ledger: Ledger, settings: Settings
) -> None:
    message_id = queue_now(ledger, 49, "sms")
    async with one_run(settings, message_id):
        assert not further_processes()


def test_what_keeps_a_further_process_from_working_is_one_line(settings: Settings) -> None:
    wrong = settings.model_copy(update={"routes_file": Path("/nowhere/routes.toml")})
    order = DrainOrder(message_id="m", connections={}, settings=wrong)
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
