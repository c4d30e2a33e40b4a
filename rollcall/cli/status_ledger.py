"""What the ledger tells `rollcall status`: itself, dispatchers, queue, messages under way, routes.

Found by index, so that it is quick on a large ledger, and nothing of it names a person.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from rollcall.cli.finding import Finding
from rollcall.clock import format_instant
from rollcall.ledger.dispatchers import DispatcherRecord, list_dispatchers
from rollcall.ledger.engine import Ledger
from rollcall.ledger.gauges import (
    QueueDepth,
    RecentTry,
    count_open_messages,
    count_troubled_messages,
    read_queue_depths,
)
from rollcall.ledger.migrate import newest_revision
from rollcall.sending.failing_routes import judge, read_recent
from rollcall.sources.kept import describe_age

OVERDUE_AFTER: Final = timedelta(minutes=15)
"""A queue of which something was due for so long is one that nobody works on."""

_MB: Final = 1_000_000


def look_at_ledger(ledger: Ledger, route_ids: Iterable[str], now: datetime) -> Iterator[Finding]:
    """Yield what it tells.

    Raises:
        LedgerError: It does not answer.
    """
    yield _describe_ledger(ledger)
    yield find_dispatchers(list_dispatchers(ledger), now)
    yield find_queue(read_queue_depths(ledger), now)
    yield find_messages(count_open_messages(ledger), count_troubled_messages(ledger))
    for route_id in route_ids:
        yield find_route(route_id, read_recent(ledger, route_id, now), now)


def find_dispatchers(known: Iterable[DispatcherRecord], now: datetime) -> Finding:
    """Tell which dispatchers are there; without one nothing is sent by itself."""
    there = [one for one in known if one.is_there(now)]
    if not there:
        told = (
            "none is there: what is accepted waits for `rollcall dispatcher` or `rollcall resume`"
        )
        return Finding("dispatcher", is_good=False, told=told, facts={"dispatchers": []})
    facts = [
        {
            "host": one.host,
            "version": one.version,
            "address": one.address,
            "started_at": format_instant(one.started_at),
            "prefect": one.prefect,
        }
        for one in there
    ]
    told = ", ".join(_describe_dispatcher(one, now) for one in there)
    is_good = all(one.prefect != "undeployed" for one in there)
    if not is_good:
        told += "; the deployments could not be made, so that no schedule, reminder or check-in "
        told += "runs by itself: its own lines say why"
    return Finding("dispatcher", is_good, told, {"dispatchers": facts})


def find_queue(depths: Iterable[QueueDepth], now: datetime) -> Finding:
    """Tell what waits, for how long, and whether it is overdue."""
    waiting: Counter[str] = Counter()
    untried: Counter[str] = Counter()
    ages = _QueueAges()
    for one in depths:
        waiting[one.channel] += one.waiting_count
        untried[one.channel] += one.untried_count
        ages.note(one, now)
    facts = {
        "waiting": dict(waiting),
        "untried": dict(untried),
        "oldest_waiting_s": round(ages.waiting.total_seconds(), 1),
        "oldest_untried_s": round(ages.untried.total_seconds(), 1),
        "overdue_s": round(ages.overdue.total_seconds(), 1),
    }
    is_good = ages.overdue <= OVERDUE_AFTER
    return Finding("queue", is_good, _describe_queue(waiting, untried, ages), facts)


def find_messages(by_state: dict[str, int], troubled_count: int) -> Finding:
    """Tell which messages are under way, and of how many a run has failed."""
    counted = ", ".join(f"{count} {state}" for state, count in sorted(by_state.items()))
    told = counted or "none under way"
    if troubled_count:
        told += f"; of {troubled_count} a run has failed: `rollcall resume MESSAGE` says why"
    facts = {"under_way": by_state, "troubled": troubled_count}
    return Finding("messages", troubled_count == 0, told, facts)


def find_route(route_id: str, tries: list[RecentTry], now: datetime) -> Finding:
    """Tell how a route does, as a process would judge it that has seen its latest tries."""
    part = f"route {route_id}"
    if not tries:
        return Finding(part, is_good=True, told="not used in the last hour", facts={"tries": {}})
    health = judge(tries)
    outcomes = Counter(one.outcome for one in tries)
    age = now - tries[-1].finished_at
    counted = ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items()))
    told = f"{counted} of the latest {len(tries)} tries, the last {_age(age)} ago"
    is_good = health.is_closed()
    if not is_good:
        told = f"does nothing but fail and is only probed: {told}"
    facts = {"tries": dict(outcomes), "success": round(health.success, 3), "is_trusted": is_good}
    return Finding(part, is_good, told, facts)


def _describe_ledger(ledger: Ledger) -> Finding:
    facts = {
        "backend": ledger.backend,
        "backend_version": ledger.read_version(),
        "revision": newest_revision(),
        "size_bytes": ledger.read_size(),
    }
    told = "{backend} {backend_version}, revision {revision}".format(**facts)
    return Finding("ledger", True, f"{told}, {ledger.read_size() / _MB:,.1f} MB", facts)


def _describe_dispatcher(one: DispatcherRecord, now: datetime) -> str:
    told = f"{one.host} for {_age(now - one.started_at)}, version {one.version}"
    return told if one.prefect is None else f"{told}, Prefect {one.prefect}"


@dataclass(slots=True)
class _QueueAges:
    """For how long the oldest waits: of all, of those that nobody has tried, and since it was due.

    The first two count from when a message was accepted.
    """

    waiting: timedelta = timedelta()
    untried: timedelta = timedelta()
    overdue: timedelta = timedelta()

    def note(self, depth: QueueDepth, now: datetime) -> None:
        age = now - depth.accepted_at
        self.waiting = max(self.waiting, age)
        if depth.untried_count:
            self.untried = max(self.untried, age)
        self.overdue = max(self.overdue, now - depth.due_at)


def _describe_queue(waiting: Counter[str], untried: Counter[str], ages: _QueueAges) -> str:
    if not waiting:
        return "nothing waits"
    channels = ", ".join(f"{count} {channel}" for channel, count in sorted(waiting.items()))
    told = f"{channels} wait, the oldest for {_age(ages.waiting)}"
    if untried.total():
        told += f"; {untried.total()} were not tried yet, the oldest for {_age(ages.untried)}"
    if ages.overdue > OVERDUE_AFTER:
        told += f"; due for {_age(ages.overdue)}: nobody works on it"
    return told


def _age(age: timedelta) -> str:
    seconds = max(0, int(age.total_seconds()))
    return f"{seconds} s" if seconds < 120 else describe_age(age)  # noqa: PLR2004 - two minutes
