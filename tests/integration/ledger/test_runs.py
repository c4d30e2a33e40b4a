"""Work that nobody does is found: runs hold leases, and end with their process."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest

from rollcall.ledger.engine import Ledger
from rollcall.ledger.leases import new_owner
from rollcall.ledger.messages import MessageState, accept_message, set_state
from rollcall.ledger.runs import (
    GRACE_S,
    RUN_LEASE_S,
    WORTH_JOINING,
    begin_run,
    end_run,
    find_message_of,
    join_message,
    list_joinable,
    list_lost,
    list_orphans,
    mark_told,
    release_run,
    renew_run,
    take_message,
)
from rollcall.ledger.stopping import stop_message
from tests.integration.ledger.records import NOW, a_message, queue_message

ELSEWHERE = "another-machine/1/1/0badcafe"
GONE = f"{new_owner().split('/')[0]}/4194303/1/0badcafe"
"""A process of this machine that does not run: its number is above what the kernel gives."""
LATER = NOW + timedelta(seconds=GRACE_S)


def accept(ledger: Ledger) -> str:
    return accept_message(ledger, a_message("drill"), NOW)[0].message_id


def orphan_ids(ledger: Ledger, now: datetime = LATER) -> list[str]:
    return [one.message_id for one in list_orphans(ledger, now)]


def test_accepted_message_is_left_to_who_accepted_it_for_a_moment_and_then_found(
    ledger: Ledger,
) -> None:
    message_id = accept(ledger)

    assert orphan_ids(ledger, NOW + timedelta(seconds=1)) == []
    assert orphan_ids(ledger) == [message_id]


def test_message_that_somebody_works_on_is_no_orphan_until_the_lease_ends(ledger: Ledger) -> None:
    message_id = accept(ledger)
    run_id = begin_run(ledger, ELSEWHERE, NOW, message_id=message_id)

    assert orphan_ids(ledger) == []
    renew_run(ledger, run_id, LATER)
    assert orphan_ids(ledger, NOW + timedelta(seconds=RUN_LEASE_S + 1)) == []
    assert orphan_ids(ledger, LATER + timedelta(seconds=RUN_LEASE_S)) == [message_id]


def test_run_of_a_dead_process_of_this_machine_is_lost_at_once(ledger: Ledger) -> None:
    message_id = accept(ledger)
    begin_run(ledger, GONE, NOW, message_id=message_id)

    assert orphan_ids(ledger) == [message_id]


@pytest.mark.parametrize("state", ["sent", "refused"])
def test_message_of_which_nothing_is_left_to_do_is_no_orphan(
    ledger: Ledger, state: MessageState
) -> None:
    message_id = accept(ledger)
    set_state(ledger, message_id, "sending")
    set_state(ledger, message_id, state, closed_at=NOW)

    assert orphan_ids(ledger) == []
    assert take_message(ledger, message_id, ELSEWHERE, LATER) is None


def test_stopped_message_is_no_orphan(ledger: Ledger) -> None:
    message_id = accept(ledger)
    stop_message(ledger, message_id, NOW)

    assert orphan_ids(ledger) == []
    assert take_message(ledger, message_id, ELSEWHERE, LATER) is None


def test_of_many_that_take_a_message_at_once_one_gets_it(ledger: Ledger) -> None:
    message_id = accept(ledger)

    with ThreadPoolExecutor(8) as pool:
        owners = [f"another-machine/{number}/1/0badcafe" for number in range(8)]
        taken = list(pool.map(lambda one: take_message(ledger, message_id, one, LATER), owners))

    assert [kind for run in taken if run for kind in run[1:]] == ["one_way"]


def test_run_that_did_its_work_leaves_nothing_behind(ledger: Ledger) -> None:
    message_id = accept(ledger)
    failed_id = begin_run(ledger, ELSEWHERE, NOW, message_id=message_id)
    end_run(ledger, failed_id, "failed", NOW)
    run_id = begin_run(ledger, ELSEWHERE, NOW, message_id=message_id, flow_run_id="f")
    end_run(ledger, run_id, "done", NOW)

    assert find_message_of(ledger, "f") is None
    assert list_lost(ledger, LATER) == []
    assert orphan_ids(ledger) == [message_id]


def test_message_whose_runs_fail_again_and_again_is_taken_ever_later(ledger: Ledger) -> None:
    message_id = accept(ledger)
    now = LATER
    for rest_s in (0, 4, 8, 16, 32, 64, 128, 256, 300, 300):
        release_run(ledger, begin_run(ledger, ELSEWHERE, now, message_id=message_id), now)
        assert not rest_s or not orphan_ids(ledger, now + timedelta(seconds=rest_s - 0.1))
        now += timedelta(seconds=rest_s)
        assert orphan_ids(ledger, now) == [message_id]


def test_run_that_broke_off_is_not_taken_for_one_that_ended_itself(ledger: Ledger) -> None:
    run_id = begin_run(ledger, ELSEWHERE, NOW, message_id=accept(ledger))
    end_run(ledger, run_id, "done", NOW)

    release_run(ledger, run_id, NOW)

    assert list_lost(ledger, LATER) == []


def test_lost_flow_runs_are_told_once(ledger: Ledger) -> None:
    begin_run(ledger, GONE, NOW, flow_run_id="a")
    begin_run(ledger, ELSEWHERE, NOW, flow_run_id="b")

    [lost] = list_lost(ledger, LATER)
    assert lost.flow_run_id == "a"
    mark_told(ledger, [lost.run_id], LATER)
    assert list_lost(ledger, LATER) == []


def test_of_a_lost_flow_run_is_known_whether_it_had_a_message(ledger: Ledger) -> None:
    begin_run(ledger, GONE, NOW, flow_run_id="with")
    begin_run(ledger, GONE, NOW, flow_run_id="with", message_id=accept(ledger))
    begin_run(ledger, GONE, NOW, flow_run_id="without")

    told = {(one.flow_run_id, one.has_message) for one in list_lost(ledger, LATER)}

    assert told == {("with", True), ("without", False)}


def test_another_machine_takes_part_in_a_message_of_which_much_is_due(ledger: Ledger) -> None:
    small_id = queue_message(ledger, count=3, key="small")
    large_id = queue_message(ledger, count=WORTH_JOINING)
    for message_id in (small_id, large_id):
        set_state(ledger, message_id, "sending")
        begin_run(ledger, ELSEWHERE, NOW, message_id=message_id)

    assert [one.message_id for one in list_joinable(ledger, LATER)] == [large_id]
    assert join_message(ledger, large_id, new_owner(), LATER)
    assert join_message(ledger, large_id, ELSEWHERE, LATER) is None
