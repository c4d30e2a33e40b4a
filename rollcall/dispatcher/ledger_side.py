"""What a dispatcher takes from the ledger: messages that wait for it, or that nobody works on."""

import asyncio
import logging
import time
from collections.abc import Callable
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import Final

from rollcall.dispatcher.launching import run_message
from rollcall.errors import LedgerError, RollcallError
from rollcall.ledger.doorbell import Doorbell
from rollcall.ledger.leases import new_owner
from rollcall.ledger.runs import (
    join_message,
    list_joinable,
    list_orphans,
    release_run,
    take_message,
)
from rollcall.sending.run_lease import taken_run
from rollcall.wiring import App

LOOK_EVERY_S: Final = 1.0
"""How often the ledger is looked at without a ring, in seconds."""

MOST_AT_ONCE: Final = 50
"""Messages that one dispatcher works on before one that was begun before waits for a place."""

JOIN_AGAIN_S: Final = 60.0
"""After how long a dispatcher takes part once more in what others lead, in seconds."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class LedgerSide:
    """Takes messages from the ledger and runs their flows, all on one loop.

    Attributes:
        app: What the flows work with.
        uses_prefect: Tells whether a flow run is to be made of a message now.
        tell: Takes a sentence for whoever watches.
        owner: The name of this dispatcher in the ledger.
        running: What it works on, by message.
        looked_at: When the ledger last answered, by `time.monotonic`; at first, its start.
    """

    app: App
    uses_prefect: Callable[[], bool]
    tell: Callable[[str], None]
    owner: str = field(default_factory=new_owner)
    running: "dict[str, asyncio.Task[None]]" = field(init=False, default_factory=dict)
    looked_at: float = field(init=False, default_factory=time.monotonic)
    _look_again_at: float = field(init=False, default=0.0)
    _had_room: bool = field(init=False, default=True)
    _rests: dict[str, float] = field(init=False, default_factory=dict)

    async def work(self) -> None:
        """Take what there is until told to stop; then wait for what is in flight."""
        stopping = self.app.steps.stopping
        async with Doorbell(self.app.ledger) as bell:
            while not stopping.is_set():
                try:
                    await self._look(await bell.wait(LOOK_EVERY_S))
                except LedgerError as error:
                    log.warning("the ledger was not looked at", extra={"reason": str(error)})
                    await asyncio.sleep(LOOK_EVERY_S)
        if self.running:
            await asyncio.wait(self.running.values())

    async def _look(self, rung_ids: list[str]) -> None:
        """Take what was rung for at once, then what nobody works on, then a part in large ones."""
        for message_id in dict.fromkeys(rung_ids):
            await self._take(message_id)
        if time.monotonic() < self._look_again_at:
            return
        self._look_again_at = time.monotonic() + LOOK_EVERY_S
        now = self.app.clock.now
        orphans = await asyncio.to_thread(list_orphans, self.app.ledger, now())
        self.looked_at = time.monotonic()
        for one in orphans:
            # what nobody has begun never waits for a place: most of those under way only wait
            if not one.is_begun or self._has_room():
                await self._take(one.message_id)
        ledger, owner = self.app.ledger, self.owner
        for one in await asyncio.to_thread(list_joinable, ledger, owner, now()):
            if self._has_room() and time.monotonic() >= self._rests.get(one.message_id, 0.0):
                await self._join(one.message_id, one.kind)

    async def _take(self, message_id: str) -> None:
        if message_id in self.running:
            return
        taken = await asyncio.to_thread(
            take_message, self.app.ledger, message_id, self.owner, self.app.clock.now()
        )
        self.looked_at = time.monotonic()
        if taken is not None:
            self._start(message_id, *taken)

    async def _join(self, message_id: str, kind: str) -> None:
        """Take part; where that ends badly or there is little to do, not again for a minute."""
        self._rests[message_id] = time.monotonic() + JOIN_AGAIN_S
        run_id = await asyncio.to_thread(
            join_message, self.app.ledger, message_id, self.owner, self.app.clock.now()
        )
        if run_id is not None:
            self._start(message_id, run_id, kind)

    def _has_room(self) -> bool:
        """Tell whether there is room for more than what is new; say so when there is none."""
        has_room = len(self.running) < MOST_AT_ONCE
        if has_room != self._had_room:
            told = "room again" if has_room else f"{MOST_AT_ONCE} at once: the others wait"
            self.tell(f"messages that were begun before: {told}")
        self._had_room = has_room
        return has_room

    def _start(self, message_id: str, run_id: str, kind: str) -> None:
        context = copy_context()
        context.run(taken_run.set, run_id)
        task = asyncio.create_task(self._run(message_id, run_id, kind), context=context)
        self.running[message_id] = task
        task.add_done_callback(lambda _: self.running.pop(message_id, None))

    async def _run(self, message_id: str, run_id: str, kind: str) -> None:
        """Run a message's flow; whatever becomes of it, the dispatcher goes on."""
        self.tell(f"message {message_id}: begun")
        try:
            report = await run_message(
                message_id, kind, self.tell, uses_prefect=self.uses_prefect()
            )
        except RollcallError as error:
            # the sentence may quote the source, and logs are read by others: the ledger has it
            await self._give_up(message_id, run_id, type(error).__name__)
        except Exception as error:  # noqa: BLE001 - the dispatcher outlives it; its words may quote people
            fault = {"message_id": message_id, "fault": type(error).__name__}
            log.error("a run broke off", extra=fault)  # noqa: TRY400
            await self._give_up(message_id, run_id, type(error).__name__)
        else:
            self.tell(f"message {message_id}: {report.state}")

    async def _give_up(self, message_id: str, run_id: str, fault: str) -> None:
        self.tell(f"message {message_id}: {fault}; `rollcall log {message_id}` tells more")
        try:
            now = self.app.clock.now()
            await asyncio.to_thread(release_run, self.app.ledger, run_id, now)
        except LedgerError as error:
            log.warning("the end of a run was not recorded", extra={"reason": str(error)})
