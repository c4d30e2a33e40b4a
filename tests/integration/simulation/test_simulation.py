"""What routing and retrying promise, with the real engine and ledger, on virtual time.

The same at 100,000 people: `python -m benchmarks.routing`, docs/performance.md.
"""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from rollcall.ledger.engine import Ledger, open_ledger
from rollcall.sandbox.simulated_routes import Behaviour
from rollcall.sandbox.simulation import COUNTRIES, STUBBORN, Outcome, Scenario, simulate
from rollcall.sandbox.virtual_time import BEGIN

PEOPLE = 400
FAILING = Behaviour(refuses_pct=60)
DEAD = Behaviour(is_dead=True)
JAPAN = COUNTRIES[0][1]


@pytest.fixture
def fast_ledger(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Ledger]:
    """A ledger that the power may not fail: nothing here tests durability."""
    opened = open_ledger(f"sqlite:///{shutil.copy(migrated_sqlite, tmp_path / 'ledger.db')}")
    with opened.read() as connection:
        connection.exec_driver_sql("select 1")
    yield opened
    opened.close()


def run(ledger: Ledger, people: int = PEOPLE, **behaviours: Behaviour) -> Outcome:
    return simulate(ledger, Scenario(behaviours=behaviours, people_count=people))


def run_with_receipts(ledger: Ledger, people: int, told: dict[str, Any], **rest: Any) -> Outcome:
    scenario = Scenario(behaviours=told, people_count=people, receipt_deadline_s=30.0)
    return simulate(ledger, replace(scenario, **rest))


def test_three_routes_that_fail_60_pct_reach_everybody(fast_ledger: Ledger) -> None:
    outcome = run(fast_ledger, a=FAILING, b=FAILING, c=FAILING)

    assert outcome.statuses == {"accepted": PEOPLE}
    assert set(outcome.copies.values()) == {1}
    assert outcome.tries_at_pct(99) <= 12
    assert max(outcome.tries) <= 50


def test_a_dead_route_costs_few_tries_beside_two_that_fail(fast_ledger: Ledger) -> None:
    outcome = run(fast_ledger, a=DEAD, b=FAILING, c=FAILING)

    assert outcome.statuses == {"accepted": PEOPLE}
    assert outcome.share_pct("a") <= 10


def test_one_route_that_fails_60_pct_reaches_everybody_alone(fast_ledger: Ledger) -> None:
    outcome = run(fast_ledger, a=DEAD, b=DEAD, c=FAILING)

    assert outcome.statuses == {"accepted": PEOPLE}
    assert max(outcome.tries) <= 50


def test_permanent_refusals_are_one_try(fast_ledger: Ledger) -> None:
    hopeless = Behaviour(hopeless_pct=20)

    outcome = run(fast_ledger, a=hopeless, b=hopeless)

    assert outcome.statuses["not_delivered"] > PEOPLE / 10
    assert outcome.statuses["not_delivered"] + outcome.statuses["accepted"] == PEOPLE
    assert set(outcome.tries) == {1}


def test_while_every_route_is_down_no_tries_are_burnt(fast_ledger: Ledger) -> None:
    policy = replace(STUBBORN, expires_at=BEGIN + timedelta(minutes=30))
    scenario = Scenario(behaviours={"a": DEAD, "b": DEAD}, people_count=200, policy=policy)

    outcome = simulate(fast_ledger, scenario)

    assert outcome.statuses == {"not_delivered": 200}
    assert max(outcome.tries) <= 12
    assert sum(outcome.tries) <= 400


def test_without_receipts_nobody_gets_more_than_the_cap_or_is_shown_as_delivered(
    fast_ledger: Ledger,
) -> None:
    silent = Behaviour(silent_pct=20, drops_pct=5, receipt_s=2.0)

    outcome = run_with_receipts(fast_ledger, PEOPLE, {"a": silent, "b": silent})

    assert max(outcome.copies.values()) <= 4
    assert outcome.shown_delivered <= set(outcome.copies)
    assert outcome.statuses["delivered"] + outcome.statuses["unconfirmed"] == PEOPLE
    assert len(outcome.copies) >= PEOPLE - 1


def test_a_country_that_a_route_swallows_is_left_within_30_s_of_the_first_missing_receipts(
    fast_ledger: Ledger,
) -> None:
    told = {"a": Behaviour(swallows=(JAPAN,), receipt_s=1.0), "b": Behaviour(receipt_s=1.0)}

    outcome = run_with_receipts(
        fast_ledger, 1000, told, messages_per_s=8.0, canary_hold_s=0.0, receipt_deadline_s=10.0
    )

    left_at = BEGIN + timedelta(seconds=10 + 30)  # the deadline of the first, and 30 s
    late = [number for at, number in outcome.submitted_at["a"] if at > left_at]
    early = [number for at, number in outcome.submitted_at["a"] if at <= left_at]
    assert sum(number.startswith(JAPAN) for number in early) > 20
    assert sum(number.startswith(JAPAN) for number in late) <= 0.05 * len(late)
    assert len(late) > 50  # the route goes on with everybody else; how many hangs on the order
    assert outcome.statuses == {"delivered": 1000}


def test_canaries_show_where_receipts_come_back_before_the_bulk_goes(
    fast_ledger: Ledger,
) -> None:
    told = {"a": Behaviour(swallows=(JAPAN,), receipt_s=1.0), "b": Behaviour(receipt_s=1.0)}

    outcome = run_with_receipts(fast_ledger, 1200, told)

    swallowed = sum(number.startswith(JAPAN) for _, number in outcome.submitted_at["a"])
    assert swallowed <= 24 + 8  # canaries, and a probe now and then
    assert outcome.statuses == {"delivered": 1200}


def test_a_route_that_starts_to_refuse_loses_its_traffic_within_30_s(fast_ledger: Ledger) -> None:
    told = {"a": Behaviour(refuses_from_s=20.0), "b": Behaviour()}
    scenario = Scenario(behaviours=told, people_count=1000, messages_per_s=8.0)

    outcome = simulate(fast_ledger, scenario)

    later = BEGIN + timedelta(seconds=50)
    tries = {name: sum(at > later for at, _ in told) for name, told in outcome.submitted_at.items()}
    assert outcome.statuses == {"accepted": 1000}
    assert tries["b"] > 100
    assert tries["a"] <= 0.05 * sum(tries.values())


def test_a_rate_limit_is_kept_in_every_second(fast_ledger: Ledger) -> None:
    scenario = Scenario(
        behaviours={"a": Behaviour()}, people_count=300, messages_per_s=50.0, canary_hold_s=0.0
    )

    outcome = simulate(fast_ledger, scenario)

    assert 5.5 <= outcome.took_s <= 12
    moments = sorted(at for at, _ in outcome.submitted_at["a"])
    seconds = zip(moments, moments[50:], strict=False)
    assert min((last - first).total_seconds() for first, last in seconds) >= 0.999


def test_the_same_seed_is_the_same_send(migrated_sqlite: Path, tmp_path: Path) -> None:
    totals = []
    for name in ("first", "second"):
        path = shutil.copy(migrated_sqlite, tmp_path / f"{name}.db")
        ledger = open_ledger(f"sqlite:///{path}")
        totals.append(sum(run(ledger, 60, a=Behaviour(hopeless_pct=30)).tries))
        ledger.close()
    assert totals[0] == totals[1]
