"""Ends what a part of `rollcall up` leaves behind when it has ended, each within the part's bound.

Of a dispatcher that has died these are processes which finish the tries that they have in flight:
what is cut off may have reached somebody. The part need not wait for them to be started again.
"""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from rollcall.cli.child_processes import (
    is_group_empty,
    list_adopted,
    list_descendants,
    reap_adopted,
    signal_each,
    signal_group,
)
from rollcall.cli.parts import REST_WITHIN_S

_LOOK_S: Final = 0.05


@dataclass(slots=True)
class _Rest:
    """What one process has left behind: of its group, and in sessions of their own."""

    leader: int
    pids: set[int]
    has_group: bool = True


@dataclass(slots=True)
class Rests:
    """What all parts have left behind so far.

    Attributes:
        list_leaders: Returns the processes of the parts.
        hurrying: Is set when nothing is waited for any more.
        starting: Is held while a part is started: until then its process looks like nobody's.
    """

    list_leaders: Callable[[], Collection[int]]
    hurrying: asyncio.Event
    starting: asyncio.Lock = field(init=False, default_factory=asyncio.Lock)
    _claimed: set[int] = field(init=False, default_factory=set)
    _ending: "set[asyncio.Task[None]]" = field(init=False, default_factory=set)

    async def clear_up(self, leader: int, within_s: float) -> None:
        """End what a part has left behind; it is waited for two seconds here, then beside.

        Args:
            leader: The process of the part, which has ended.
            within_s: After how long what is left is killed.
        """
        async with self.starting:
            rest = _Rest(leader, self._claim())
            _signal(rest, signal.SIGTERM)
        ending = asyncio.create_task(self._end(rest, within_s))
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)
        await asyncio.wait([ending], timeout=REST_WITHIN_S + 2 * _LOOK_S)

    async def end(self) -> None:
        """Wait for all that is left, each within its bound."""
        if self._ending:
            await asyncio.wait(self._ending)

    def _claim(self) -> set[int]:
        """Return what has come to us and is no other part's rest."""
        adopted = list_adopted(self.list_leaders())
        found = {one for pid in adopted for one in (pid, *list_descendants(pid))}
        found -= self._claimed
        self._claimed |= found
        return found

    async def _end(self, rest: _Rest, within_s: float) -> None:
        give_up_at = time.monotonic() + within_s
        while await self._is_there(rest) and time.monotonic() < give_up_at:
            if self.hurrying.is_set():
                break
            with suppress(TimeoutError):
                await asyncio.wait_for(self.hurrying.wait(), _LOOK_S)
        _signal(rest, signal.SIGKILL)
        self._claimed -= rest.pids

    async def _is_there(self, rest: _Rest) -> bool:
        """Look what is left; numbers that are free again are not kept: they may be others' soon."""
        async with self.starting:
            reap_adopted(self.list_leaders())
            gone = rest.pids - set(list_descendants(os.getpid()))
        rest.pids -= gone
        self._claimed -= gone
        rest.has_group = rest.has_group and not is_group_empty(rest.leader)
        return rest.has_group or bool(rest.pids)


def _signal(rest: _Rest, number: signal.Signals) -> None:
    if rest.has_group:
        signal_group(rest.leader, number)
    signal_each(rest.pids, number)
