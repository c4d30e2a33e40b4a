"""The engine against carriers that behave, are dead, or do everything wrong that there is."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from functools import partial
from threading import Event

import pytest

from rollcall.clock import SystemClock
from rollcall.ledger.engine import Ledger
from rollcall.ledger.log import count_statuses
from rollcall.ledger.queue import read_queue
from rollcall.sandbox.plan import CarrierPlan, MailPlan, SandboxPlan, make_plan
from rollcall.sandbox.schedule import FaultRates
from rollcall.sandbox.servers import Sandbox
from tests.integration.ledger.outages import drop_connections, lock_of, outage_of
from tests.integration.sending.conftest import RunSandbox
from tests.integration.sending.sends import (
    STANDARD,
    entries_by_delivery,
    open_book,
    queue_now,
    read_tries,
    send,
    send_all,
    start_run,
    taken_by_delivery,
    until,
)

CLEAN = make_plan("clean", seed=1)
UNKEYED = SandboxPlan(
    carriers=(
        CarrierPlan(name="alpha", priority=1, delay_s=0.02, honours_idempotency_key=False),
        CarrierPlan(name="bravo", priority=2, delay_s=0.02, honours_idempotency_key=False),
    ),
    mail_servers=(MailPlan(delay_s=0.02),),
)
"""Carriers that would send twice whatever is handed to them twice."""


async def test_everybody_gets_it_once_when_carriers_behave(
    ledger: Ledger, run_sandbox: RunSandbox
) -> None:
    sandbox = run_sandbox(CLEAN)
    message_id = queue_now(ledger, 100, "email", "sms")

    await send_all(ledger, message_id, sandbox.routes_file)

    assert count_statuses(ledger, message_id) == {
        "email": {"accepted": 100},
        "sms": {"accepted": 100},
    }
    assert taken_by_delivery(sandbox) == dict.fromkeys(entries_by_delivery(ledger, message_id), 1)
    assert {one.route_id for one in read_tries(ledger, message_id)} == {"alpha", "mail"}


async def test_what_the_carriers_say_stands_in_the_ledger(
    ledger: Ledger, run_sandbox: RunSandbox
) -> None:
    sandbox = run_sandbox(CLEAN)
    message_id = queue_now(ledger, 10, "email", "sms")

    await send_all(ledger, message_id, sandbox.routes_file)

    told = {(line.reference, line.carrier): line.provider_id for line in sandbox.journal()}
    sms_tries = [one for one in read_tries(ledger, message_id) if one.route_id == "alpha"]
    assert len(sms_tries) == 10
    for one in sms_tries:
        assert one.provider_id == told[one.delivery_id, "alpha"]
        assert one.started_at <= one.finished_at


async def test_a_dead_route_costs_a_few_tries_and_no_message(
    ledger: Ledger, run_sandbox: RunSandbox
) -> None:
    dead, alive = CarrierPlan(name="alpha", priority=1, is_down=True), CLEAN.carriers[1]
    sandbox = run_sandbox(SandboxPlan(carriers=(dead, alive)))
    message_id = queue_now(ledger, 300)

    await send_all(ledger, message_id, sandbox.routes_file)

    assert count_statuses(ledger, message_id) == {"sms": {"accepted": 300}}
    tries = Counter(one.route_id for one in read_tries(ledger, message_id))
    assert tries["bravo"] == 300
    assert tries["alpha"] <= dead.max_connections


async def test_with_every_fault_there_is_nobody_is_lost_and_few_get_it_twice(
    ledger: Ledger, run_sandbox: RunSandbox
) -> None:
    sandbox = run_sandbox(make_plan("rough", seed=3))
    message_id = queue_now(ledger, 100, "email", "sms")

    await send_all(ledger, message_id, sandbox.routes_file)

    entries, taken = entries_by_delivery(ledger, message_id), taken_by_delivery(sandbox)
    refused = {
        one.delivery_id for one in read_tries(ledger, message_id) if one.outcome == "refused"
    }
    for delivery_id, entry in entries.items():
        if delivery_id not in refused:
            assert entry.status in ("accepted", "unconfirmed")
        assert entry.status != "accepted" or taken[delivery_id]
        assert entry.status != "not_delivered" or delivery_id in refused
        assert taken[delivery_id] <= 4
    assert set(taken) <= set(entries)


async def test_recipients_that_no_route_can_help_are_tried_once(
    ledger: Ledger, run_sandbox: RunSandbox
) -> None:
    refusing = replace(CLEAN.carriers[0], faults=FaultRates(refuse_pct=100))
    sandbox = run_sandbox(SandboxPlan(carriers=(refusing,)))
    message_id = queue_now(ledger, 5)

    await send_all(ledger, message_id, sandbox.routes_file, STANDARD)

    assert count_statuses(ledger, message_id) == {"sms": {"not_delivered": 5}}
    assert len(read_tries(ledger, message_id)) == 5
    assert sandbox.journal() == []


async def test_standard_quality_sends_twice_at_most(
    ledger: Ledger, run_sandbox: RunSandbox
) -> None:
    """Every answer is lost and every message taken: the worst there is."""
    losing = CarrierPlan(
        name="alpha",
        honours_idempotency_key=False,
        faults=FaultRates(reset_pct=100, taken_when_unclear_pct=100),
    )
    sandbox = run_sandbox(SandboxPlan(carriers=(losing,)))
    message_id = queue_now(ledger, 2)  # fewer lost answers than open the breaker

    await send_all(ledger, message_id, sandbox.routes_file, STANDARD)

    assert count_statuses(ledger, message_id) == {"sms": {"unconfirmed": 2}}
    assert set(taken_by_delivery(sandbox).values()) == {2}


async def test_a_carrier_that_knows_keys_sends_once_however_many_answers_are_lost(
    ledger: Ledger, run_sandbox: RunSandbox
) -> None:
    losing = CarrierPlan(name="alpha", faults=FaultRates(reset_pct=60, taken_when_unclear_pct=100))
    sandbox = run_sandbox(SandboxPlan(carriers=(losing, CLEAN.carriers[1])))
    message_id = queue_now(ledger, 30)

    await send_all(ledger, message_id, sandbox.routes_file)

    assert count_statuses(ledger, message_id) == {"sms": {"accepted": 30}}
    assert set(taken_by_delivery(sandbox).values()) == {1}


async def test_two_runs_at_once_send_to_nobody_twice(
    ledger: Ledger, run_sandbox: RunSandbox
) -> None:
    sandbox = run_sandbox(UNKEYED)
    message_id = queue_now(ledger, 300, "email", "sms")

    await asyncio.gather(*(send_all(ledger, message_id, sandbox.routes_file) for _ in range(2)))

    assert count_statuses(ledger, message_id) == {
        "email": {"accepted": 300},
        "sms": {"accepted": 300},
    }
    assert set(taken_by_delivery(sandbox).values()) == {1}
    assert len(read_tries(ledger, message_id)) == 600


async def test_a_run_that_is_stopped_starts_no_further_try_and_the_next_goes_on(
    ledger: Ledger, run_sandbox: RunSandbox
) -> None:
    sandbox = run_sandbox(UNKEYED)
    message_id = queue_now(ledger, 400, "email", "sms")
    book = open_book(sandbox.routes_file)
    run = start_run(ledger, message_id, book)
    sending = asyncio.create_task(send(run))
    await until(partial(has_taken, sandbox, 20))
    started_count = len(read_tries(ledger, message_id))
    run.stopping.set()
    await sending
    await book.aclose()

    tries = read_tries(ledger, message_id)
    # those that were queued in a group commit when the run was stopped may still be made
    in_flight_count = sum(one.max_connections for one in (*UNKEYED.carriers, *UNKEYED.mail_servers))
    assert len(tries) <= started_count + 2 * in_flight_count
    assert all(one.outcome for one in tries)
    assert read_queue(ledger, message_id, SystemClock().now()).due_count == 800 - len(tries)
    await send_all(ledger, message_id, sandbox.routes_file)

    assert set(taken_by_delivery(sandbox).values()) == {1}
    assert sum(taken_by_delivery(sandbox).values()) == 800


async def test_what_expires_while_it_queues_for_a_route_is_not_sent(
    ledger: Ledger, run_sandbox: RunSandbox
) -> None:
    slow = CarrierPlan(name="alpha", delay_s=0.3, max_connections=2)
    sandbox = run_sandbox(SandboxPlan(carriers=(slow,)))
    message_id = queue_now(ledger, 60)
    expires_at = SystemClock().now() + timedelta(seconds=3)

    await send_all(ledger, message_id, sandbox.routes_file, expires_at=expires_at)

    # what was decided in the last moment is committed a moment later
    latest = expires_at + timedelta(seconds=1)
    assert all(one.started_at < latest for one in read_tries(ledger, message_id))
    counts = count_statuses(ledger, message_id)["sms"]
    assert counts["accepted"] == len(sandbox.journal())
    assert counts["accepted"] + counts["not_delivered"] == 60


async def test_retries_end_when_the_message_expires(
    ledger: Ledger, run_sandbox: RunSandbox
) -> None:
    sandbox = run_sandbox(SandboxPlan(carriers=(CarrierPlan(name="alpha", is_down=True),)))
    message_id = queue_now(ledger, 3)
    expires_at = SystemClock().now() + timedelta(seconds=1)

    await send_all(ledger, message_id, sandbox.routes_file, expires_at=expires_at)

    assert count_statuses(ledger, message_id) == {"sms": {"not_delivered": 3}}
    reasons = {entry.reason or "" for entry in entries_by_delivery(ledger, message_id).values()}
    assert all(reason.startswith("expired after") for reason in reasons)


async def test_a_ledger_that_is_locked_for_a_while_only_delays(
    ledger: Ledger, run_sandbox: RunSandbox
) -> None:
    sandbox = run_sandbox(UNKEYED)
    message_id = queue_now(ledger, 200, "email", "sms")
    sending = asyncio.create_task(send_all(ledger, message_id, sandbox.routes_file))
    await until(partial(has_taken, sandbox, 20))

    await asyncio.to_thread(hold_lock, ledger, 2.0)
    assert not sending.done()
    await sending

    assert set(taken_by_delivery(sandbox).values()) == {1}
    assert sum(taken_by_delivery(sandbox).values()) == 400


async def test_a_ledger_that_fails_for_a_while_only_delays(
    ledger: Ledger, run_sandbox: RunSandbox
) -> None:
    sandbox = run_sandbox(UNKEYED)
    message_id = queue_now(ledger, 200, "email", "sms")
    sending = asyncio.create_task(send_all(ledger, message_id, sandbox.routes_file))
    await until(partial(has_taken, sandbox, 20))

    await asyncio.to_thread(let_fail, ledger, 1.0)
    assert not sending.done()
    await sending

    assert set(taken_by_delivery(sandbox).values()) == {1}
    assert sum(taken_by_delivery(sandbox).values()) == 400


def let_fail(ledger: Ledger, duration_s: float) -> None:
    with outage_of(ledger):
        Event().wait(duration_s)  # the fault itself, not a wait for anything


def has_taken(sandbox: Sandbox, count: int) -> bool:
    return len(sandbox.journal()) >= count


def hold_lock(ledger: Ledger, duration_s: float) -> None:
    with lock_of(ledger):
        Event().wait(duration_s)  # the fault itself, not a wait for anything


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
async def test_a_database_server_that_restarts_only_delays(
    ledger: Ledger, run_sandbox: RunSandbox
) -> None:
    sandbox = run_sandbox(UNKEYED)
    message_id = queue_now(ledger, 400, "email", "sms")
    sending = asyncio.create_task(send_all(ledger, message_id, sandbox.routes_file))
    for taken_count in (20, 200, 400):
        await until(partial(has_taken, sandbox, taken_count))
        await asyncio.to_thread(drop_connections, ledger)
    await sending

    assert set(taken_by_delivery(sandbox).values()) == {1}
    assert sum(taken_by_delivery(sandbox).values()) == 800


@pytest.mark.parametrize("has_keys", [False, True])
async def test_a_route_that_hangs_costs_a_few_tries_and_holds_up_nobody(
    ledger: Ledger, run_sandbox: RunSandbox, *, has_keys: bool
) -> None:
    hanging = CarrierPlan(
        name="alpha",
        priority=1,
        max_connections=5,
        honours_idempotency_key=has_keys,
        answer_timeout_s=0.5,
        faults=FaultRates(time_out_pct=100, taken_when_unclear_pct=0),
    )
    sandbox = run_sandbox(SandboxPlan(carriers=(hanging, CLEAN.carriers[1])))
    message_id = queue_now(ledger, 200)

    await send_all(ledger, message_id, sandbox.routes_file)

    assert count_statuses(ledger, message_id) == {"sms": {"accepted": 200}}
    tries = Counter(one.route_id for one in read_tries(ledger, message_id))
    assert tries["alpha"] <= 6 * hanging.max_connections  # a lost answer is asked for again


async def test_a_route_that_hangs_does_not_hold_up_another_channel(
    ledger: Ledger, run_sandbox: RunSandbox
) -> None:
    hanging = CarrierPlan(
        name="alpha",
        max_connections=1,
        answer_timeout_s=1.0,
        faults=FaultRates(time_out_pct=100, taken_when_unclear_pct=0),
    )
    sandbox = run_sandbox(SandboxPlan(carriers=(hanging,), mail_servers=(MailPlan(),)))
    message_id = queue_now(ledger, 900, "email", "sms")
    book = open_book(sandbox.routes_file)
    run = start_run(ledger, message_id, book, STANDARD)
    sending = asyncio.create_task(send(run))

    await until(lambda: count_statuses(ledger, message_id)["email"] == {"accepted": 900})
    run.stopping.set()
    await sending
    await book.aclose()
