"""One whole send to simulated carriers on virtual time: the real engine, the real ledger."""

import asyncio
import random
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl
from sqlalchemy import select

from rollcall.clock import Clock
from rollcall.domain.audience import Audience, Position, Recipient, digest_audience
from rollcall.domain.canary import find_canaries
from rollcall.domain.delivery import RetryPolicy
from rollcall.ledger.engine import Ledger
from rollcall.ledger.messages import NewMessage, accept_message
from rollcall.ledger.pending import freeze_audience
from rollcall.ledger.recording import NewContent, NewDelivery, Portion, record_portion
from rollcall.ledger.sms_rules import SmsRules
from rollcall.ledger.tables import Delivery
from rollcall.sandbox.simulated_routes import Behaviour, ReceiptPost, SimulatedRoute
from rollcall.sandbox.virtual_time import VirtualClock, run_virtually
from rollcall.sending.delivery_run import DeliveryRun
from rollcall.sending.drain import drain
from rollcall.sending.route_book import RouteBook, RouteTraits

STUBBORN = RetryPolicy(max_tries=50, uses_alternatives=True, copies_cap=4)
"""High quality, as set by default."""

CONTENT = NewContent("simulated", "This is a drill.", segment_count=1)

COUNTRIES = (("JP", "+8150"), ("FR", "+33199"), ("US", "+1202555"))
"""Where simulated people have their numbers, in equal parts; the beginnings belong to nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What is simulated.

    Attributes:
        behaviours: The carriers by route id, preferred first.
        people_count: Recipients of one SMS each.
        seed: What everything is drawn from.
        policy: How hard each is tried.
        receipt_deadline_s: How long receipts are awaited; None: no route sends any.
        tries_at_once: Over each route.
        messages_per_s: Limit of each route; None: none.
        canary_hold_s: Longest hold of the bulk.
    """

    behaviours: Mapping[str, Behaviour]
    people_count: int
    seed: int = 1
    policy: RetryPolicy = STUBBORN
    receipt_deadline_s: float | None = None
    tries_at_once: int = 100
    messages_per_s: float | None = None
    canary_hold_s: float = 5.0


@dataclass(slots=True)
class Outcome:
    """What a simulated send came to.

    Attributes:
        statuses: Deliveries by status.
        tries: Tries of each delivery.
        copies: Copies that arrived, of each delivery that got any.
        shown_delivered: Deliveries that stand as delivered.
        submitted_at: Moments and numbers of all submissions, by route.
        took_s: Virtual seconds.
    """

    statuses: Counter[str] = field(default_factory=Counter)
    tries: list[int] = field(default_factory=list)
    copies: Counter[str] = field(default_factory=Counter)
    shown_delivered: set[str] = field(default_factory=set)
    submitted_at: dict[str, list[tuple[datetime, str]]] = field(default_factory=dict)
    took_s: float = 0.0

    def share_pct(self, route_id: str) -> float:
        """Return which part of all tries went over a route, in per cent."""
        total = sum(map(len, self.submitted_at.values()))
        return 100 * len(self.submitted_at[route_id]) / total

    def tries_at_pct(self, pct: float) -> int:
        """Return how many tries so many per cent of the deliveries did with."""
        ordered = sorted(self.tries)
        return ordered[min(len(ordered) - 1, int(len(ordered) * pct / 100))]


def simulate(ledger: Ledger, scenario: Scenario) -> Outcome:
    """Send one message to simulated people over simulated carriers; return what came of it.

    Args:
        ledger: A real one; the message is added to it.
        scenario: What to simulate.
    """
    return run_virtually(lambda clock: _simulate(ledger, scenario, clock))


async def _simulate(ledger: Ledger, scenario: Scenario, clock: VirtualClock) -> Outcome:
    message_id = await asyncio.to_thread(record_message, ledger, scenario, clock.now())
    post = ReceiptPost(ledger, clock)
    book, routes = _open_book(scenario, clock, post)
    draw = random.Random(scenario.seed)  # noqa: S311 - a simulation
    run = DeliveryRun(
        message_id,
        ledger,
        book,
        {"sms": scenario.policy},
        clock,
        asyncio.Event(),
        jitter=draw.random,
        canary_hold_s=scenario.canary_hold_s,
    )
    began_at, posting = clock.now(), asyncio.create_task(post.record_for_ever())
    async with run:
        await drain(run, run.deliver_batch)
    posting.cancel()
    outcome = await asyncio.to_thread(_read, ledger, message_id)
    outcome.took_s = (clock.now() - began_at).total_seconds()
    for route in routes:
        outcome.copies.update(route.arrived)
        outcome.submitted_at[route.route_id] = route.submitted_at
    return outcome


def _open_book(
    scenario: Scenario, clock: Clock, post: ReceiptPost
) -> tuple[RouteBook, list[SimulatedRoute]]:
    book, routes = RouteBook(), []
    traits = RouteTraits(
        receipt_deadline_s=scenario.receipt_deadline_s, messages_per_s=scenario.messages_per_s
    )
    for route_id, behaviour in scenario.behaviours.items():
        route = SimulatedRoute(route_id, behaviour, clock, scenario.seed, post)
        book.add(route, scenario.tries_at_once, traits=traits)
        routes.append(route)
    return book, routes


def record_message(ledger: Ledger, scenario: Scenario, now: datetime) -> str:
    """Record a message to the simulated people of a scenario, due at once; return its id."""
    new = NewMessage(f"simulation {scenario.seed}", "", {}, "simulation", False, now)
    message, _ = accept_message(ledger, new, now)
    people = list(_make_people(scenario.people_count))
    freeze_audience(ledger, message.message_id, Audience(now, tuple(people), ()), ("sms",))
    digest = digest_audience(people)
    are_canaries = find_canaries(pl.Series([one.phone for one in people]))
    deliveries = [
        NewDelivery(
            one.person_id, "sms", "waiting", one.phone, CONTENT.content_digest, is_canary=is_canary
        )
        for one, is_canary in zip(people, are_canaries, strict=True)
    ]
    whole = Portion(0, people, [CONTENT], deliveries, digest)
    record_portion(ledger, message.message_id, whole, SmsRules(), now)
    return message.message_id


def _make_people(count: int) -> Iterator[Recipient]:
    for number in range(count):
        country, prefix = COUNTRIES[number % len(COUNTRIES)]
        phone = f"{prefix}{number:06}"
        yield Recipient(f"p{number:07}", "N", None, phone, None, country, Position("none"), ())


def _read(ledger: Ledger, message_id: str) -> Outcome:
    query = select(Delivery.delivery_id, Delivery.status, Delivery.attempt_count)
    outcome = Outcome()
    with ledger.read() as connection:
        for row in connection.execute(query.where(Delivery.message_id == message_id)):
            outcome.statuses[row.status] += 1
            outcome.tries.append(row.attempt_count)
            if row.status == "delivered":
                outcome.shown_delivered.add(row.delivery_id)
    return outcome
