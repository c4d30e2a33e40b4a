"""A ledger that tells how much of the time its transactions take."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection

from rollcall.ledger.engine import Ledger


@dataclass(slots=True)
class LedgerTime:
    """What transactions took since the last `reset`.

    Attributes:
        cpu_s: CPU time of their threads while they were open.
        open_s: Wall time during which at least one was open; waiting for the disk, for another
            writer and for Python's global lock is in it.
        count: How many there were.
    """

    cpu_s: float = 0.0
    open_s: float = 0.0
    count: int = 0


class TimedLedger(Ledger):
    """Does what a ledger does, and counts; transactions may overlap in several threads."""

    def __init__(self, ledger: Ledger) -> None:
        super().__init__(ledger.engine)
        self.taken = LedgerTime()
        self._lock = threading.Lock()
        self._open_count = 0
        self._opened_at = 0.0

    def reset(self) -> None:
        """Count from nothing; only between sends."""
        self.taken = LedgerTime()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a transaction that only reads."""
        with self._counted(), super().read() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Open a transaction that writes."""
        with self._counted(), super().write() as connection:
            yield connection

    @contextmanager
    def _counted(self) -> Iterator[None]:
        began_s = time.thread_time()
        with self._lock:
            self._opened_at = self._opened_at if self._open_count else time.perf_counter()
            self._open_count += 1
        try:
            yield
        finally:
            with self._lock:
                self._open_count -= 1
                self.taken.count += 1
                self.taken.cpu_s += time.thread_time() - began_s
                if not self._open_count:
                    self.taken.open_s += time.perf_counter() - self._opened_at
