"""What tries of some days came to, by route, country and day; nothing of it is counted in a page.

Days that are over are kept in the ledger, today is counted in the background, once for everybody
who looks (`dashboards.queries.counts`).
"""

from collections.abc import Callable, Container, Hashable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Final, TypeVar

from dashboards.queries.counts import KeptAnswers
from rollcall.clock import Clock
from rollcall.domain.deliverability import (
    DaySums,
    Line,
    TryGroup,
    Way,
    busiest_first,
    find_ways,
    sum_lines,
)
from rollcall.domain.message import Channel
from rollcall.errors import ConfigError
from rollcall.ledger.counted_days import (
    Counting,
    KeptDay,
    count_days,
    find_first_day,
    load_days,
)
from rollcall.ledger.engine import Ledger
from rollcall.routes.config import load_routes
from rollcall.settings import Settings, load_secrets

_ALL: Final = "all days"
H = TypeVar("H", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Routes:
    """What the configured routes are like.

    Attributes:
        ways: By id.
        deadlines_s: For how long each that sends receipts is waited for.
        problem: Why that is not known; one sentence.
    """

    ways: dict[str, Way] = field(default_factory=dict)
    deadlines_s: dict[str, float] = field(default_factory=dict)
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class DayChoice:
    """Which tries are meant.

    Attributes:
        first: Those that ended on this day, in UTC, or later; None: all.
        last: And on this day or before; None: until now.
        channel: Over this channel; None: over all.
    """

    first: date | None = None
    last: date | None = None
    channel: Channel | None = None


@dataclass(frozen=True, slots=True)
class Deliverability:
    """What the tries of some days came to.

    Attributes:
        first: The first of the days.
        last: The last one.
        days: Those of them with tries, the earliest first.
        ways: What each of their routes is like.
        uncounted: Those that are still to be counted, the latest first.
        counted_at: When today was counted; None: not since the dashboards were started.
    """

    first: date
    last: date
    days: dict[date, DaySums]
    ways: dict[str, Way]
    uncounted: tuple[date, ...]
    counted_at: datetime | None

    def total(self) -> Line:
        """Return what all of them came to together."""
        return self._sum(lambda *_: True).get(True, Line())

    def by_route(self) -> list[tuple[str, Line]]:
        """Return a line for each route, most tries first."""
        return busiest_first(self._sum(lambda _, group: group.route_id), str)

    def by_country(self) -> list[tuple[str | None, Line]]:
        """Return a line for each country, most tries first; None: email, or not known."""
        lines = self._sum(lambda _, group: group.country)
        return busiest_first(lines, lambda country: country or "")

    def by_day(self) -> list[tuple[date, Line]]:
        """Return a line for each day with tries, the latest first."""
        return sorted(self._sum(lambda day, _: day).items(), reverse=True)

    def rows(self) -> list[tuple[tuple[date, TryGroup], Line]]:
        """Return a line for each day and group, the earliest first."""
        return list(self._sum(lambda day, group: (day, group)).items())

    def _sum(self, key_of: Callable[[date, TryGroup], H]) -> dict[H, Line]:
        return sum_lines(
            (
                (key_of(day, group), group, told)
                for day, sums in self.days.items()
                for group, told in sums.items()
            ),
            self.ways,
        )


@dataclass(slots=True)
class DayFigures:
    """What the tries of all days came to, counted for everybody who looks.

    Attributes:
        ledger: Where they are.
        clock: What tells the time.
        settings: Where the routes are.
        counting: What is counted in the background.
    """

    ledger: Ledger
    clock: Clock
    settings: Settings
    counting: KeptAnswers[Counting] = field(init=False)

    def __post_init__(self) -> None:
        """Keep what this ledger says apart from what any other one does."""
        self.counting = KeptAnswers(lambda _: self._count())

    def read(self, asked: DayChoice, routes: Routes) -> Deliverability:
        """Return what tries came to: while the very first count is made, of the days that are kept.

        Raises:
            LedgerError: The ledger does not answer.
        """
        counted = self.counted()
        counted_at = counted.counted_at if counted else None
        today = (counted_at or self.clock.now()).astimezone(UTC).date()
        tried_since = counted.first if counted else find_first_day(self.ledger)
        first = max(asked.first or tried_since or today, tried_since or today)
        last = min(asked.last or today, today)
        kept = load_days(self.ledger, first, last)
        if counted and first <= today <= last:
            kept[today] = KeptDay(counted.counted_at, counted.today)
        days = {day: _only(kept[day].sums, asked.channel) for day in sorted(kept)}
        return Deliverability(
            first,
            last,
            {day: sums for day, sums in days.items() if sums},
            find_ways(routes.ways, days.values()),
            tuple(_list_missing(first, last, kept)) if tried_since else (),
            counted_at,
        )

    def counted(self) -> Counting | None:
        """Return what was counted last; None while the very first count is made.

        Raises:
            LedgerError: The ledger does not answer.
        """
        return self.counting.get(_ALL)

    def _count(self) -> Counting:
        return count_days(self.ledger, self.clock.now(), read_routes(self.settings).deadlines_s)


def read_routes(settings: Settings) -> Routes:
    """Return what the routes are like, as the routes file has them now."""
    try:
        configured = load_routes(settings.routes_file, load_secrets())
    except ConfigError as error:
        return Routes(problem=str(error))
    awaited = {one.id: one.receipt_deadline_s for one in configured if one.receipts != "none"}
    ways = {one.id: Way(one.id in awaited, one.price_per_segment) for one in configured}
    return Routes(ways, awaited)


def choose_days(days_count: int | None, today: date) -> tuple[date | None, date | None]:
    """Return the first and the last of the latest days, today among them; None: all."""
    first = None if days_count is None else today - timedelta(days=days_count - 1)
    return first, None


def _list_missing(first: date, last: date, kept: Container[date]) -> Iterator[date]:
    """Yield the days from a first to a last one that are not among some, the latest first."""
    day = last
    while day >= first:
        if day not in kept:
            yield day
        day -= timedelta(days=1)


def _only(sums: DaySums, channel: Channel | None) -> DaySums:
    return {one: told for one, told in sums.items() if channel in (None, one.channel)}
