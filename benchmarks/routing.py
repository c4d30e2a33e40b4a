"""What delivery promises, kept by the real engine and ledger on virtual time, at full size.

    python -m benchmarks.routing [--people 20000] [--seed 1] [--only NAME ...]

The scenarios of tests/integration/simulation: carriers that refuse, are dead, swallow a country or
keep silent are simulated, everything else is the product. Each scenario has a SQLite ledger of its
own (synchronous=FULL) in memory where there is /dev/shm. Prints a line for each promise: what came,
its limit, and whether it was kept; ends with 1 when one was not. From the seed come the fates of
recipients and of each one's n-th try over a route; in which order people are tried hangs on random
ids, so that runs differ a little.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from rollcall.ledger.engine import open_ledger
from rollcall.ledger.migrate import migrate_ledger
from rollcall.sandbox.simulated_routes import Behaviour
from rollcall.sandbox.simulation import COUNTRIES, STUBBORN, Outcome, Scenario, simulate
from rollcall.sandbox.virtual_time import BEGIN

FAILING: Final = Behaviour(refuses_pct=60)
DEAD: Final = Behaviour(is_dead=True)
HEALTHY: Final = Behaviour()
JAPAN: Final = COUNTRIES[0][1]

REACHED_PCT: Final = 99.99
DEADLINE_S: Final = 30.0
LEAVES_WITHIN_S: Final = 30.0
REFUSES_FROM_S: Final = 20.0
LASTS_S: Final = 100.0
"""How long one route alone would take for everybody, where what happens in time is the question."""


@dataclass(frozen=True, slots=True)
class Line:
    """One promise: what came, in words its limit, and whether it was kept."""

    told: str
    value: str
    limit: str
    is_kept: bool


Judge = Callable[[Outcome, Scenario], Iterator[Line]]


def main() -> None:
    """Simulate and print; exit with 1 when a promise was not kept."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.routing", description=__doc__)
    parser.add_argument("--people", type=int, default=20_000, help="recipients of one SMS each")
    parser.add_argument("--seed", type=int, default=1, help="what the carriers' fates are drawn of")
    parser.add_argument("--only", nargs="+", choices=[*SCENARIOS], help="these scenarios only")
    arguments = parser.parse_args()
    print(f"{arguments.people:,} people, seed {arguments.seed}; took: virtual s / real s")
    lines = [
        line
        for name in arguments.only or SCENARIOS
        for line in run(name, arguments.people, arguments.seed)
    ]
    sys.exit(0 if all(line.is_kept for line in lines) else 1)


def run(name: str, people: int, seed: int) -> list[Line]:
    """Run one scenario on a ledger of its own and print its lines."""
    make, judge = SCENARIOS[name]
    scenario = replace(make(people), seed=seed)
    began_s = time.monotonic()
    outcome = simulate_alone(scenario)
    print(f"{name}: {outcome.took_s:,.0f} / {time.monotonic() - began_s:,.0f}")
    lines = list(judge(outcome, scenario))
    for line in lines:
        verdict = "kept" if line.is_kept else "NOT KEPT"
        print(f"  {line.told:<58} {line.value:>10}   limit {line.limit:<10} {verdict}", flush=True)
    return lines


def simulate_alone(scenario: Scenario) -> Outcome:
    """Simulate on a new SQLite ledger, which is thrown away."""
    memory = Path("/dev/shm")  # noqa: S108 - a folder of our own in it
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        ledger = open_ledger(f"sqlite:///{Path(folder) / 'ledger.db'}")
        try:
            migrate_ledger(ledger)
            return simulate(ledger, scenario)
        finally:
            ledger.close()


def fail_60_pct(people: int) -> Scenario:
    """Three routes, each refuses 60 % for reasons of its own."""
    return Scenario(behaviours={"a": FAILING, "b": FAILING, "c": FAILING}, people_count=people)


def one_dead(people: int) -> Scenario:
    """The preferred route is dead, the other two refuse 60 %."""
    return Scenario(behaviours={"a": DEAD, "b": FAILING, "c": FAILING}, people_count=people)


def two_dead(people: int) -> Scenario:
    """Two routes are dead, the third refuses 60 %."""
    return Scenario(behaviours={"a": DEAD, "b": DEAD, "c": FAILING}, people_count=people)


def starts_refusing(people: int) -> Scenario:
    """The preferred route begins to refuse everything after 20 s."""
    behaviours = {"a": Behaviour(refuses_from_s=REFUSES_FROM_S), "b": HEALTHY}
    return Scenario(behaviours=behaviours, people_count=people, messages_per_s=people / LASTS_S)


def swallows_a_country(people: int) -> Scenario:
    """The preferred route takes everything to Japan and delivers none of it; no canaries warn."""
    return Scenario(
        behaviours={
            "a": Behaviour(swallows=(JAPAN,), receipt_s=1.0),
            "b": Behaviour(receipt_s=1.0),
        },
        people_count=people,
        receipt_deadline_s=DEADLINE_S,
        messages_per_s=people / (1.6 * LASTS_S),
        canary_hold_s=0.0,
    )


def canaries(people: int) -> Scenario:
    """The same with canaries, and as fast as the routes take it."""
    return replace(swallows_a_country(people), messages_per_s=None, canary_hold_s=5.0)


def hopeless(people: int) -> Scenario:
    """A fifth of the recipients cannot be reached by anybody."""
    behaviour = Behaviour(hopeless_pct=20)
    return Scenario(behaviours={"a": behaviour, "b": behaviour}, people_count=people)


def silent(people: int) -> Scenario:
    """A fifth of the receipts never come, and a twentieth of the messages are dropped."""
    behaviour = Behaviour(silent_pct=20, drops_pct=5, receipt_s=2.0)
    return Scenario(
        behaviours={"a": behaviour, "b": behaviour},
        people_count=people,
        receipt_deadline_s=DEADLINE_S,
    )


def all_down(people: int) -> Scenario:
    """No route can be reached, for the half hour that the message is worth sending."""
    policy = replace(STUBBORN, expires_at=BEGIN + timedelta(minutes=30))
    return Scenario(behaviours={"a": DEAD, "b": DEAD}, people_count=people, policy=policy)


def judge_reached(outcome: Outcome, scenario: Scenario) -> Iterator[Line]:
    """Judge who was reached, how often each was tried, and that nobody got two."""
    pct = 100 * outcome.statuses["accepted"] / scenario.people_count
    told = "taken over, of everybody, %"
    yield Line(told, f"{pct:.3f}", f">= {REACHED_PCT}", pct >= REACHED_PCT)
    most = max(outcome.tries)
    yield Line("most tries of anybody", str(most), "<= 50", most <= 50)
    copies = max(outcome.copies.values())
    yield Line("most copies that anybody got", str(copies), "1", copies == 1)


def judge_three(outcome: Outcome, scenario: Scenario) -> Iterator[Line]:
    """Judge besides how many tries 99 % of the deliveries did with."""
    yield from judge_reached(outcome, scenario)
    p99 = outcome.tries_at_pct(99)
    yield Line("tries, 99th percentile", str(p99), "<= 12", p99 <= 12)


def judge_dead(outcome: Outcome, scenario: Scenario) -> Iterator[Line]:
    """Judge besides how many tries the dead route cost."""
    yield from judge_reached(outcome, scenario)
    pct = outcome.share_pct("a")
    yield Line("tries over the dead route, of all, %", f"{pct:.2f}", "<= 10", pct <= 10)


def judge_refusing(outcome: Outcome, scenario: Scenario) -> Iterator[Line]:
    """Judge who was reached, and the route's share of tries from 30 s on."""
    yield from judge_reached(outcome, scenario)
    later = BEGIN + timedelta(seconds=REFUSES_FROM_S + LEAVES_WITHIN_S)
    tries = {name: _count_after(outcome, name, later) for name in scenario.behaviours}
    pct = 100 * tries["a"] / sum(tries.values())
    told = "tries over it, 30 s after it began to refuse, %"
    yield Line(told, f"{pct:.2f}", "<= 5", pct <= 5)


def judge_swallowed(outcome: Outcome, scenario: Scenario) -> Iterator[Line]:
    """Judge who got it, and what the route still got of the country from 30 s on."""
    yield _judge_delivered(outcome, scenario)
    later = BEGIN + timedelta(seconds=DEADLINE_S + LEAVES_WITHIN_S)
    late = [number for at, number in outcome.submitted_at["a"] if at > later]
    of_country = sum(number.startswith(JAPAN) for number in late)
    of_all = sum(
        number.startswith(JAPAN)
        for submitted in outcome.submitted_at.values()
        for at, number in submitted
        if at > later
    )
    pct = 100 * of_country / of_all
    told = "of the country's tries over it, 30 s after receipts lacked, %"
    yield Line(told, f"{pct:.2f}", "<= 5", pct <= 5)


def judge_canaries(outcome: Outcome, scenario: Scenario) -> Iterator[Line]:
    """Judge who got it, and what the route swallowed: no more than canaries and probes."""
    yield _judge_delivered(outcome, scenario)
    swallowed = sum(number.startswith(JAPAN) for _, number in outcome.submitted_at["a"])
    pct = 100 * swallowed / (scenario.people_count / len(COUNTRIES))
    yield Line("of the country, swallowed, %", f"{pct:.2f}", "<= 3", pct <= 3)


def judge_hopeless(outcome: Outcome, scenario: Scenario) -> Iterator[Line]:
    """Judge that nobody was tried twice."""
    del scenario
    most = max(outcome.tries)
    yield Line("most tries of anybody", str(most), "1", most == 1)


def judge_silent(outcome: Outcome, scenario: Scenario) -> Iterator[Line]:
    """Judge copies, that nobody is shown as delivered who got nothing, and that none is left."""
    most = max(outcome.copies.values())
    yield Line("most copies that anybody got", str(most), "<= 4", most <= 4)
    wrong = len(outcome.shown_delivered - set(outcome.copies))
    yield Line("shown as delivered, and got nothing", str(wrong), "0", not wrong)
    ended = outcome.statuses["delivered"] + outcome.statuses["unconfirmed"]
    left = scenario.people_count - ended
    yield Line("neither delivered nor unconfirmed", str(left), "0", not left)
    lost = scenario.people_count - len(outcome.copies)
    pct = 100 * lost / scenario.people_count
    yield Line("got nothing, %", f"{pct:.3f}", "<= 0.1", pct <= 0.1)


def judge_down(outcome: Outcome, scenario: Scenario) -> Iterator[Line]:
    """Judge how many tries were burnt while nothing could be reached."""
    most = max(outcome.tries)
    yield Line("most tries of anybody in half an hour", str(most), "<= 12", most <= 12)
    mean = sum(outcome.tries) / scenario.people_count
    yield Line("tries of everybody, on average", f"{mean:.2f}", "<= 2", mean <= 2)


def _judge_delivered(outcome: Outcome, scenario: Scenario) -> Line:
    pct = 100 * outcome.statuses["delivered"] / scenario.people_count
    told = "delivered, of everybody, %"
    return Line(told, f"{pct:.3f}", f">= {REACHED_PCT}", pct >= REACHED_PCT)


def _count_after(outcome: Outcome, route_id: str, later: datetime) -> int:
    return sum(at > later for at, _ in outcome.submitted_at[route_id])


SCENARIOS: Final[dict[str, tuple[Callable[[int], Scenario], Judge]]] = {
    "three-fail-60-pct": (fail_60_pct, judge_three),
    "one-dead": (one_dead, judge_dead),
    "two-dead": (two_dead, judge_reached),
    "starts-refusing": (starts_refusing, judge_refusing),
    "swallows-a-country": (swallows_a_country, judge_swallowed),
    "canaries": (canaries, judge_canaries),
    "hopeless": (hopeless, judge_hopeless),
    "silent": (silent, judge_silent),
    "all-down": (all_down, judge_down),
}


if __name__ == "__main__":
    main()
