"""Many requests, few calls of the ledger: those that come while one call runs share the next one.

A commit to disk, or a query in a thread, costs the same for one request as for hundreds.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from rollcall.errors import LedgerError

GROUP_ROWS: Final = 500
"""Most rows in one call, unless a single request has more."""

MOST_WAITING_ROWS: Final = 50_000
"""More are not kept in memory while the ledger does not answer: some 50 MB."""

log = logging.getLogger(__name__)

Asked = TypeVar("Asked")
Told = TypeVar("Told")


@dataclass(frozen=True, slots=True)
class _Waiting(Generic[Asked, Told]):
    asked: Asked
    row_count: int
    done: "asyncio.Future[Told]"


class Grouped(Generic[Asked, Told]):
    """Hands requests to the ledger in groups, as an async context manager.

    Args:
        call: Hands a group over; returns what each came to, in the same order.
        answer_within_s: How long anybody waits.
        what: What a request is called in records.
        describe: Returns what may stand in a record about a request: ids, and nothing of a person.
    """

    def __init__(
        self,
        call: Callable[[Sequence[Asked]], Awaitable[Sequence[Told]]],
        answer_within_s: float,
        what: str,
        describe: Callable[[Asked], dict[str, Any]] = lambda _: {},
    ) -> None:
        self._call = call
        self._answer_within_s = answer_within_s
        self._what = what
        self._describe = describe
        self._queue: asyncio.Queue[_Waiting[Asked, Told]] = asyncio.Queue()
        self._waiting_rows = 0
        self._caller: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Grouped[Asked, Told]":
        self._caller = asyncio.create_task(self._call_for_ever())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._caller:
            self._caller.cancel()
            await asyncio.gather(self._caller, return_exceptions=True)

    async def ask(self, asked: Asked, row_count: int = 1) -> Told:
        """Return what a request came to.

        Args:
            asked: The request.
            row_count: How many rows it may write or read.

        Raises:
            LedgerError: Nothing, or nothing yet: it is to be made again.
        """
        if self._waiting_rows >= MOST_WAITING_ROWS:
            raise LedgerError(f"too many {self._what}s wait for the ledger")
        done: asyncio.Future[Told] = asyncio.get_running_loop().create_future()
        waiting = _Waiting(asked, row_count, done)
        waiting.done.add_done_callback(_look_at)
        self._waiting_rows += row_count
        self._queue.put_nowait(waiting)
        finished, _ = await asyncio.wait({waiting.done}, timeout=self._answer_within_s)
        if not finished:
            raise LedgerError("the ledger takes too long")
        return waiting.done.result()

    async def _call_for_ever(self) -> None:
        while True:
            group = await self._next_group()
            await self._hand_over(group)
            self._waiting_rows -= sum(one.row_count for one in group)

    async def _next_group(self) -> list[_Waiting[Asked, Told]]:
        group = [await self._queue.get()]
        row_count = group[0].row_count
        while row_count < GROUP_ROWS and not self._queue.empty():
            group.append(self._queue.get_nowait())
            row_count += group[-1].row_count
        return group

    async def _hand_over(self, group: Sequence[_Waiting[Asked, Told]]) -> None:
        try:
            told = await self._call([one.asked for one in group])
        except LedgerError as error:
            _fail(group, error)
        except Exception as error:  # noqa: BLE001 - whoever waits must hear of it, whatever it was
            await self._hand_over_apart(group, error)
        else:
            for one, outcome in zip(group, told, strict=True):
                if not one.done.done():
                    one.done.set_result(outcome)

    async def _hand_over_apart(
        self, group: Sequence[_Waiting[Asked, Told]], error: Exception
    ) -> None:
        """Keep one that cannot be handled from taking the others of its group along."""
        if len(group) > 1:
            for one in group:
                await self._hand_over([one])
            return
        # no traceback: a database quotes values
        extra = self._describe(group[0].asked) | {"fault": type(error).__name__}
        log.error(f"{self._what} cannot be handled", extra=extra)  # noqa: G004 - one of few texts
        _fail(group, LedgerError(f"the ledger refuses what a {self._what} brought"))


def _fail(group: Sequence[_Waiting[Any, Any]], error: LedgerError) -> None:
    for one in group:
        if not one.done.done():
            one.done.set_exception(error)


def _look_at(done: "asyncio.Future[Any]") -> None:
    """Take note of a failure that nobody waits for any more; asyncio complains of others."""
    if not done.cancelled():
        done.exception()
