"""Makes the deployments once Prefect's server answers, and knows how that goes.

Without them nothing exists that Prefect starts by itself: no schedule, no reminder, no check-in.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, Literal

from rollcall.dispatcher.deploying import deploy, forget_deployed
from rollcall.dispatcher.pool_side import PoolSide
from rollcall.errors import ConfigError

DEPLOY_AGAIN_S: Final = 5.0
"""Pause before the next try to deploy, in seconds; doubles each time that it fails."""

LONGEST_PAUSE_S: Final = 60.0
"""The longest such pause: a try keeps a core busy for seconds."""

SURE_AFTER: Final = 2
"""Tries that failed in a row: one may have met a server that was only just there."""

DEPLOY_WITHIN_S: Final = 120.0
"""How long a try may take, in seconds; it takes a few, and many on a busy machine."""

LATE_AFTER_S: Final = DEPLOY_WITHIN_S + 30.0
"""A server that has answered for so long, in seconds, and has no deployments: something is amiss,
whether or not a try has come to an end."""

Tell = Callable[[str], None]

Deployments = Literal["made", "pending", "failing"]
"""`failing`: the server answers, and they are not made all the same."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Deploying:
    """Makes the deployments of `prefect.yaml`.

    Attributes:
        pool: Knows whether the server answers.
        tell: Takes a sentence for whoever watches.
        make: Makes them, where Prefect does not say that they are.
        forget: Makes it forget that.
        is_made: They are there, as this version has them.
    """

    pool: PoolSide
    tell: Tell
    make: Callable[[Tell], Awaitable[bool]] = deploy
    forget: Callable[[], Awaitable[None]] = forget_deployed
    is_made: bool = field(init=False, default=False)
    _fault: str = field(init=False, default="")
    _fault_count: int = field(init=False, default=0)
    _lost_at: float = field(init=False, default=0.0)

    @property
    def state(self) -> Deployments:
        """How it goes; that the server is away is not its fault."""
        if self.is_made:
            return "made"
        is_amiss = self._fault_count >= SURE_AFTER
        since = max(self.pool.since, self._lost_at)
        is_amiss |= time.monotonic() - since > LATE_AFTER_S
        return "failing" if self.pool.answers and is_amiss else "pending"

    async def work(self) -> None:
        """Try until they are made, for ever: Prefect's database may be set up anew.

        A pool that is there is served meanwhile.
        """
        pause_s = DEPLOY_AGAIN_S
        while True:
            if not self.is_made:
                await self._try_once()
            elif self.pool.answers and not self.pool.has_pool:
                await self._note_loss()
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S) if self._fault else DEPLOY_AGAIN_S

    async def _try_once(self) -> None:
        try:
            async with asyncio.timeout(DEPLOY_WITHIN_S):
                was_needed = await self.make(self.tell)
            if was_needed:
                self.tell("the deployments of prefect.yaml are in Prefect")
        except ConfigError as error:
            self._note_fault(str(error))
        except Exception as error:  # noqa: BLE001 - whatever Prefect's client raises: mostly it is away
            log.debug("not deployed", extra={"fault": type(error).__name__})
            self._note_fault(f"{type(error).__name__}, although Prefect answers")
        else:
            self.is_made = self.pool.has_pool = True
            self._fault, self._fault_count = "", 0

    async def _note_loss(self) -> None:
        """Have them made anew, also those that are left: they belong to no pool any more."""
        try:
            await self.forget()
        except Exception as error:  # noqa: BLE001 - whatever Prefect's client raises: the next time
            log.debug("still noted as deployed", extra={"fault": type(error).__name__})
            return
        self.tell("the work pool is gone from Prefect: it is made anew, with the deployments")
        self.is_made = False
        self._lost_at = time.monotonic()

    def _note_fault(self, fault: str) -> None:
        """Say what is amiss, once; a server that went away meanwhile is all there is to it."""
        if not self.pool.answers:
            fault = ""
        self._fault_count = self._fault_count + 1 if fault else 0
        if fault and fault != self._fault:
            self.tell(f"not deployed, so that no schedule and no reminder runs: {fault}")
        self._fault = fault
