"""Callbacks into the ledger: those that come while one transaction commits share the next one.

Nobody is told "200" before the transaction is committed. Who is told "503" should call again; what
they brought is kept in memory and tried for a minute all the same, because some providers never do.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from rollcall.clock import Clock
from rollcall.errors import LedgerError
from rollcall.ledger.arrivals import Arrival
from rollcall.ledger.patience import ask_patiently

GROUP_ROWS: Final = 500
"""Most rows in one transaction, unless a single callback has more."""

MOST_WAITING_ROWS: Final = 50_000
"""More are not kept in memory while the ledger does not answer: some 50 MB."""

ANSWER_WITHIN_S: Final = 5.0
"""How long a provider waits for our answer; most give up after 5 to 15 s."""

log = logging.getLogger(__name__)

Record = Callable[[Sequence[Arrival]], None]
"""Commits arrivals in one transaction, blocking; safe to call twice."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    arrival: Arrival
    done: "asyncio.Future[None]"


class Intake:
    """Commits what callbacks bring, as an async context manager.

    Args:
        record: What commits.
        clock: What tells when patience with the ledger ends.
        answer_within_s: How long anybody waits for a commit.
    """

    def __init__(
        self, record: Record, clock: Clock, answer_within_s: float = ANSWER_WITHIN_S
    ) -> None:
        self._record = record
        self._clock = clock
        self._answer_within_s = answer_within_s
        self._queue: asyncio.Queue[_Waiting] = asyncio.Queue()
        self._waiting_rows = 0
        self._committer: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Intake":
        self._committer = asyncio.create_task(self._commit_for_ever())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._committer:
            self._committer.cancel()
            await asyncio.gather(self._committer, return_exceptions=True)

    async def take(self, arrival: Arrival) -> None:
        """Return when an arrival is committed.

        Raises:
            LedgerError: It is not, or not yet: the provider is to call again.
        """
        if not arrival.row_count:
            return
        if self._waiting_rows >= MOST_WAITING_ROWS:
            raise LedgerError("too many callbacks wait for the ledger")
        waiting = _Waiting(arrival, asyncio.get_running_loop().create_future())
        waiting.done.add_done_callback(_look_at)
        self._waiting_rows += arrival.row_count
        self._queue.put_nowait(waiting)
        finished, _ = await asyncio.wait({waiting.done}, timeout=self._answer_within_s)
        if not finished:
            raise LedgerError("the ledger takes too long")
        waiting.done.result()

    async def _commit_for_ever(self) -> None:
        while True:
            group = await self._next_group()
            await self._commit(group)
            self._waiting_rows -= sum(one.arrival.row_count for one in group)

    async def _next_group(self) -> list[_Waiting]:
        group = [await self._queue.get()]
        row_count = group[0].arrival.row_count
        while row_count < GROUP_ROWS and not self._queue.empty():
            group.append(self._queue.get_nowait())
            row_count += group[-1].arrival.row_count
        return group

    async def _commit(self, group: Sequence[_Waiting]) -> None:
        try:
            arrivals = [one.arrival for one in group]
            await ask_patiently(self._clock, self._record, arrivals)
        except LedgerError as error:
            _fail(group, error)
        except Exception as error:  # noqa: BLE001 - whoever waits must hear of it, whatever it was
            await self._commit_apart(group, error)
        else:
            for one in group:
                if not one.done.done():
                    one.done.set_result(None)

    async def _commit_apart(self, group: Sequence[_Waiting], error: Exception) -> None:
        """Keep one that cannot be stored from taking the others of its group along."""
        if len(group) > 1:
            for one in group:
                await self._commit([one])
            return
        # no traceback: a database quotes values
        extra = {"route_id": group[0].arrival.route_id, "fault": type(error).__name__}
        log.error("callback cannot be stored", extra=extra)
        _fail(group, LedgerError("the ledger refuses what a callback brought"))


def _fail(group: Sequence[_Waiting], error: LedgerError) -> None:
    for one in group:
        if not one.done.done():
            one.done.set_exception(error)


def _look_at(done: "asyncio.Future[None]") -> None:
    """Take note of a failure that nobody waits for any more; asyncio complains of others."""
    if not done.cancelled():
        done.exception()
