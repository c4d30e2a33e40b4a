"""kill -9 in mid-send, and the same command again."""

import json
import signal
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import func, select

from rollcall.ledger.queue import LOST_IN_A_CRASH
from rollcall.ledger.tables import Attempt
from rollcall.sandbox.journal import JournalEntry
from rollcall.sandbox.plan import CarrierPlan, MailPlan, SandboxPlan
from rollcall.sandbox.servers import Sandbox, start_sandbox
from tests.e2e.conftest import Rollcall, wait_until
from tests.people import write_message

PEOPLE = 600
KILLS = 2

SLOW_AND_FORGETFUL = SandboxPlan(
    carriers=(
        CarrierPlan(name="alpha", priority=1, is_down=True),
        CarrierPlan(name="bravo", delay_s=0.15, max_connections=20, honours_idempotency_key=False),
    ),
    mail_servers=(MailPlan(delay_s=0.1, max_connections=20),),
)
"""Slow enough to be killed in the middle; carriers that would send whatever they get twice."""


def _kill_when(rollcall: Rollcall, command: list[str], sandbox: Sandbox, accepted: int) -> None:
    sending = rollcall.start(*command)
    wait_until(
        lambda: len(sandbox.journal()) >= accepted or sending.poll() is not None,
        60,
        f"{accepted} accepted",
    )
    assert sending.poll() is None, "the send ended before it could be killed"
    sending.send_signal(signal.SIGKILL)
    sending.wait(timeout=10)


def _count_copies(journal: list[JournalEntry]) -> Counter[str]:
    return Counter(entry.reference for entry in journal)


@pytest.mark.parametrize("high_quality", [False, True])
def test_killed_sends_reach_everybody_and_at_most_the_in_flight_ones_twice(
    rollcall: Rollcall, source: Path, tmp_path: Path, high_quality: bool
) -> None:
    message = write_message(tmp_path / "m.json", include_sms=True, high_quality_sms=high_quality)
    # of standard quality nobody gets a third copy: who was in flight twice would stay unconfirmed
    rollcall.env["ROLLCALL_DELIVERY__COPIES_CAP"] = str(KILLS + 1)
    command = ["send", str(message), "--data", str(source), "--key", "k", "--format", "json"]
    plan = SLOW_AND_FORGETFUL if high_quality else _without_dead_route()
    with start_sandbox(plan, tmp_path / "sandbox") as sandbox:
        for kill in range(1, KILLS + 1):
            _kill_when(rollcall, command, sandbox, accepted=kill * 150)
        finished = rollcall.run(*command)
        log = json.loads(rollcall.run("log", _id_of(finished.stdout), "--format", "json").stdout)
        copies = _count_copies(sandbox.journal())

    assert finished.returncode == 0, finished.stderr
    assert log["counts"] == {"email": {"accepted": PEOPLE}, "sms": {"accepted": PEOPLE}}
    assert len(copies) == 2 * PEOPLE
    in_flight_count = _count_lost_in_a_crash(rollcall)
    assert in_flight_count > 0
    assert sum(copies.values()) - len(copies) <= in_flight_count
    assert max(copies.values()) <= KILLS + 1


def _count_lost_in_a_crash(rollcall: Rollcall) -> int:
    query = select(func.count()).where(Attempt.reason == LOST_IN_A_CRASH)
    with rollcall.open_ledger() as ledger, ledger.read() as connection:
        return connection.execute(query).scalar_one()


def _without_dead_route() -> SandboxPlan:
    return SandboxPlan(
        carriers=SLOW_AND_FORGETFUL.carriers[1:], mail_servers=SLOW_AND_FORGETFUL.mail_servers
    )


def _id_of(answer: str) -> str:
    message_id: str = json.loads(answer)["message_id"]
    return message_id
