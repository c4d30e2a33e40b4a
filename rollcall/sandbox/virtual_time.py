"""An event loop on virtual time: hours of waits pass in seconds, and the code under it is the real.

Time stands still while anything happens, threads included, and jumps to the next timer when nothing
does. `VirtualClock` tells the same time to code that asks for the date.
"""

import asyncio
import math
import selectors
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

BEGIN = datetime(2026, 11, 23, 6, tzinfo=UTC)
"""When every simulation begins."""

REAL_WAIT_S = 0.05
"""Longest real wait for a thread between two looks."""

GRID_S = 0.025
"""Time moves in steps of so much: what happens within one happens at once, as it does on a busy
machine, and is committed together."""

T = TypeVar("T")


class _JumpingSelector(selectors.SelectSelector):
    """Instead of waiting for a timer it moves the loop's time on."""

    loop: "VirtualLoop"

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what is ready; without anything ready or under way, jump to the next timer."""
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if self.loop.threads_count or timeout is None:
            return super().select(REAL_WAIT_S)
        self.loop.now_s = math.ceil((self.loop.now_s + timeout) / GRID_S) * GRID_S
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time moves only when nothing happens.

    Attributes:
        now_s: Virtual seconds since it began.
        threads_count: Calls in threads that have not returned.
    """

    def __init__(self) -> None:
        self.now_s = 0.0
        self.threads_count = 0
        selector = _JumpingSelector()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        """Return the virtual time in seconds."""
        return self.now_s

    def run_in_executor(  # type: ignore[override]  # the base class is generic in what is called
        self, executor: Any, func: Any, *args: Any
    ) -> Any:
        """Call in a thread; until it returns, time stands still."""
        future = super().run_in_executor(executor, func, *args)
        self.threads_count += 1
        future.add_done_callback(self._note_return)
        return future

    def _note_return(self, _: "asyncio.Future[Any]") -> None:
        self.threads_count -= 1


class VirtualClock:
    """Tells the time of a virtual loop."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop

    def now(self) -> datetime:
        """Return the virtual moment as an aware UTC datetime."""
        return BEGIN + timedelta(seconds=self._loop.now_s)


def run_virtually(make: Callable[[VirtualClock], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine to its end on virtual time.

    Args:
        make: Makes the coroutine from the clock that it must use.
    """
    loop = VirtualLoop()
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        return runner.run(make(VirtualClock(loop)))
