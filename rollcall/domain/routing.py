"""Which route a try should take: a pure ordering of those that serve the recipient.

In this order, the first difference decides:

1. health for the recipient's country, in three classes relative to the best
2. how closely the route is meant for the number: the longest prefix, then the country, then all
3. the configured priority, lower first
4. the price of a segment, cheaper first; unknown prices last
5. chance by weight
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal

COUNTRY_MATCH = 1
"""A country counts as one digit: any real prefix of a number is longer or as specific."""

_GOOD, _POOR = 0.8, 0.5
"""Success relative to the best route, at which a route is in the first and second class."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """Whom a route serves; nothing said means everybody."""

    countries: frozenset[str] = frozenset()
    prefixes: tuple[str, ...] = ()

    def match(self, number: str | None, country: str | None) -> int | None:
        """Return how closely the route is meant for a number, None where it does not serve it.

        Args:
            number: E.164 with its `+`; None for channels without numbers.
            country: Where the number belongs (ISO 3166-1 alpha-2), if known.
        """
        if not self.countries and not self.prefixes:
            return 0
        fitting = [len(one) for one in self.prefixes if number and number.startswith(one)]
        if fitting:
            return max(fitting)
        return COUNTRY_MATCH if country in self.countries else None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A route as it stands for one recipient.

    Attributes:
        route_id: Which.
        match: From `Coverage.match`.
        health: Success for the recipient's country, 0 to 1.
        priority: Lower is preferred.
        price: Of a segment; None where it is not known.
        weight: Share among equals.
    """

    route_id: str
    match: int = 0
    health: float = 1.0
    priority: int = 100
    price: Decimal | None = None
    weight: float = 1.0


def rank(candidates: Sequence[Candidate], draw: float) -> list[str]:
    """Order routes for one recipient, best first.

    Args:
        candidates: Those that serve the recipient and are not known to be down.
        draw: A number in [0, 1) that is the recipient's own: equals share by weight.
    """
    best = max((one.health for one in candidates), default=0.0)
    by_weight = {route_id: place for place, route_id in enumerate(_shuffle(candidates, draw))}
    ordered = sorted(
        candidates,
        key=lambda one: (
            _classify(one.health, best),
            -one.match,
            one.priority,
            one.price if one.price is not None else Decimal("Infinity"),
            by_weight[one.route_id],
        ),
    )
    return [one.route_id for one in ordered]


def rotate(route_ids: Sequence[str], number: int) -> list[str]:
    """Order routes for a canary: each canary begins with another route."""
    start = number % len(route_ids) if route_ids else 0
    return [*route_ids[start:], *route_ids[:start]]


def _classify(health: float, best: float) -> int:
    relative = health / best if best else 1.0
    return 0 if relative >= _GOOD else 1 if relative >= _POOR else 2


def _shuffle(candidates: Collection[Candidate], draw: float) -> list[str]:
    """Order by weighted chance without replacement, from a single number."""
    left = sorted(candidates, key=lambda one: one.route_id)
    order: list[str] = []
    while len(left) > 1:
        point = draw * sum(one.weight for one in left)
        for index, one in enumerate(left):
            if point < one.weight or index == len(left) - 1:
                draw = max(0.0, min(point / one.weight, 1 - 1e-9))
                order.append(left.pop(index).route_id)
                break
            point -= one.weight
    return order + [one.route_id for one in left]
