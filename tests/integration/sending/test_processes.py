"""Several processes that send one message, at once or after each other."""

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial

import pytest

from rollcall.clock import SystemClock
from rollcall.ledger.engine import Ledger
from rollcall.ledger.log import count_statuses
from rollcall.ledger.queue import LOST_IN_A_CRASH, read_queue
from rollcall.routes.email.smtp import BULK_SIZE
from rollcall.sandbox.plan import CarrierPlan, MailPlan, SandboxPlan
from rollcall.sandbox.servers import Sandbox
from tests.integration.sending.conftest import RunSandbox
from tests.integration.sending.sends import (
    queue_now,
    read_tries,
    send_all,
    taken_by_delivery,
    until,
)

StartSending = Callable[[str, Sandbox], "subprocess.Popen[str]"]

SLOW = SandboxPlan(
    carriers=(
        CarrierPlan(name="alpha", delay_s=0.05, answer_timeout_s=60, honours_idempotency_key=False),
    ),
    mail_servers=(MailPlan(delay_s=0.05, answer_timeout_s=60),),
)
"""Carriers that would send twice whatever is handed to them twice, and give time to interfere.

Routes are patient: on a busy machine an answer that comes late would be one that is lost.
"""


@pytest.fixture
def start_sending(ledger_url: str) -> Iterator[StartSending]:
    """Start processes that send; at the end of the test they are gone."""
    with ExitStack() as stack:

        def start(message_id: str, sandbox: Sandbox) -> "subprocess.Popen[str]":
            module = "tests.integration.sending.send_process"
            arguments = (ledger_url, message_id, str(sandbox.routes_file))
            process = subprocess.Popen(
                [sys.executable, "-m", module, *arguments], stderr=subprocess.PIPE, text=True
            )
            stack.enter_context(process)
            stack.callback(process.kill)
            return process

        yield start


async def test_two_processes_at_once_send_to_nobody_twice(
    ledger: Ledger, run_sandbox: RunSandbox, start_sending: StartSending
) -> None:
    sandbox = run_sandbox(SLOW)
    message_id = queue_now(ledger, 300, "email", "sms")

    processes = [start_sending(message_id, sandbox) for _ in range(2)]
    told = await asyncio.gather(*(asyncio.to_thread(one.communicate) for one in processes))

    assert [errors for _, errors in told] == ["", ""]
    assert count_statuses(ledger, message_id) == {
        "email": {"accepted": 300},
        "sms": {"accepted": 300},
    }
    assert set(taken_by_delivery(sandbox).values()) == {1}


async def test_after_a_kill_everybody_is_reached_and_only_those_in_flight_perhaps_twice(
    ledger: Ledger, run_sandbox: RunSandbox, start_sending: StartSending
) -> None:
    sandbox = run_sandbox(SLOW)
    message_id = queue_now(ledger, 400, "email", "sms")
    process = start_sending(message_id, sandbox)
    await until(partial(has_taken, sandbox, 100))
    process.kill()
    await asyncio.to_thread(process.wait)
    assert read_queue(ledger, message_id, SystemClock().now()).waiting_count

    await send_all(ledger, message_id, sandbox.routes_file)

    assert count_statuses(ledger, message_id) == {
        "email": {"accepted": 400},
        "sms": {"accepted": 400},
    }
    tries, taken = read_tries(ledger, message_id), taken_by_delivery(sandbox)
    in_flight = {one.delivery_id for one in tries if one.reason == LOST_IN_A_CRASH}
    assert len(taken) == 800
    assert {name for name, count in taken.items() if count > 1} <= in_flight
    assert max(taken.values()) <= 2
    # as many SMS as connections at once, and a train of mails on each of theirs
    assert 0 < len(in_flight) <= 50 + 50 * BULK_SIZE


def has_taken(sandbox: Sandbox, count: int) -> bool:
    return len(sandbox.journal()) >= count
