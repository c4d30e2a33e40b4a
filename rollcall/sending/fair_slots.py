"""Places that messages take in turn: a small urgent one is not stuck behind a large one."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


class FairSlots:
    """A bounded number of places; who waits is served in turn by key, not by arrival.

    Args:
        places: How many may be held at once.
    """

    def __init__(self, places: int) -> None:
        self._free = places  # below 0: so many that are withheld are still in use
        self._settling: list[asyncio.Future[None]] = []
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    def hold(self, key: str) -> "_Held":
        """Hold a place while in this context; wait for one if none is free.

        Args:
            key: On whose behalf: each key has its own queue.
        """
        return _Held(self, key)

    @contextmanager
    def withhold(self, count: int) -> Iterator[None]:
        """Give nobody some of the places while in this context, from now on.

        Args:
            count: How many; fewer than there are, all contexts together.
        """
        self._free -= count
        try:
            yield
        finally:
            for _ in range(count):
                self.release()

    async def settle(self) -> None:
        """Wait until all places that are withheld have become free."""
        if self._free < 0:
            settled: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._settling.append(settled)
            await settled

    async def acquire(self, key: str) -> None:
        """Take a place, or wait for one; `release` gives it back."""
        if self._free > 0:
            self._free -= 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(key, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.release()  # it was given the place in the moment it gave up
            raise

    def release(self) -> None:
        """Give a place back, to whose turn it is."""
        if self._free < 0:
            self._free += 1
            if self._free == 0:
                self._tell_settled()
            return
        while self._waiting:
            key, queue = self._waiting.popitem(last=False)
            turn = queue.popleft()
            if queue:
                self._waiting[key] = queue  # to the end: the other keys are next
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1

    def _tell_settled(self) -> None:
        told, self._settling = self._settling, []
        for one in told:
            if not one.done():
                one.set_result(None)


@dataclass(slots=True)
class _Held:
    """A place, held once; a generator for each try would take a fiftieth of a send's time."""

    slots: FairSlots
    key: str

    async def __aenter__(self) -> None:
        await self.slots.acquire(self.key)

    async def __aexit__(self, *_: object) -> None:
        self.slots.release()
