"""Decisions about one delivery: the rules of the domain, over the routes as they are right now."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from rollcall.domain.delivery import (
    Finish,
    NextStep,
    RetryPolicy,
    TryNow,
    WaitFor,
    choose_next_step,
    choose_route,
    settle,
)
from rollcall.domain.message import Channel
from rollcall.domain.tries import RouteChoice, Try
from rollcall.ledger.queue import ClaimedDelivery
from rollcall.sending.route_book import Recipient, RouteBook

NOT_SERVED = "no route serves this number"

NO_ROUTE = "no route is configured for it any more"

TRIES_FOR_A_PROBE: Final = 8
"""Tries of a delivery for each further probe that it makes of a route that has refused it."""


@dataclass(slots=True)
class Decider:
    """Decides what is next for deliveries of one message.

    Attributes:
        book: The routes.
        policies: How hard each channel is tried.
        jitter: Draws a number in [0, 1) for the spread of waits.
    """

    book: RouteBook
    policies: dict[Channel, RetryPolicy]
    jitter: Callable[[], float]
    _canary_numbers: dict[str | None, dict[str, int]] = field(init=False, default_factory=dict)

    def decide(self, delivery: ClaimedDelivery, tries: Sequence[Try], now: datetime) -> NextStep:
        """Decide about a delivery that is due: a try is made only over a route that can be used."""
        policy, recipient = self.policies[delivery.channel], self._describe(delivery)
        routes = self._routes(policy, recipient)
        if settled := settle(tries, policy, routes, now):
            return settled
        if not routes:  # also of tries over routes that were taken out of the file since
            is_out = any(one.is_out for one in tries)
            why = NOT_SERVED if delivery.channel == "sms" else NO_ROUTE
            return Finish("unconfirmed" if is_out else "not_delivered", why)
        usable = self._usable(policy, recipient, routes, now)
        spared = self._spare_probes(usable, tries)
        # a probe is not spared where nothing else may be tried
        route_id = choose_route(tries, policy, spared, routes) or choose_route(
            tries, policy, usable, routes
        )
        if route_id is not None:
            return TryNow(route_id)
        # another that is up is no reason to look again every second
        awaited = [one for one in routes if choose_route(tries, policy, [one], routes)]
        due_at = self.book.usable_at(awaited, now)
        return WaitFor(min(due_at, policy.expires_at) if policy.expires_at else due_at)

    def decide_after(
        self, delivery: ClaimedDelivery, tries: Sequence[Try], now: datetime
    ) -> NextStep:
        """Decide right after the latest try."""
        policy, recipient = self.policies[delivery.channel], self._describe(delivery)
        routes = self._routes(policy, recipient)
        if settled := settle(tries, policy, routes, now):
            return settled
        usable = self._spare_probes(self._usable(policy, recipient, routes, now), tries)
        return choose_next_step(tries, policy, routes, now, self.jitter(), usable)

    def _routes(self, policy: RetryPolicy, recipient: Recipient) -> list[RouteChoice]:
        """Return all routes that serve a recipient; of standard quality the preferred one."""
        if policy.uses_alternatives:
            return self.book.serving(recipient)
        return self.book.preferred(recipient)

    def _usable(
        self,
        policy: RetryPolicy,
        recipient: Recipient,
        routes: Sequence[RouteChoice],
        now: datetime,
    ) -> list[RouteChoice]:
        usable = self.book.choices(recipient, now)
        if policy.uses_alternatives:
            return usable
        return [one for one in usable if one in routes]

    def _spare_probes(
        self, usable: Sequence[RouteChoice], tries: Sequence[Try]
    ) -> Sequence[RouteChoice]:
        """Leave out routes due for a probe that have refused this delivery, while others do better.

        The last few deliveries of a send would else make every probe of every dead route, and use
        up their tries on them. One in so many tries is still spent so.
        """
        if not any(self.book.is_trusted(one.route_id) for one in usable):
            return usable
        refused = Counter(one.route_id for one in tries if not one.is_out)
        return [
            one
            for one in usable
            if self.book.is_trusted(one.route_id)
            or refused[one.route_id] * TRIES_FOR_A_PROBE <= len(tries)
        ]

    def _describe(self, delivery: ClaimedDelivery) -> Recipient:
        return Recipient(
            channel=delivery.channel,
            number=delivery.address if delivery.channel == "sms" else None,
            country=delivery.country,
            key=delivery.delivery_id,
            canary_number=self._number_canary(delivery),
        )

    def _number_canary(self, delivery: ClaimedDelivery) -> int | None:
        """Return a canary's number among those of its country: they take the routes in turn."""
        if not delivery.is_canary or delivery.tries:
            return None
        numbers = self._canary_numbers.setdefault(delivery.country, {})
        return numbers.setdefault(delivery.delivery_id, len(numbers))
