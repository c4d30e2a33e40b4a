"""The dispatcher as a process: everything imported, one app, one loop, until it is told to end.

The loop is not the main thread's: Prefect's engine takes SIGTERM for itself on that one, and two
runs at once would take it from each other.
"""

import asyncio
import logging
import os
import platform
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import httpx
from prefect.exceptions import PrefectException

from rollcall import __version__
from rollcall.clock import SystemClock
from rollcall.dispatcher.deploying import deploy
from rollcall.dispatcher.flows import load_flows
from rollcall.dispatcher.launching import prefect_address
from rollcall.dispatcher.ledger_side import LedgerSide
from rollcall.dispatcher.pool_side import PoolSide
from rollcall.errors import ConfigError, LedgerError
from rollcall.ledger.dispatchers import SEEN_EVERY_S, DispatcherRecord, say_gone, say_present
from rollcall.settings import Settings
from rollcall.wiring import App, build_app, running_app

DEPLOY_AGAIN_S: Final = 5.0
"""Pause between two tries to deploy, in seconds."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Dispatcher:
    """A resident process that starts what is accepted and goes on with what was left.

    Attributes:
        settings: Those of its app.
        tell: Takes a sentence for whoever watches.
        address: Where its health is asked, for others to know.
    """

    settings: Settings
    tell: Callable[[str], None]
    address: str | None = None
    _loop: asyncio.AbstractEventLoop | None = field(init=False, default=None)
    _app: App | None = field(init=False, default=None)
    _pool: PoolSide | None = field(init=False, default=None)
    _ledger: LedgerSide | None = field(init=False, default=None)
    _started_at: datetime | None = field(init=False, default=None)
    _fault: BaseException | None = field(init=False, default=None)

    def run(self) -> None:
        """Work until SIGTERM or SIGINT, then finish what is in flight; for the main thread.

        Raises:
            RollcallError: It could not begin: a setting is wrong, or the ledger does not answer.
        """
        working = threading.Thread(target=self._work_in_thread, name="dispatcher")
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._end)
        working.start()
        while working.is_alive():
            working.join(timeout=1.0)  # without a bound no signal is heard
        if self._fault is not None:
            raise self._fault

    def _end(self, *_: Any) -> None:
        """Begin no further try; the second time, end at once: the ledger knows what is left."""
        if self._app is None or self._loop is None or self._app.steps.stopping.is_set():
            os._exit(1)
        self.tell("ending: what is in flight is waited for")
        self._loop.call_soon_threadsafe(self._app.steps.stopping.set)

    def _work_in_thread(self) -> None:
        try:
            asyncio.run(self.work())
        except BaseException as error:  # noqa: BLE001 - the main thread raises it
            self._fault = error

    async def work(self) -> None:
        """Work until the app is told to stop."""
        self._loop = asyncio.get_running_loop()
        clock = SystemClock()
        async with running_app(build_app(self.settings, clock)) as app:
            self._app, self._started_at = app, clock.now()
            app.book.keep_divided(self.settings.delivery.processes)
            self._ledger = LedgerSide(app, self._uses_prefect, self.tell)
            beside = [asyncio.create_task(self._say_present_for_ever(app))]
            sides = [self._ledger.work()]
            if prefect_address() is not None:
                self._pool = PoolSide(app, load_flows(), self._name(), self.tell)
                beside.append(asyncio.create_task(self._deploy()))
                sides.append(self._pool.work())
            self.tell(f"dispatcher {self._name()} works")
            try:
                await asyncio.gather(*sides)
            finally:
                for task in beside:
                    task.cancel()
                await asyncio.gather(*beside, return_exceptions=True)
                await asyncio.to_thread(say_gone, app.ledger, self._ledger.owner)

    def is_well(self) -> bool:
        """Tell whether it works; that Prefect is away is no illness of its own."""
        return self._app is not None and not self._app.steps.stopping.is_set()

    def _uses_prefect(self) -> bool:
        return self._pool is not None and self._pool.answers

    def _name(self) -> str:
        return f"dispatcher-{platform.node()}-{os.getpid()}"

    async def _say_present_for_ever(self, app: App) -> None:
        while True:
            try:
                await asyncio.to_thread(say_present, app.ledger, self._describe(app))
            except LedgerError as error:
                log.warning("no sign was given", extra={"reason": str(error)})
            await asyncio.sleep(SEEN_EVERY_S)

    def _describe(self, app: App) -> DispatcherRecord:
        now = app.clock.now()
        answers = "answers" if self._uses_prefect() else "away"
        return DispatcherRecord(
            owner=self._ledger.owner if self._ledger else "",
            host=platform.node(),
            version=__version__,
            address=self.address,
            started_at=self._started_at or now,
            seen_at=now,
            prefect=answers if self._pool else None,
        )

    async def _deploy(self) -> None:
        """Deploy once the server answers; a pool that is there is served meanwhile."""
        while True:
            try:
                if await deploy():
                    self.tell("the deployments of prefect.yaml are in Prefect")
            except (httpx.HTTPError, PrefectException, OSError) as error:
                log.debug("not deployed", extra={"fault": type(error).__name__})
            except ConfigError as error:
                self.tell(f"not deployed: {error}")
            else:
                return
            await asyncio.sleep(DEPLOY_AGAIN_S)
