"""Work that nobody does is found: runs hold leases, and end with their process."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest

from rollcall.ledger.ended_runs import TOLD_WITHIN, list_untold, mark_told
from rollcall.ledger.engine import Ledger
from rollcall.ledger.leases import new_owner
from rollcall.ledger.messages import MessageState, accept_message, set_state
from rollcall.ledger.runs import (
    GRACE_S,
    RUN_LEASE_S,
    WORTH_JOINING,
    begin_run,
    end_run,
    join_message,
    list_flow_runs,
    list_joinable,
    list_orphans,
    release_run,
    renew_run,
    take_message,
)
from rollcall.ledger.stopping import stop_message
from tests.integration.ledger.records import (
    NOW,
    a_message,
    an_audience,
    freeze_audience,
    queue_message,
)

ELSEWHERE = "another-machine/1/1/0badcafe"
SAME_PROCESS = "another-machine/1/1/00c0ffee"
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


def test_run_that_did_its_work_is_forgotten_once_prefect_knows(ledger: Ledger) -> None:
    message_id = accept(ledger)
    release_run(ledger, begin_run(ledger, ELSEWHERE, NOW, message_id=message_id), NOW)
    run_id = begin_run(ledger, ELSEWHERE, NOW, message_id=message_id, flow_run_id="f")
    assert list_flow_runs(ledger) == {"f": message_id}
    end_run(ledger, run_id, "done", NOW)

    assert orphan_ids(ledger) == [message_id]
    assert list_untold(ledger, LATER) == []
    [ended] = list_untold(ledger, NOW + TOLD_WITHIN)
    assert (ended.flow_run_id, ended.message_id, ended.is_lost) == ("f", message_id, False)
    mark_told(ledger, [ended.run_id], LATER)
    assert list_flow_runs(ledger) == {}
    assert list_untold(ledger, NOW + TOLD_WITHIN) == []


def test_run_that_was_claimed_by_another_is_not_told_of(ledger: Ledger) -> None:
    run_id = begin_run(ledger, ELSEWHERE, NOW, flow_run_id="f")
    end_run(ledger, run_id, "dropped", NOW)

    assert list_untold(ledger, NOW + TOLD_WITHIN) == []


def test_message_whose_runs_fail_again_and_again_is_taken_ever_later(ledger: Ledger) -> None:
    message_id = accept(ledger)
    now = LATER
    for rest_s in (0, 4, 8, 16, 32, 64, 128, 256, 300, 300):
        release_run(ledger, begin_run(ledger, ELSEWHERE, now, message_id=message_id), now)
        assert not rest_s or not orphan_ids(ledger, now + timedelta(seconds=rest_s - 0.1))
        now += timedelta(seconds=rest_s)
        assert orphan_ids(ledger, now) == [message_id]


def test_run_that_broke_off_is_not_taken_for_one_that_ended_itself(ledger: Ledger) -> None:
    message_id = accept(ledger)
    run_id = begin_run(ledger, ELSEWHERE, NOW, message_id=message_id)
    end_run(ledger, run_id, "done", NOW)

    release_run(ledger, run_id, NOW)
    release_run(ledger, begin_run(ledger, ELSEWHERE, NOW, message_id=message_id), NOW)

    assert orphan_ids(ledger) == [message_id]


def test_lost_flow_runs_are_told_once_and_with_their_message(ledger: Ledger) -> None:
    message_id = accept(ledger)
    begin_run(ledger, GONE, NOW, flow_run_id="a")
    begin_run(ledger, GONE, NOW, flow_run_id="b")
    begin_run(ledger, GONE, NOW, flow_run_id="b", message_id=message_id)
    begin_run(ledger, ELSEWHERE, NOW, flow_run_id="c")

    lost = list_untold(ledger, LATER)
    assert {(one.flow_run_id, one.message_id) for one in lost} == {("a", None), ("b", message_id)}
    assert all(one.is_lost for one in lost)
    mark_told(ledger, [one.run_id for one in lost], LATER)
    assert list_untold(ledger, LATER) == []


def test_flow_run_of_which_a_part_lives_is_not_lost(ledger: Ledger) -> None:
    begin_run(ledger, GONE, NOW, flow_run_id="a")
    begin_run(ledger, ELSEWHERE, NOW, flow_run_id="a")

    assert list_untold(ledger, LATER) == []


def test_another_machine_takes_part_in_a_message_of_which_much_is_due(ledger: Ledger) -> None:
    small_id = queue_message(ledger, count=3, key="small")
    large_id = queue_message(ledger, count=WORTH_JOINING)
    for message_id in (small_id, large_id):
        set_state(ledger, message_id, "sending")
        begin_run(ledger, ELSEWHERE, NOW, message_id=message_id)

    assert joinable_ids(ledger, new_owner()) == [large_id]
    assert joinable_ids(ledger, SAME_PROCESS) == []
    assert join_message(ledger, large_id, SAME_PROCESS, LATER) is None
    run_id = join_message(ledger, large_id, new_owner(), LATER)
    assert run_id


def test_another_machine_takes_part_while_a_large_message_is_being_recorded(
    ledger: Ledger,
) -> None:
    message_id = accept(ledger)
    freeze_audience(ledger, message_id, an_audience(WORTH_JOINING))
    set_state(ledger, message_id, "sending")
    begin_run(ledger, ELSEWHERE, NOW, message_id=message_id)

    assert joinable_ids(ledger, new_owner()) == [message_id]


def test_who_took_part_and_failed_does_not_let_the_message_rest(ledger: Ledger) -> None:
    message_id = accept(ledger)
    led_id = begin_run(ledger, ELSEWHERE, NOW, message_id=message_id)
    for _ in range(5):
        joined_id = join_message(ledger, message_id, new_owner(), NOW)
        assert joined_id
        release_run(ledger, joined_id, NOW)
    release_run(ledger, led_id, NOW)

    assert orphan_ids(ledger) == [message_id]


def joinable_ids(ledger: Ledger, owner: str) -> list[str]:
    return [one.message_id for one in list_joinable(ledger, owner, LATER)]
