"""What tries came to, by route, country and day: never more certain than its evidence."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import Any, Final, NamedTuple, TypeVar

REASONS_KEPT: Final = 20
"""Reasons of one group that are kept apart; the rest are told as one."""

OTHER: Final = "other"

H = TypeVar("H", bound=Hashable)


class TryGroup(NamedTuple):
    """Whose tries: `country` is that of the numbers, None for email and where it is not known."""

    channel: str
    route_id: str
    country: str | None


class FailureReason(NamedTuple):
    """Why tries failed; what providers say in words of their own goes with the rest of a message.

    Attributes:
        what: The outcome of the try, or `receipt_failed`, `receipt_permanent`, `receipt_missing`;
            `other` for those that are too many to be told apart.
        code: The provider's own code.
    """

    what: str
    code: str | None


class TryFacts(NamedTuple):
    """What is known of a try that has ended.

    Attributes:
        outcome: What the route answered.
        receipt_state: What its receipts amount to; None: there is none.
        receipt_level: How far they can see.
        is_permanent: They say that no route can reach the recipient.
        code: The provider's own code, of the receipt where there is one.
        segment_count: SMS segments of its text.
        is_awaited: Its receipt is not due yet.
        tenths: Between its start and the receipt that proved arrival, in tenths of a second.
    """

    outcome: str
    receipt_state: str | None = None
    receipt_level: str | None = None
    is_permanent: bool | None = None
    code: str | None = None
    segment_count: int = 0
    is_awaited: bool | int = False
    tenths: int | None = None


@dataclass(slots=True)
class TrySums:
    """What the tries of a group came to; the first six after `try_count` but `taken` add up to it.

    Attributes:
        try_count: All that have ended.
        taken_count: Those that a route took over, by its answer or by a later receipt.
        handset_count: Those of which a receipt says that the recipient's telephone has them.
        carrier_count: Those of which it says that the network or mail server of the recipient has.
        failed_count: Those of which the answer or a receipt says that they did not arrive.
        unknown_count: Those whose answer was lost, and of which no receipt came.
        open_count: Those that were taken over, and of which no receipt says how they ended.
        awaited_count: Of those the ones whose receipts were not due yet when they were counted.
        segment_count: SMS segments of those that were taken over.
        times: Between the start of a try and the receipt that proved arrival, in tenths of a second
            rounded to two digits → how many took so long.
        reasons: Why those that failed did.
    """

    try_count: int = 0
    taken_count: int = 0
    handset_count: int = 0
    carrier_count: int = 0
    failed_count: int = 0
    unknown_count: int = 0
    open_count: int = 0
    awaited_count: int = 0
    segment_count: int = 0
    times: Counter[int] = field(default_factory=Counter)
    reasons: Counter[FailureReason] = field(default_factory=Counter)

    def count(self, facts: TryFacts, count: int) -> None:
        """Count so many tries of which the same is known: as what a receipt says, if there is one.

        An answer that was lost is no proof of failure, and one that says "taken" none of arrival.
        """
        self.try_count += count
        if facts.outcome == "accepted" or facts.receipt_state in _KNEW_IT:
            self.taken_count += count
            self.segment_count += count * facts.segment_count
        if facts.tenths is not None:
            self.times[facts.tenths] += count
        match facts.receipt_state or facts.outcome:
            case "delivered" if facts.receipt_level == "handset":
                self.handset_count += count
            case "delivered":
                self.carrier_count += count
            case "accepted":
                self.open_count += count
                self.awaited_count += count if facts.is_awaited else 0
            case "uncertain":
                self.unknown_count += count
            case _:
                self.failed_count += count
                self.reasons[_find_reason(facts)] += count

    def add(self, other: "TrySums") -> None:
        """Count those of another group too."""
        for name in _COUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.times.update(other.times)
        self.reasons.update(other.reasons)

    @property
    def arrived_count(self) -> int:
        """Return how many arrived, as far as receipts can tell."""
        return self.handset_count + self.carrier_count

    def find_time_s(self, share_pct: int) -> float | None:
        """Return after how many seconds a share of the receipts that proved arrival were there.

        The nearest rank, so a time that was measured; to 5 % or a twentieth of a second.
        """
        rank = -(-self.times.total() * share_pct // 100)
        for tenths, count in sorted(self.times.items()):
            rank -= count
            if rank <= 0:
                return max(tenths, 0) / 10
        return None


_KNEW_IT: Final = ("accepted", "delivered", "failed")
"""Receipts by which a provider has had the message, whatever became of its answer."""

_COUNTS: Final = tuple(one.name for one in fields(TrySums) if one.name.endswith("_count"))


def _find_reason(facts: TryFacts) -> FailureReason:
    match facts.receipt_state:
        case None:
            return FailureReason(facts.outcome, facts.code)
        case "missing":
            return FailureReason("receipt_missing", facts.code)
        case _:
            kind = "receipt_permanent" if facts.is_permanent else "receipt_failed"
            return FailureReason(kind, facts.code)


DaySums = dict[TryGroup, TrySums]
"""What the tries that ended within one day came to."""


def sums_to_json(sums: DaySums) -> list[Any]:
    """Return what a day came to as JSON keeps it; holds no personal data."""
    return [
        [
            list(group),
            [getattr(one, name) for name in _COUNTS],
            sorted(one.times.items()),
            [[*reason, count] for reason, count in limit_reasons(one.reasons).most_common()],
        ]
        for group, one in sums.items()
    ]


def sums_from_json(kept: Iterable[Any]) -> DaySums:
    """Return what `sums_to_json` was given."""
    return {
        TryGroup(*group): TrySums(
            **dict(zip(_COUNTS, counts, strict=True)),
            times=Counter({tenths: count for tenths, count in times}),  # noqa: C416 - pairs are lists
            reasons=Counter({FailureReason(*told): count for *told, count in reasons}),
        )
        for group, counts, times, reasons in kept
    }


def limit_reasons(reasons: Counter[FailureReason]) -> Counter[FailureReason]:
    """Return the most frequent reasons, and the rest as one."""
    kept = Counter(dict(reasons.most_common(REASONS_KEPT)))
    if rest := reasons.total() - kept.total():
        kept[FailureReason(OTHER, None)] += rest
    return kept


@dataclass(frozen=True, slots=True)
class Way:
    """What a route is like now: the ledger keeps neither prices nor deadlines.

    Attributes:
        awaits_receipts: It reports what becomes of messages.
        price: Of one SMS segment; None where it is not known.
    """

    awaits_receipts: bool
    price: Decimal | None


@dataclass(slots=True)
class Line:
    """What the tries of a route, country or day came to, with what routes are like.

    Attributes:
        sums: The counts.
        never_came_count: Of those taken over: no receipt came, and it should have.
        silent_count: Of those taken over: over a route that sends no receipts.
        cost: What their segments cost at today's prices; None where no price is known.
        unpriced_count: Segments over routes whose price is not known.
    """

    sums: TrySums = field(default_factory=TrySums)
    never_came_count: int = 0
    silent_count: int = 0
    cost: Decimal | None = None
    unpriced_count: int = 0

    @property
    def told_count(self) -> int:
        """Return of how many of those taken over a receipt was due by now."""
        return self.sums.taken_count - self.silent_count - self.sums.awaited_count

    def add(self, sums: TrySums, way: Way) -> None:
        """Count the tries of a group over one route too."""
        self.sums.add(sums)
        due_count = sums.open_count - sums.awaited_count
        if way.awaits_receipts:
            self.never_came_count += due_count
        else:
            self.silent_count += due_count
        if way.price is None:
            self.unpriced_count += sums.segment_count
        elif sums.segment_count:
            self.cost = (self.cost or Decimal(0)) + way.price * sums.segment_count


def find_ways(configured: Mapping[str, Way], sums: Iterable[DaySums]) -> dict[str, Way]:
    """Return what every route is like over which anything was tried.

    One that is not configured any more counts as one with receipts if any of its ever came.
    """
    arrived: Counter[str] = Counter()
    for one in sums:
        for group, told in one.items():
            arrived[group.route_id] += told.arrived_count
    gone = {route_id: Way(count > 0, None) for route_id, count in arrived.items()}
    return gone | {one: way for one, way in configured.items() if one in arrived}


def sum_lines(
    sums: Iterable[tuple[H, TryGroup, TrySums]], ways: Mapping[str, Way]
) -> dict[H, Line]:
    """Return a line for each key, in the order in which they came."""
    lines: dict[H, Line] = {}
    for key, group, told in sums:
        lines.setdefault(key, Line()).add(told, ways[group.route_id])
    return lines


def busiest_first(lines: Mapping[H, Line], name_of: Callable[[H], str]) -> list[tuple[H, Line]]:
    """Return lines by their tries, most first; of as many by their names."""
    return sorted(lines.items(), key=lambda one: (-one[1].sums.try_count, name_of(one[0])))
