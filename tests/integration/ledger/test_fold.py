"""The stored status of a delivery is what its recorded tries amount to, whatever happened."""

import random
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import get_args

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rollcall.domain.delivery import (
    Finish,
    NextStep,
    RetryPolicy,
    TryNow,
    choose_next_step,
    choose_route,
    settle,
)
from rollcall.domain.tries import Outcome, RouteChoice, Try
from rollcall.ledger.attempts import Settlement
from rollcall.ledger.engine import Ledger
from rollcall.ledger.leases import LEASE_S
from rollcall.ledger.queue import ClaimedDelivery, claim_due
from tests.integration.ledger.records import (
    NOW,
    begin,
    finish,
    queue_message,
    read_attempts,
    read_delivery,
)

OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
LONG = timedelta(seconds=LEASE_S + 3600)
"""Longer than any lease or wait."""


@dataclass
class Vanished:
    """A process that stopped in the middle of a try, with the tries it knows of."""

    owner: str
    attempt_id: str
    route_id: str
    tries: list[Try]


@dataclass
class Story:
    """One delivery that one process after the other takes up; some die, some are late."""

    ledger: Ledger
    draw: random.Random
    policy: RetryPolicy
    routes: list[RouteChoice]
    message_id: str
    delivery_id: str = ""
    now: datetime = NOW

    def tell(self) -> None:
        """Go on until nobody can claim the delivery; check it whenever it is given back."""
        absent: list[Vanished] = []
        while claimed := claim_due(
            self.ledger, self.message_id, owner := uuid.uuid4().hex, 1, self.now
        ):
            self.delivery_id = claimed[0].delivery_id
            if vanished := self.take_up(claimed[0], owner):
                absent.append(vanished)
            else:
                self.check()
            if absent and self.draw.random() < 0.3:
                self.come_back(absent.pop())
            self.now += LONG
            assert len(read_attempts(self.ledger, self.delivery_id)) <= self.policy.max_tries
        self.check()

    def take_up(self, claimed: ClaimedDelivery, owner: str) -> Vanished | None:
        """Try as the engine does; return in the middle of which try this process vanished."""
        tries = list(claimed.tries)
        step: NextStep | None = settle(tries, self.policy, self.routes, self.now)
        if step:
            self.record(owner, None, "uncertain", step)
        if step is None:
            route_id = choose_route(tries, self.policy, self.routes)
            assert route_id
            step = TryNow(route_id)
        while isinstance(step, TryNow):
            attempt_id = begin(self.ledger, owner, self.delivery_id, step.route_id, self.now)
            assert attempt_id
            if self.draw.random() < 0.25:
                return Vanished(owner, attempt_id, step.route_id, tries)
            tries.append(Try(step.route_id, outcome := self.draw.choice(OUTCOMES[1:])))
            step = choose_next_step(tries, self.policy, self.routes, self.now, 0.5)
            self.record(owner, attempt_id, outcome, step)
        return None

    def record(self, owner: str, attempt_id: str | None, outcome: Outcome, step: NextStep) -> None:
        settlement = None if isinstance(step, TryNow) else Settlement(self.delivery_id, step)
        finish(self.ledger, owner, attempt_id or "none", outcome, settlement, self.now)

    def come_back(self, gone: Vanished) -> None:
        """Bring a late answer: the process was slow, not dead."""
        tries = [*gone.tries, Try(gone.route_id, outcome := self.draw.choice(OUTCOMES))]
        step = choose_next_step(tries, self.policy, self.routes, self.now, 0.5)
        self.record(gone.owner, gone.attempt_id, outcome, step)
        if outcome == "accepted":
            self.check()

    def check(self) -> None:
        attempts = read_attempts(self.ledger, self.delivery_id)
        tries = [
            Try(one.route_id, one.outcome, one.reason or "") for one in attempts if one.outcome
        ]
        amount = settle(tries, self.policy, self.routes, self.now) or Finish("waiting")
        stored = read_delivery(self.ledger, self.delivery_id)
        assert stored.status == amount.status
        assert stored.attempt_count == len(attempts)
        assert (stored.next_attempt_at is None) == (stored.status != "waiting")


@settings(
    max_examples=40,
    deadline=None,  # a busy machine is no failure
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # each example is a new message
)
@given(st.integers(0, 2**64))
def test_the_stored_status_is_what_the_recorded_tries_amount_to(ledger: Ledger, seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311 - a simulation
    policy = RetryPolicy(draw.randint(1, 8), draw.random() < 0.7, draw.randint(1, 4))
    routes = [RouteChoice(name, draw.random() < 0.5) for name in "abc"[: draw.randint(1, 3)]]
    if not policy.uses_alternatives:
        routes = routes[:1]

    message_id = queue_message(ledger, key=uuid.uuid4().hex)

    Story(ledger, draw, policy, routes, message_id).tell()
