"""Places that messages take in turn: a small urgent one is not stuck behind a large one."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass


class FairSlots:
    """A bounded number of places; who waits is served in turn by key, not by arrival.

    Args:
        places: How many may be held at once.
    """

    def __init__(self, places: int) -> None:
        self._free = places
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    def hold(self, key: str) -> "_Held":
        """Hold a place while in this context; wait for one if none is free.

        Args:
            key: On whose behalf: each key has its own queue.
        """
        return _Held(self, key)

    @asynccontextmanager
    async def hold_several(self, count: int, key: str) -> AsyncIterator[None]:
        """Hold some places while in this context; who gives up waiting holds none of them.

        Args:
            count: How many; fewer than there are, if several hold several.
            key: On whose behalf.
        """
        held_count = 0
        try:
            while held_count < count:
                await self.acquire(key)
                held_count += 1
            yield
        finally:
            for _ in range(held_count):
                self.release()

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
        while self._waiting:
            key, queue = self._waiting.popitem(last=False)
            turn = queue.popleft()
            if queue:
                self._waiting[key] = queue  # to the end: the other keys are next
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1


@dataclass(slots=True)
class _Held:
    """A place, held once; a generator for each try would take a fiftieth of a send's time."""

    slots: FairSlots
    key: str

    async def __aenter__(self) -> None:
        await self.slots.acquire(self.key)

    async def __aexit__(self, *_: object) -> None:
        self.slots.release()
