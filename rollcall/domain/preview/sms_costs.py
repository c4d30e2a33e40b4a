"""How many SMS segments a message takes for an audience, and what they would cost."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from rollcall.domain.audience import Recipient
from rollcall.domain.rendering import CompiledContent
from rollcall.domain.template_variables import MessageVariables, RecipientVariables
from rollcall.errors import TemplateError


@dataclass(frozen=True, slots=True)
class RoutePrice:
    """What one SMS segment costs over a route.

    Attributes:
        route_id: The route.
        per_segment: In the currency of the organisation; None: not known.
    """

    route_id: str
    per_segment: Decimal | None


@dataclass(frozen=True, slots=True)
class SmsEstimate:
    """The SMS of a message to an audience, each accepted at the first try.

    Attributes:
        people_count: Who would get an SMS.
        people_by_segments: How many of them get one of so many segments.
        unwritable_ids: Whose SMS cannot be rendered, e.g. for an overlong name.
        prices: The SMS routes that the message may take, preferred first.
    """

    people_count: int
    people_by_segments: dict[int, int]
    unwritable_ids: tuple[str, ...]
    prices: tuple[RoutePrice, ...]

    @property
    def segment_count(self) -> int:
        """Segments to all of them together."""
        return sum(segments * people for segments, people in self.people_by_segments.items())

    def cost(self, price: RoutePrice) -> Decimal | None:
        """Return what all segments cost over a route, None where its price is not known."""
        return None if price.per_segment is None else price.per_segment * self.segment_count

    def known_costs(self) -> list[Decimal]:
        """Return the costs over the routes whose price is known, lowest first."""
        costs = (self.cost(price) for price in self.prices)
        return sorted(cost for cost in costs if cost is not None)

    def to_json(self) -> dict[str, Any]:
        """Return the estimate as programs get it; amounts are decimal texts, without currency."""
        known = self.known_costs()
        preferred = self.cost(self.prices[0]) if self.prices else None
        return {
            "people": self.people_count,
            "segments": self.segment_count,
            "people_by_segments": {str(key): n for key, n in self.people_by_segments.items()},
            "cannot_be_written": list(self.unwritable_ids),
            "cost": _tell_amount(preferred),
            "cost_range": [_tell_amount(known[0]), _tell_amount(known[-1])] if known else None,
            "routes": [
                {
                    "route_id": price.route_id,
                    "price_per_segment": _tell_amount(price.per_segment),
                    "cost": _tell_amount(self.cost(price)),
                }
                for price in self.prices
            ],
        }


def estimate_sms(
    content: CompiledContent,
    message: MessageVariables,
    recipients: Iterable[Recipient],
    prices: Sequence[RoutePrice],
) -> SmsEstimate:
    """Write everybody's SMS and count its segments.

    Args:
        content: The message.
        message: What its templates know of it.
        recipients: The audience; who has no phone number gets none.
        prices: The SMS routes that the message may take, preferred first.
    """
    counter = _Counter(content, message)
    sizes = {one.person_id: counter.count(one) for one in recipients if one.phone}
    counted = Counter(segments for segments in sizes.values() if segments is not None)
    return SmsEstimate(
        people_count=counted.total(),
        people_by_segments=dict(sorted(counted.items())),
        unwritable_ids=tuple(one for one, segments in sizes.items() if segments is None),
        prices=tuple(prices),
    )


@dataclass(slots=True)
class _Counter:
    """Counts segments, once for all of whom the templates tell the same."""

    content: CompiledContent
    message: MessageVariables
    _known: dict[tuple[str | None, ...], int | None] = field(default_factory=dict)

    def count(self, one: Recipient) -> int | None:
        """Return the segments of one's SMS; None where it cannot be rendered."""
        used = self.content.sms_variables
        told = (
            one.name if "name" in used else None,
            one.language,  # it chooses the translation too
            one.position.country if {"country", "country_name"} & used else None,
            one.home_country if "home_country" in used else None,
        )
        if told not in self._known:
            self._known[told] = self._render(RecipientVariables(*told))
        return self._known[told]

    def _render(self, reader: RecipientVariables) -> int | None:
        try:
            return self.content.render_sms(reader, self.message).segments
        except TemplateError:
            return None  # the send leaves out this one too, and goes on


def _tell_amount(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount:f}"
