"""Keeps the parts of `rollcall up` running: starts, watches, restarts and ends them."""

import asyncio
import signal
import time
from asyncio.subprocess import Process
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import httpx

from rollcall.cli.child_processes import (
    adopt_orphans,
    kill_descendants,
    reap_adopted,
    signal_group,
)
from rollcall.cli.parts import (
    REST_WITHIN_S,
    Part,
    State,
    ask_health,
    describe_end,
    pass_on_lines,
    start_part,
)
from rollcall.cli.rests import Rests

FIRST_PAUSE_S: Final = 1.0
LONGEST_PAUSE_S: Final = 30.0
"""Before a part that died is started again; doubles from time to time."""

STEADY_S: Final = 60.0
"""A part that ran for so long begins anew with the first pause."""

SAME_SIGNAL_S: Final = 0.5

LOOK_S: Final = 0.25
LOOK_AGAIN_S: Final = 5.0
ANSWER_WITHIN_S: Final = 3.0

EXIT_FAULT: Final = 1
EXIT_MISTAKE: Final = 2
"""By which our commands say that a setting is wrong: to start them again would change nothing."""


@dataclass(slots=True)
class _Kept:
    """A part, and how it does."""

    part: Part
    process: Process | None = None
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    was_ready: bool = False
    state: State = "away"
    start_count: int = 0

    @property
    def runs(self) -> bool:
        return self.process is not None and self.process.returncode is None


class Supervisor:
    """Keeps parts running until it is stopped; no process is left behind then.

    Args:
        parts: What to run, in the order in which they are told of.
        tell: Takes the name of a part and a line of it or about it.
        tell_ready: Is awaited once, when all of them answer.
    """

    def __init__(
        self,
        parts: Sequence[Part],
        tell: Callable[[str, str], None],
        tell_ready: Callable[[], Awaitable[None]],
    ) -> None:
        self._kept = {part.name: _Kept(part) for part in parts}
        self._tell = tell
        self._tell_ready = tell_ready
        self._stopped_at = 0.0
        self.stopping = asyncio.Event()
        self.hurrying = asyncio.Event()
        self._rests = Rests(self._leaders, self.hurrying)
        self.refused: str | None = None
        """The part that ended because of a wrong setting before all was ready."""

    def stop(self) -> None:
        """End everything; the second time, without waiting.

        A second signal that comes with the first is the same one: a terminal sends it to all.
        """
        now = time.monotonic()
        if self.stopping.is_set() and now > self._stopped_at + SAME_SIGNAL_S:
            self.hurrying.set()
        self._stopped_at = self._stopped_at or now
        self.stopping.set()

    async def run(self) -> None:
        """Run everything until `stop` is called, or a part says that a setting is wrong."""
        adopt_orphans()
        keeping = [asyncio.create_task(self._keep(one)) for one in self._kept.values()]
        looking = [asyncio.create_task(self._look(one)) for one in self._kept.values()]
        looking.append(asyncio.create_task(self._await_all()))
        try:
            await self.stopping.wait()
        finally:
            for task in looking:
                task.cancel()
            await self._end_all()
            await asyncio.gather(*keeping, *looking, return_exceptions=True)
            await self._rests.end()
            kill_descendants()
            reap_adopted(())

    async def _keep(self, kept: _Kept) -> None:
        """Run one part, and again whenever it ends."""
        pause_s = FIRST_PAUSE_S
        while await self._may_start(kept):
            began_at = time.monotonic()
            try:
                code = await self._run_once(kept)
            except OSError as error:  # too many processes or files, say: that may pass
                self._tell(kept.part.name, f"cannot be started: {error.strerror}")
                code = EXIT_FAULT
            if self.stopping.is_set():
                return
            if code == EXIT_MISTAKE and not kept.was_ready:
                self.refused = kept.part.name
                self.stop()
                return
            if time.monotonic() - began_at > STEADY_S:
                pause_s = FIRST_PAUSE_S
            self._tell(kept.part.name, f"{describe_end(code)}: started again in {pause_s:.0f} s")
            await _wait(self.stopping, pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    async def _may_start(self, kept: _Kept) -> bool:
        """Wait for the part that this one comes after; tell whether to start at all."""
        first = self._kept.get(kept.part.after or "")
        while first is not None and not first.ready.is_set() and not self.stopping.is_set():
            await _wait(self.stopping, LOOK_S)
        return not self.stopping.is_set()

    async def _run_once(self, kept: _Kept) -> int:
        """Start a part and wait for its end, and for that of whatever it leaves behind."""
        async with self._rests.starting:
            kept.process, output = await start_part(kept.part)
        kept.start_count += 1
        if self.stopping.is_set():
            kept.process.terminate()
        tell = partial(self._tell, kept.part.name)
        reading = asyncio.create_task(pass_on_lines(output, tell))
        code = await kept.process.wait()
        kept.state = "away"
        kept.ready.clear()
        await self._rests.clear_up(kept.process.pid, kept.part.rest_within_s)
        with suppress(TimeoutError):
            await asyncio.wait_for(reading, REST_WITHIN_S)
        return code

    def _leaders(self) -> list[int]:
        return [one.process.pid for one in self._kept.values() if one.process]

    async def _end_all(self) -> None:
        """End first who needs others, then those."""
        for is_last in (False, True):
            ending = [one for one in self._kept.values() if one.part.ends_last is is_last]
            await asyncio.gather(*(self._end(one) for one in ending))

    async def _end(self, kept: _Kept) -> None:
        """Ask a part to end, then make it."""
        if not kept.runs or kept.process is None:
            return
        kept.process.terminate()
        ended = asyncio.create_task(kept.process.wait())
        hurried = asyncio.create_task(self.hurrying.wait())
        bound_s = kept.part.stop_within_s
        await asyncio.wait({ended, hurried}, timeout=bound_s, return_when="FIRST_COMPLETED")
        if not ended.done():
            self._tell(kept.part.name, "does not end: killed")
            signal_group(kept.process.pid, signal.SIGKILL)
        hurried.cancel()
        await ended

    async def _await_all(self) -> None:
        for one in self._kept.values():
            await one.ready.wait()
        await self._tell_ready()

    async def _look(self, kept: _Kept) -> None:
        """Find out how a part does, for as long as everything runs."""
        async with httpx.AsyncClient(timeout=ANSWER_WITHIN_S, trust_env=False) as http:
            while True:
                state = await ask_health(kept.part.health, http)
                if kept.runs and state != kept.state:
                    self._note(kept, state)
                await asyncio.sleep(LOOK_AGAIN_S if kept.ready.is_set() else LOOK_S)

    def _note(self, kept: _Kept, state: State) -> None:
        """Note how a part does from now on, and say what is worth it."""
        told = {"away": "does not answer", "ill": "says that it is not well"}.get(state)
        if told is None and kept.was_ready:
            told = "is well" if kept.ready.is_set() else "answers again"
        if told is not None:
            self._tell(kept.part.name, told)
        kept.state = state
        if state == "away":
            kept.ready.clear()
            return
        if kept.was_ready:
            self._renew_those_after(kept)
        kept.was_ready = True
        kept.ready.set()

    def _renew_those_after(self, kept: _Kept) -> None:
        """Start those anew that read what a part wrote when it started, if it started again."""
        if kept.start_count == 1:
            return
        kept.start_count = 1
        for one in self._kept.values():
            if one.part.after == kept.part.name and one.runs and one.process:
                one.process.terminate()


async def _wait(event: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
