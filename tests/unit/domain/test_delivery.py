"""Promises about how hard a delivery is tried, for any routes, policy and stream of outcomes."""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollcall.domain.backoff import backoff_s
from rollcall.domain.delivery import (
    RETRY_AFTER_MAX_S,
    STATUSES,
    Finish,
    NextStep,
    RetryPolicy,
    Status,
    TryNow,
    WaitFor,
    choose_next_step,
    choose_route,
    settle,
)
from rollcall.domain.tries import Outcome, RouteChoice, Try

NOW = datetime(2026, 11, 23, 6, tzinfo=UTC)
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
CERTAIN_NO = ("unavailable", "throttled", "rejected")
LOST_ANSWER = Try("a", "uncertain")
A, B, C = RouteChoice("a"), RouteChoice("b"), RouteChoice("c")
KEYED_A = RouteChoice("a", honours_idempotency_key=True)
STUBBORN = RetryPolicy(max_tries=50, uses_alternatives=True, copies_cap=4)
STANDARD = RetryPolicy(max_tries=5, uses_alternatives=False, copies_cap=2)

JITTERS = st.floats(0, 1, exclude_max=True)
PLAYS = settings(max_examples=300, deadline=None)  # a busy machine is no failure


@dataclass(frozen=True)
class Case:
    """A policy and the routes it may use; the seed decides over everything that happens."""

    policy: RetryPolicy
    routes: list[RouteChoice]
    seed: int


def draw_case(seed: int) -> Case:
    draw = random.Random(seed)  # noqa: S311 - a simulation
    policy = RetryPolicy(
        max_tries=draw.randint(1, 50),
        uses_alternatives=draw.random() < 0.6,
        copies_cap=draw.randint(1, 4),
        base_s=draw.choice([0.0, 0.01, 2.0, 600.0]),
        max_s=draw.choice([0.0, 1.0, 300.0, 3600.0]),
        expires_at=draw.choice([None, None, NOW + timedelta(seconds=draw.randint(-10, 5000))]),
    )
    names = "abcd"[: draw.randint(1, 4)]
    return Case(policy, [RouteChoice(name, draw.random() < 0.5) for name in names], seed)


CASES = st.integers(0, 2**64).map(draw_case)
"""Drawn by us: hypothesis prefers small values, and the interesting streams are long."""


@dataclass
class Played:
    """What a delivery went through: its tries, what was decided right after each, and its end."""

    tries: list[Try] = field(default_factory=list)
    tried_at: list[datetime] = field(default_factory=list)
    answers: list[NextStep] = field(default_factory=list)
    end: Finish | None = None

    def decisions(self) -> Iterator[tuple[datetime, list[Try], NextStep]]:
        """Yield, for every try: when it was, the tries up to it, and the answer to it."""
        for count, (moment, answer) in enumerate(zip(self.tried_at, self.answers, strict=True), 1):
            yield moment, self.tries[:count], answer


def play(case: Case) -> Played:
    """Deliver as the engine does, with outcomes, waits and resting routes drawn from the seed."""
    policy, routes = case.policy, case.routes
    draw = random.Random(case.seed)  # noqa: S311 - a simulation
    outcomes = draw.sample(OUTCOMES, draw.randint(1, 3))
    played, now = Played(), NOW
    step: NextStep = WaitFor(NOW)
    while not isinstance(step, Finish):
        now = step.due_at if isinstance(step, WaitFor) else now + timedelta(seconds=draw.random())
        if isinstance(step, WaitFor):
            step = _claim(played.tries, policy, _order(routes, policy, draw), now)
        if isinstance(step, TryNow):
            asked_s = draw.choice([None, 0.0, 7.0, 10_000.0])
            played.tries.append(Try(step.route_id, draw.choice(outcomes), "", asked_s))
            played.tried_at.append(now)
            order = _order(routes, policy, draw)
            step = choose_next_step(played.tries, policy, order, now, draw.random())
            played.answers.append(step)
        assert len(played.tries) < 100, "does not end"
    played.end = step
    return played


def _claim(
    tries: Sequence[Try], policy: RetryPolicy, routes: list[RouteChoice], now: datetime
) -> NextStep:
    """Begin as whoever claims a due delivery does."""
    settled = settle(tries, policy, routes, now)
    if settled:
        return settled
    route_id = choose_route(tries, policy, routes)
    assert route_id
    return TryNow(route_id)


def _order(
    routes: list[RouteChoice], policy: RetryPolicy, draw: random.Random
) -> list[RouteChoice]:
    """Put resting routes last; without alternatives there is only the preferred one."""
    if not policy.uses_alternatives:
        return routes[:1]
    resting = {route.route_id for route in routes if draw.random() < 0.2}
    return sorted(routes, key=lambda route: route.route_id in resting)


def possible_copies(tries: Sequence[Try], routes: Sequence[RouteChoice]) -> int:
    """Count how many messages the recipient may hold at worst."""
    keyed = {route.route_id for route in routes if route.honours_idempotency_key}
    arrived = Counter(one.route_id for one in tries if one.outcome in ("uncertain", "accepted"))
    return sum(1 if name in keyed else count for name, count in arrived.items())


@PLAYS
@given(CASES)
def test_ends_within_its_tries_whatever_comes_of_them(case: Case) -> None:
    played = play(case)

    assert played.end
    assert played.end.status in STATUSES
    assert played.end.status not in ("waiting", "not_attempted")
    assert len(played.tries) <= case.policy.max_tries


@PLAYS
@given(CASES)
def test_never_more_copies_than_the_copies_cap_allows(case: Case) -> None:
    assert possible_copies(play(case).tries, case.routes) <= case.policy.copies_cap


@PLAYS
@given(CASES)
def test_nothing_is_tried_after_acceptance_or_refusal(case: Case) -> None:
    outcomes = [one.outcome for one in play(case).tries]

    assert not {"accepted", "refused"}.intersection(outcomes[:-1])


@PLAYS
@given(CASES)
def test_an_acceptance_is_what_a_delivery_ends_with(case: Case) -> None:
    played = play(case)
    was_accepted = any(one.outcome == "accepted" for one in played.tries)

    assert played.end
    assert (played.end.status == "accepted") == was_accepted


@PLAYS
@given(CASES)
def test_nothing_is_tried_after_it_expired(case: Case) -> None:
    played = play(case)

    # a step "at once" of the simulation is made up to a second later
    expires_at = case.policy.expires_at
    latest = expires_at and expires_at + timedelta(seconds=1)
    assert all(latest is None or moment < latest for moment in played.tried_at)


@PLAYS
@given(CASES)
def test_waits_are_spread_around_the_backoff_and_end_when_the_message_expires(case: Case) -> None:
    policy = case.policy
    for now, tries, step in play(case).decisions():
        if not isinstance(step, WaitFor):
            continue
        wait_s = (step.due_at - now).total_seconds()
        asked_s = min(tries[-1].retry_after_s or 0.0, RETRY_AFTER_MAX_S)
        assert wait_s <= max(1.5 * policy.max_s, asked_s) + 1e-6
        assert policy.expires_at is None or step.due_at <= policy.expires_at
        if step.due_at != policy.expires_at:
            assert wait_s >= max(0.5 * min(policy.base_s, policy.max_s), asked_s) - 1e-6


@given(st.integers(0, 10_000), CASES, JITTERS)
def test_backoff_is_half_to_one_and_a_half_times_its_cap(
    round_number: int, case: Case, jitter: float
) -> None:
    policy = case.policy
    cap_s = min(policy.base_s * 2 ** min(round_number, 60), policy.max_s)

    assert (
        0.5 * cap_s <= backoff_s(round_number, policy.base_s, policy.max_s, jitter) <= 1.5 * cap_s
    )


@PLAYS
@given(CASES)
def test_standard_quality_never_leaves_its_preferred_route(case: Case) -> None:
    standard = replace(case.policy, uses_alternatives=False)
    played = play(replace(case, policy=standard))

    assert {one.route_id for one in played.tries} <= {case.routes[0].route_id}


@PLAYS
@given(CASES)
def test_a_certain_no_goes_at_once_to_a_route_that_was_tried_less(case: Case) -> None:
    stubborn = replace(case.policy, uses_alternatives=True)
    for _, tries, step in play(replace(case, policy=stubborn)).decisions():
        if isinstance(step, Finish) or tries[-1].outcome not in CERTAIN_NO:
            continue
        if possible_copies(tries, case.routes) >= case.policy.copies_cap:
            continue  # another route would be a copy too many
        counts = Counter(one.route_id for one in tries)
        fewest = min(counts[route.route_id] for route in case.routes)
        if fewest < counts[tries[-1].route_id]:
            assert isinstance(step, TryNow)
            assert counts[step.route_id] == fewest


@PLAYS
@given(CASES)
def test_what_is_tried_at_once_is_never_the_route_that_just_failed(case: Case) -> None:
    for _, tries, step in play(case).decisions():
        assert not isinstance(step, TryNow) or step.route_id != tries[-1].route_id


def test_a_route_that_asks_for_patience_is_not_asked_again_at_once() -> None:
    tries = [LOST_ANSWER] * 3 + [Try("b", "throttled", retry_after_s=60.0)]

    step = choose_next_step(tries, STUBBORN, [KEYED_A, B], NOW, jitter=0.5)

    assert step == WaitFor(NOW + timedelta(seconds=60))


@PLAYS
@given(CASES, st.lists(st.builds(Try, st.sampled_from("abcx"), st.sampled_from(OUTCOMES))))
def test_what_tries_amount_to_does_not_depend_on_their_order(case: Case, tries: list[Try]) -> None:
    told = [replace(one, reason=f"reason {number}") for number, one in enumerate(tries)]
    shuffled = random.Random(case.seed).sample(told, len(told))  # noqa: S311 - a simulation

    amount = settle(told, case.policy, case.routes, NOW)

    assert settle(shuffled, case.policy, case.routes, NOW) == amount


@PLAYS
@given(CASES)
def test_nobody_is_called_not_delivered_who_may_have_it(case: Case) -> None:
    played = play(case)
    outcomes = {one.outcome for one in played.tries}

    if played.end and played.end.status == "not_delivered":
        assert "uncertain" not in outcomes or "refused" in outcomes


@pytest.mark.parametrize(
    ("tries", "status"),
    [
        ([Try("a", "accepted")], "accepted"),
        ([LOST_ANSWER, Try("a", "accepted")], "accepted"),
        ([Try("a", "refused", "no such number"), Try("b", "accepted")], "accepted"),
        ([Try("a", "refused", "no such number")], "not_delivered"),
        ([Try("a", "rejected", "bad credentials")], "not_delivered"),
        ([LOST_ANSWER, LOST_ANSWER], "unconfirmed"),
        ([LOST_ANSWER, Try("a", "rejected", "bad credentials")], None),
        ([Try("a", "temporary")] * 5, "not_delivered"),
        ([Try("a", "temporary")] * 4 + [LOST_ANSWER], "unconfirmed"),
        ([Try("a", "temporary")] * 4, None),
        ([LOST_ANSWER], None),
        ([], None),
    ],
)
def test_standard_tries_amount_to(tries: list[Try], status: Status | None) -> None:
    finished = settle(tries, STANDARD, [A], NOW)

    assert (finished.status if finished else None) == status


def test_repeats_on_a_route_with_keys_are_one_copy() -> None:
    tries = [LOST_ANSWER] * 20

    assert settle(tries, STUBBORN, [KEYED_A], NOW) is None
    assert settle(tries, STUBBORN, [A], NOW) is not None


def test_after_a_lost_answer_a_route_with_keys_is_asked_again() -> None:
    assert choose_route([LOST_ANSWER], STUBBORN, [KEYED_A, B]) == "a"
    assert choose_route([LOST_ANSWER], STUBBORN, [A, B]) == "b"


def test_a_certain_no_visits_every_route_before_it_waits() -> None:
    tries: list[Try] = []
    step: NextStep = choose_next_step(tries, STUBBORN, [A, B, C], NOW, 0.0)
    while isinstance(step, TryNow):
        tries.append(Try(step.route_id, "unavailable"))
        step = choose_next_step(tries, STUBBORN, [A, B, C], NOW, 0.0)

    assert [one.route_id for one in tries] == ["a", "b", "c"]
    assert step == WaitFor(NOW + timedelta(seconds=1))


def test_waits_double_from_round_to_round_not_from_try_to_try() -> None:
    rounds = [Try(route, "unavailable") for route in ("a", "b")] * 2

    first = choose_next_step(rounds[:2], STUBBORN, [A, B], NOW, 0.5)
    second = choose_next_step(rounds, STUBBORN, [A, B], NOW, 0.5)

    assert first == WaitFor(NOW + timedelta(seconds=2))
    assert second == WaitFor(NOW + timedelta(seconds=4))


def test_an_expired_message_is_not_tried_even_once() -> None:
    policy = replace(STUBBORN, expires_at=NOW)

    step = choose_next_step([], policy, [A], NOW, 0.5)

    assert step == Finish("not_delivered", "expired after 0 tries")


def test_a_route_that_never_answers_does_not_keep_a_message_from_the_others() -> None:
    """Keys make it safe to ask again; they do not make a dead carrier alive."""
    tries = [LOST_ANSWER]
    while len(tries) < STUBBORN.max_tries and tries[-1].outcome == "uncertain":
        route_id = choose_route(tries, STUBBORN, [KEYED_A, B])
        assert route_id
        tries.append(Try(route_id, "uncertain" if route_id == "a" else "accepted"))

    assert settle(tries, STUBBORN, [KEYED_A, B], NOW) == Finish("accepted")
    assert len(tries) <= 4
