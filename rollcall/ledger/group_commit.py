"""Many small writes in few transactions: what arrives while one commits goes into the next.

A commit costs an fsync (1 to 10 ms); one per try would hold a send to a few hundred tries a second.
Nobody is told that a write is done before its transaction is.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from rollcall.clock import Clock
from rollcall.ledger.attempts import (
    AttemptEnd,
    AttemptStart,
    Settlement,
    apply_early_receipts,
    apply_late_receipts,
    begin_attempts,
    finish_attempts,
    settle_deliveries,
)
from rollcall.ledger.engine import Ledger
from rollcall.ledger.leases import LEASE_S
from rollcall.ledger.patience import ask_patiently
from rollcall.ledger.shared_numbers import mirror_shared

GROUP_ROWS: Final = 500
"""Most writes in one transaction: longer ones keep other writers of a SQLite ledger waiting."""

GATHER_ROW_S: Final = 0.001
GATHER_MOST_S: Final = 0.1
"""For how long the next group is gathered, for each write of the last one, and at the most: a
transaction costs 1 to 3 ms of CPU time, full or empty. A few messages do not wait for it."""

_Write = AttemptStart | AttemptEnd | Settlement
_Pending = tuple[_Write, "asyncio.Future[bool]"]


class GroupCommit:
    """Commits the attempts of one holder of leases, as an async context manager."""

    def __init__(
        self,
        ledger: Ledger,
        owner: str,
        clock: Clock,
        carrier_only: frozenset[str] = frozenset(),
        *,
        mirrors: bool = True,
        lease_s: float = LEASE_S,
    ) -> None:
        self._ledger = ledger
        self._owner = owner
        self._clock = clock
        self._carrier_only = carrier_only
        self._mirrors = mirrors
        self._lease_s = lease_s
        self._pending: list[_Pending] = []
        self._has_pending = asyncio.Event()
        self._committer: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "GroupCommit":
        self._committer = asyncio.create_task(self._commit_for_ever())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._committer:
            self._committer.cancel()
            await asyncio.gather(self._committer, return_exceptions=True)

    async def begin(self, start: AttemptStart) -> bool:
        """Record a try that is about to be made.

        Returns:
            Whether it may be made; False when the delivery is no longer ours.

        Raises:
            LedgerError: It could not be recorded, and must not be made.
        """
        return await self._write(start)

    async def finish(self, end: AttemptEnd) -> None:
        """Record what a try came to.

        Raises:
            LedgerError: It could not be recorded; the next run finds the try uncertain.
        """
        await self._write(end)

    async def settle(self, settlement: Settlement) -> None:
        """Record what follows for a delivery without another try.

        Raises:
            LedgerError: It could not be recorded; the next run decides again.
        """
        await self._write(settlement)

    async def _write(self, write: _Write) -> bool:
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._pending.append((write, done))
        self._has_pending.set()
        return await done

    async def _commit_for_ever(self) -> None:
        while True:
            await self._has_pending.wait()
            group, self._pending = self._pending[:GROUP_ROWS], self._pending[GROUP_ROWS:]
            if not self._pending:
                self._has_pending.clear()
            await self._commit(group)
            await asyncio.sleep(min(len(group) * GATHER_ROW_S, GATHER_MOST_S))

    async def _commit(self, group: Sequence[_Pending]) -> None:
        writes = [write for write, _ in group]
        try:
            allowed = await ask_patiently(self._clock, self._commit_group, writes)
        except Exception as error:  # noqa: BLE001 - whoever waits must hear of it, whatever it was
            _resolve(group, error)
        else:
            _resolve(group, allowed)

    def _commit_group(self, writes: Sequence[_Write]) -> set[str]:
        starts = [write for write in writes if isinstance(write, AttemptStart)]
        ends = [write for write in writes if isinstance(write, AttemptEnd)]
        alone = [write for write in writes if isinstance(write, Settlement)]
        settlements = alone + [end.settlement for end in ends if end.settlement]
        now = self._clock.now()
        with self._ledger.write() as connection:
            if ends:
                finish_attempts(connection, ends, now)
            if settlements:
                settle_deliveries(connection, self._owner, settlements)
                if self._mirrors:
                    mirror_shared(connection, [one.delivery_id for one in settlements])
                apply_late_receipts(connection, alone, now)
            if ends:
                apply_early_receipts(connection, ends, now, self._carrier_only)
            if not starts:
                return set()
            return begin_attempts(connection, self._owner, starts, now, self._lease_s)


def _resolve(group: Sequence[_Pending], outcome: set[str] | Exception) -> None:
    """Tell everybody in a group how it went; who was cancelled meanwhile no longer listens."""
    for write, done in group:
        if done.done():
            continue
        if isinstance(outcome, Exception):
            done.set_exception(outcome)
        else:
            done.set_result(not isinstance(write, AttemptStart) or write.attempt_id in outcome)
