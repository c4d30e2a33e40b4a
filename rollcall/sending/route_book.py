"""The routes of this process: whom they serve, how busy they are, and how well they do."""

import asyncio
import zlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from rollcall.domain.delivery import RETRY_AFTER_MAX_S
from rollcall.domain.health import Health
from rollcall.domain.message import Channel
from rollcall.domain.routing import Candidate, Coverage, rank, rotate
from rollcall.domain.tries import Outcome, RouteChoice
from rollcall.routes.base import PoolingRoute, Route
from rollcall.sending.fair_slots import FairSlots
from rollcall.sending.outbox import Outbox, open_outbox
from rollcall.sending.pacing import Pace

PENALTY_S: Final = 1.0
"""How long a route rests that says "slow down" and not for how long."""

CLOSED_ENOUGH_S: Final = 1.0
"""A route that asked us to wait longer than this is left for others."""

PROBES_AT_ONCE: Final = 10
"""Deliveries that are claimed while every route of a channel is only probed."""

EARLIEST_RETRY_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class RouteTraits:
    """What is configured of a route beyond its own doing.

    Attributes:
        coverage: Whom it serves.
        priority: Lower is preferred.
        price: Of a segment, None where it is not known.
        weight: Share among equals.
        messages_per_s: Its limit over all processes.
        receipt_deadline_s: How long its receipts are awaited; None: it sends none.
        can_be_asked: Its provider says what became of a message.
    """

    coverage: Coverage = field(default_factory=Coverage)
    priority: int = 100
    price: Decimal | None = None
    weight: float = 1.0
    messages_per_s: float | None = None
    receipt_deadline_s: float | None = None
    can_be_asked: bool = False


@dataclass(frozen=True, slots=True)
class Recipient:
    """What choosing a route needs to know of a delivery.

    Attributes:
        channel: Over which it goes.
        number: E.164 number; None for channels without.
        country: Of the number.
        key: Its own: by it equal routes share by weight.
        canary_number: Its number among the canaries of its country, None if it is none.
    """

    channel: Channel
    number: str | None = None
    country: str | None = None
    key: str = ""
    canary_number: int | None = None

    @property
    def draw(self) -> float:
        """Return a number in [0, 1), always the same."""
        return zlib.crc32(self.key.encode()) / 2**32


@dataclass(slots=True)
class RouteEntry:
    """One configured route with what this process knows of it.

    Attributes:
        slots: Places for tries.
        turns: Of messages, at the route's pace.
        tries_each: How many tries one connection may carry at once.
        lent_count: Connections that further processes have (`rollcall.sending.lending`).
    """

    route: Route
    slots: FairSlots
    choice: RouteChoice
    outbox: Outbox
    max_connections: int
    traits: RouteTraits
    pace: Pace
    turns: FairSlots
    tries_each: int
    lent_count: int = 0
    health: Health = field(default_factory=Health)
    by_country: dict[str | None, Health] = field(default_factory=dict)

    @property
    def own_connections(self) -> int:
        """Return how many connections are this process's own now."""
        return self.max_connections - self.lent_count

    async def keep_to(self, connections: int) -> None:
        """Open no more connections than so many; not while tries are under way."""
        self.max_connections = connections
        self.outbox, places = open_outbox(self.route, connections)
        self.slots = FairSlots(places)
        await self.fit()

    async def fit(self) -> None:
        """Have the route hold no more than are this process's own; return once that is so."""
        if isinstance(self.route, PoolingRoute):
            await self.route.keep_to(self.own_connections)

    def health_in(self, country: str | None) -> Health:
        """Return what is known of this route to one country."""
        return self.by_country.setdefault(country, Health())

    def is_usable(self, now: datetime) -> bool:
        """Tell whether it is neither down nor asked us to wait."""
        return not self.health.is_open(now) and self.pace.closed_for_s(now) <= CLOSED_ENOUGH_S

    def admit(self, country: str | None, now: datetime) -> bool:
        """Tell whether a try may be made now; of a half-open breaker it becomes the probe."""
        return self.is_usable(now) and self.health.admit(now) and self._admit_in(country, now)

    def withdraw(self, country: str | None) -> None:
        """Take back an admission: the try was not made."""
        self.health.note_nothing()
        self.health_in(country).note_nothing()

    def usable_at(self, now: datetime) -> datetime:
        """Return when it may be used again, at the earliest."""
        opens_at = now + timedelta(seconds=self.pace.closed_for_s(now))
        return max(self.health.next_probe_at(now), opens_at)

    def _admit_in(self, country: str | None, now: datetime) -> bool:
        # a country that is given up is still served where no other route is left
        self.health_in(country).admit(now)
        return True


@dataclass(slots=True)
class RouteBook:
    """All routes, preferred ones first.

    A route that does nothing but fail is left alone but for single probes; while all are, tries
    pause and are not burnt. A country that a route swallows is given to the others.

    Attributes:
        entries: By the route's id.
        further_process_count: Processes that this one has started to send over the same routes.
    """

    entries: dict[str, RouteEntry] = field(default_factory=dict)
    further_process_count: int = field(init=False, default=0)
    _by_channel: dict[Channel, list[RouteEntry]] = field(init=False, default_factory=dict)

    def add(
        self,
        route: Route,
        max_connections: int,
        *,
        honours_idempotency_key: bool = False,
        traits: RouteTraits | None = None,
    ) -> None:
        """Add a route; the first one added for a channel is preferred among equals."""
        traits = traits or RouteTraits(priority=len(self.entries))
        outbox, places = open_outbox(route, max_connections)
        self.entries[route.route_id] = RouteEntry(
            route=route,
            slots=FairSlots(places),
            turns=FairSlots(1),
            tries_each=places // max_connections,
            choice=RouteChoice(
                route.route_id,
                honours_idempotency_key,
                traits.receipt_deadline_s,
                traits.can_be_asked,
            ),
            outbox=outbox,
            max_connections=max_connections,
            traits=traits,
            pace=Pace(traits.messages_per_s),
        )
        self._by_channel.setdefault(route.channel, []).append(self.entries[route.route_id])

    def entries_of(self, channels: Collection[Channel]) -> list[RouteEntry]:
        """Return the routes of some channels."""
        return [one for one in self.entries.values() if one.route.channel in channels]

    def serves(self, channel: Channel) -> bool:
        """Tell whether any route is configured for a channel."""
        return any(entry.route.channel == channel for entry in self.entries.values())

    def all_choices(self, channel: Channel) -> list[RouteChoice]:
        """Return all routes of a channel, whatever their health."""
        return [one.choice for one in self._by_channel.get(channel, ())]

    def awaits_receipts(self, route_id: str) -> bool:
        """Tell whether a route is known to send receipts."""
        entry = self.entries.get(route_id)
        return entry is not None and entry.choice.receipt_deadline_s is not None

    def is_trusted(self, route_id: str) -> bool:
        """Tell whether a route needs no probe."""
        return self.entries[route_id].health.is_closed()

    def serving(self, recipient: Recipient) -> list[RouteChoice]:
        """Return all routes that serve a recipient, whatever their health."""
        return [one.choice for one in self._serving(recipient)]

    def choices(self, recipient: Recipient, now: datetime) -> list[RouteChoice]:
        """Return the routes for a recipient that can be used now, best first; empty if none can.

        Routes due for a probe come first: without probes nobody would learn that they are back.
        """
        usable = [one for one in self._serving(recipient) if one.is_usable(now)]
        trusted = [
            one for one in usable if not one.health_in(recipient.country).is_open(now)
        ] or usable
        probes = [one.choice for one in trusted if not one.health.is_closed()]
        healthy = [one for one in trusted if one.health.is_closed()]
        return probes + self._rank(healthy, recipient)

    def preferred(self, recipient: Recipient) -> list[RouteChoice]:
        """Return only the preferred route for a recipient, whatever its health."""
        return self._rank(self._serving(recipient), recipient, ignores_health=True)[:1]

    def usable_at(self, routes: Sequence[RouteChoice], now: datetime) -> datetime:
        """Return when one of some routes may be used again, at the earliest."""
        moments = [self.entries[one.route_id].usable_at(now) for one in routes]
        soonest = now + timedelta(seconds=EARLIEST_RETRY_S)
        return max(min(moments, default=soonest), soonest)

    def claim_limit(self, channel: Channel, limit: int, now: datetime) -> int:
        """Return how many deliveries are worth claiming: few while routes are only probed."""
        entries = self._by_channel.get(channel, ())
        if not entries:
            return limit  # there is nothing to spare: each is found to have no way out
        usable = [one for one in entries if one.is_usable(now)]
        if any(one.health.is_closed() for one in usable):
            return limit
        return min(limit, PROBES_AT_ONCE) if usable else 0

    def note(
        self,
        route_id: str,
        outcome: Outcome,
        now: datetime,
        country: str | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        """Learn from what a try came to."""
        entry = self.entries[route_id]
        if outcome == "throttled":
            asked_s = PENALTY_S if retry_after_s is None else retry_after_s
            entry.pace.close_for(min(asked_s, RETRY_AFTER_MAX_S), now)
            entry.withdraw(country)
            return
        cells = [entry.health]
        if outcome != "accepted" or entry.choice.receipt_deadline_s is None:
            cells.append(entry.health_in(country))
        for cell in cells:
            cell.learn(outcome, now)

    def note_receipts(
        self, route_id: str, country: str | None, good_count: int, bad_count: int, now: datetime
    ) -> None:
        """Learn from receipts, and from those that did not come."""
        if entry := self.entries.get(route_id):
            cell = entry.health_in(country)
            if bad_count:
                cell.note_failure(now, weight=bad_count)
            if good_count:
                cell.note_success(weight=good_count)

    def routes(self) -> Sequence[Route]:
        """Return the routes, preferred first."""
        return [entry.route for entry in self.entries.values()]

    async def aclose(self) -> None:
        """Close every route's connections."""
        await close_all(self.routes())

    def _serving(self, recipient: Recipient) -> list[RouteEntry]:
        return [
            one
            for one in self._by_channel.get(recipient.channel, ())
            if one.traits.coverage.match(recipient.number, recipient.country) is not None
        ]

    def _rank(
        self, entries: Iterable[RouteEntry], recipient: Recipient, *, ignores_health: bool = False
    ) -> list[RouteChoice]:
        entries = list(entries)
        if len(entries) < 2:  # noqa: PLR2004 - nothing to order
            return [one.choice for one in entries]
        candidates = [
            Candidate(
                one.route.route_id,
                one.traits.coverage.match(recipient.number, recipient.country) or 0,
                1.0 if ignores_health else one.health_in(recipient.country).success,
                one.traits.priority,
                one.traits.price,
                one.traits.weight,
            )
            for one in entries
        ]
        if recipient.canary_number is None or ignores_health:
            order = rank(candidates, recipient.draw)
        else:  # in turn, not by chance: all canaries of a country may else take the same route
            order = rotate(rank(candidates, 0.0), recipient.canary_number)
        return [self.entries[route_id].choice for route_id in order]


async def close_all(routes: Iterable[Route]) -> None:
    """Close routes together; one that fails to close does not keep the others open."""
    await asyncio.gather(*(route.aclose() for route in routes), return_exceptions=True)
