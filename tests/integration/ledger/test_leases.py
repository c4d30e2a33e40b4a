"""Dead holders are told from slow ones, with processes that really run and really die."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rollcall.ledger.engine import Ledger
from rollcall.ledger.leases import is_dead, new_owner
from rollcall.ledger.queue import claim_due, release_dead_leases
from tests.integration.ledger.records import NOW, begin, claim_one, queue_message

HOLDER = """
import sys
from rollcall.ledger.leases import new_owner
print(new_owner(), flush=True)
sys.stdin.read()
"""
"""A process that names itself and then runs until its standard input ends."""


@pytest.fixture
def holder() -> "Iterator[subprocess.Popen[str]]":
    """A process that is to hold leases; at the end of the test it is gone."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        yield process
        process.kill()


def name_of(holder: "subprocess.Popen[str]") -> str:
    assert holder.stdout
    return holder.stdout.readline().strip()


def kill(holder: "subprocess.Popen[str]") -> None:
    """Kill it and wait until it is dead, without burying it: until then it is a zombie."""
    holder.send_signal(signal.SIGKILL)
    os.waitid(os.P_PID, holder.pid, os.WEXITED | os.WNOWAIT)


def test_this_process_is_alive_under_each_of_its_names() -> None:
    assert not is_dead(new_owner())
    assert new_owner() != new_owner()


def test_a_running_process_is_alive(holder: "subprocess.Popen[str]") -> None:
    assert not is_dead(name_of(holder))


def test_a_killed_process_is_dead(holder: "subprocess.Popen[str]") -> None:
    owner = name_of(holder)
    kill(holder)
    holder.wait()

    assert is_dead(owner)


def test_a_zombie_is_dead(holder: "subprocess.Popen[str]") -> None:
    owner = name_of(holder)
    kill(holder)

    assert Path(f"/proc/{holder.pid}/stat").exists()
    assert is_dead(owner)


def test_a_stopped_process_is_slow_not_dead(holder: "subprocess.Popen[str]") -> None:
    owner = name_of(holder)
    holder.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, holder.pid, os.WSTOPPED)

    assert not is_dead(owner)


def test_a_process_number_that_was_used_again_is_another_process() -> None:
    host, pid, started, _ = new_owner().split("/")

    assert is_dead(f"{host}/{pid}/{int(started) - 1}/0badcafe")


@pytest.mark.parametrize("pid", ["1", "4194304"])
def test_a_holder_on_another_host_is_never_called_dead(pid: str) -> None:
    assert not is_dead(f"2f6c0a36-another-boot:4026531836/{pid}/12345/0badcafe")


def test_what_a_killed_process_held_is_free_at_once(
    ledger: Ledger, holder: "subprocess.Popen[str]"
) -> None:
    message_id = queue_message(ledger, 2)
    (held,) = claim_due(ledger, message_id, owner := name_of(holder), 1, NOW)
    begin(ledger, owner, held.delivery_id)
    kill(holder)

    release_dead_leases(ledger, message_id)

    claimed = {one.delivery_id: one for one in claim_due(ledger, message_id, "heir", 10, NOW)}
    assert len(claimed) == 2
    assert [one.outcome for one in claimed[held.delivery_id].tries] == ["uncertain"]


def test_what_a_running_process_holds_stays_its_own(
    ledger: Ledger, holder: "subprocess.Popen[str]"
) -> None:
    message_id = queue_message(ledger)
    held = claim_one(ledger, message_id, owner := name_of(holder))

    release_dead_leases(ledger, message_id)

    assert claim_due(ledger, message_id, "heir", 10, NOW) == []
    assert begin(ledger, owner, held.delivery_id)


def test_what_a_process_elsewhere_holds_stays_its_own(ledger: Ledger) -> None:
    message_id = queue_message(ledger)
    claim_one(ledger, message_id, "another-boot:1/4194304/1/0badcafe")

    release_dead_leases(ledger, message_id)

    assert claim_due(ledger, message_id, "heir", 10, NOW) == []


def test_what_a_dead_process_holds_of_another_message_is_left_alone(
    ledger: Ledger, holder: "subprocess.Popen[str]"
) -> None:
    drill, quake = queue_message(ledger, key="drill"), queue_message(ledger, key="quake")
    claim_one(ledger, quake, name_of(holder))
    kill(holder)

    release_dead_leases(ledger, drill)

    assert claim_due(ledger, quake, "heir", 10, NOW) == []
