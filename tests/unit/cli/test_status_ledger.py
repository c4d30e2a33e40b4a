"""What `rollcall status` makes of what the ledger holds."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from rollcall.cli.status_ledger import find_dispatchers, find_queue, find_route
from rollcall.domain.tries import Outcome
from rollcall.ledger.dispatchers import DispatcherRecord
from rollcall.ledger.gauges import QueueDepth, RecentTry
from rollcall.ledger.leases import new_owner

NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)


def tries_of(*outcomes: Outcome) -> list[RecentTry]:
    return [
        RecentTry(outcome, NOW - timedelta(seconds=len(outcomes) - number))
        for number, outcome in enumerate(outcomes)
    ]


def a_dispatcher(
    seen_s_ago: float, owner: str | None = None, prefect: str = "answers"
) -> DispatcherRecord:
    seen_at = NOW - timedelta(seconds=seen_s_ago)
    owner = owner or new_owner()
    return DispatcherRecord(owner, "box", "0.0.1", "127.0.0.1:8711", NOW, seen_at, prefect)


def a_depth(
    channel: str, waiting: int, untried: int, due_s_ago: float, accepted_s_ago: float = 700
) -> QueueDepth:
    due_at, accepted_at = (NOW - timedelta(seconds=ago) for ago in (due_s_ago, accepted_s_ago))
    return QueueDepth("m", channel, waiting, untried, due_at, accepted_at)


def test_route_that_only_fails_is_amiss_until_it_takes_a_message_again() -> None:
    failing: Sequence[Outcome] = ["unavailable"] * 12
    found = find_route("alpha", tries_of(*failing), NOW)
    assert not found.is_good
    assert found.told.startswith("does nothing but fail and is only probed: 12 unavailable")
    assert find_route("alpha", tries_of(*failing, "accepted"), NOW).is_good


def test_route_that_throttles_or_was_not_used_is_well() -> None:
    throttled: Sequence[Outcome] = ["throttled"] * 50
    assert find_route("alpha", tries_of(*throttled), NOW).is_good
    assert find_route("alpha", [], NOW).told == "not used in the last hour"


def test_without_a_dispatcher_that_gave_a_sign_of_late_something_is_amiss() -> None:
    assert not find_dispatchers([], NOW).is_good
    assert not find_dispatchers([a_dispatcher(60)], NOW).is_good
    host, _, started, random = new_owner().split("/")
    dead = f"{host}/4194303/{started}/{random}"
    assert not find_dispatchers([a_dispatcher(1, dead)], NOW).is_good
    found = find_dispatchers([a_dispatcher(1)], NOW)
    assert found.is_good
    assert found.told == "box for 0 s, version 0.0.1, Prefect answers"


def test_dispatcher_that_could_not_deploy_is_amiss_and_one_whose_prefect_is_away_is_not() -> None:
    assert find_dispatchers([a_dispatcher(1, prefect="away")], NOW).is_good
    found = find_dispatchers([a_dispatcher(1), a_dispatcher(1, prefect="undeployed")], NOW)
    assert not found.is_good
    assert "no schedule, reminder or check-in runs by itself" in found.told


def test_queue_tells_who_waits_longest_and_is_amiss_only_when_nobody_works_on_it() -> None:
    busy = find_queue([a_depth("sms", 5, 3, 600), a_depth("email", 2, 0, 10)], NOW)
    assert busy.is_good
    assert busy.told == (
        "2 email, 5 sms wait, the oldest for 11 min; 3 were not tried yet, the oldest for 11 min"
    )
    assert busy.facts["oldest_untried_s"] == 700
    assert not find_queue([a_depth("sms", 5, 3, 901)], NOW).is_good
    assert find_queue([], NOW).told == "nothing waits"
    assert find_queue([a_depth("sms", 1, 0, -60)], NOW).facts["overdue_s"] == 0


def test_what_waits_between_tries_has_an_age_too() -> None:
    between = find_queue([a_depth("email", 3, 0, -60, 18_000), a_depth("sms", 1, 1, 0, 60)], NOW)
    assert between.told == (
        "3 email, 1 sms wait, the oldest for 5 h 0 min; 1 were not tried yet, the oldest for 60 s"
    )
    assert between.facts["oldest_waiting_s"] == 18_000
    assert between.facts["oldest_untried_s"] == 60
