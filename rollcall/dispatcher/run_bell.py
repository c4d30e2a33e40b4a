"""Hear from Prefect that there is a run to take, instead of asking it all the time.

A ring may be lost, or come before what it tells of can be seen: who is rung for looks again.
"""

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from prefect.events.clients import get_events_subscriber
from prefect.events.filters import EventFilter, EventNameFilter

EVENTS: Final = [f"prefect.flow-run.{name}" for name in ("Scheduled", "Resuming", "AwaitingRetry")]
"""What tells of a run to take: one that was made, and one that goes on."""

AGAIN_S: Final = 1.0
"""Pause before another connection is made, in seconds."""

AFTER_S: Final = (0.05, 0.2)
"""Longest waits after a ring, in seconds: what it tells of may not have been there to be seen."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class RunBell:
    """Hears what Prefect's event stream tells; an async context manager.

    Attributes:
        is_heard: Whether it is connected: a ring would be heard.
    """

    is_heard: bool = field(init=False, default=False)
    _rung: asyncio.Event = field(init=False, default_factory=asyncio.Event)
    _after_s: list[float] = field(init=False, default_factory=list)
    _listening: "asyncio.Task[None] | None" = field(init=False, default=None)

    async def __aenter__(self) -> "RunBell":
        self._listening = asyncio.create_task(self._listen_for_ever())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)

    async def wait(self, timeout_s: float) -> bool:
        """Wait for a ring, at most so long; return whether there was one since the last call.

        After a ring the next waits are short, so that whoever was rung for looks again soon.
        """
        if self._after_s:
            timeout_s = min(timeout_s, self._after_s.pop(0))
        with suppress(TimeoutError):
            await asyncio.wait_for(self._rung.wait(), timeout_s)
        has_rung = self._rung.is_set()
        self._rung.clear()
        if has_rung:
            self._after_s = list(AFTER_S)
        return has_rung

    def ring(self) -> None:
        """Wake whoever waits."""
        self._rung.set()

    async def _listen_for_ever(self) -> None:
        while True:
            try:
                await self._listen()
            except Exception as error:  # noqa: BLE001 - whatever Prefect's client raises: it is away
                log.debug("no events are heard", extra={"fault": type(error).__name__})
            finally:
                self.is_heard = False
            await asyncio.sleep(AGAIN_S)

    async def _listen(self) -> None:
        """Listen on one connection until it breaks."""
        wanted = EventFilter(event=EventNameFilter(name=EVENTS))
        async with get_events_subscriber(filter=wanted, reconnection_attempts=0) as events:
            self.is_heard = True
            self.ring()  # for what was made while nobody listened
            async for _ in events:
                self.ring()
