"""The dispatcher as a process: everything imported, one app, one loop, until it is told to end.

The loop is not the main thread's: Prefect's engine takes SIGTERM for itself on that one, and two
runs at once would take it from each other.
"""

import asyncio
import logging
import os
import platform
import signal
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from prefect.settings import (
    PREFECT_API_REQUEST_TIMEOUT,
    PREFECT_CLIENT_MAX_RETRIES,
    temporary_settings,
)

from rollcall import __version__
from rollcall.clock import SystemClock
from rollcall.dispatcher.flows import load_flows
from rollcall.dispatcher.keeping_deployed import Deploying
from rollcall.dispatcher.launching import prefect_address
from rollcall.dispatcher.ledger_side import LedgerSide
from rollcall.dispatcher.pool_side import PoolSide
from rollcall.dispatcher.result_storage import asking_for_none
from rollcall.errors import LedgerError
from rollcall.ledger.dispatchers import SEEN_EVERY_S, DispatcherRecord, say_gone, say_present
from rollcall.metrics.monitor import Vitals, make_monitor, make_registry, serve_monitor
from rollcall.settings import Settings
from rollcall.wiring import App, build_app, running_app

THREADS: Final = 64
"""Threads that talk to ledger and sources: messages being prepared must not hold up one that is
ready. Most of them wait."""

IMPATIENT: Final[dict[Any, Any]] = {
    PREFECT_API_REQUEST_TIMEOUT: 15.0,
    PREFECT_CLIENT_MAX_RETRIES: 3,
}
"""A Prefect server that hangs is not waited for by the minute, unless an operator says so."""

LEDGER_LATE_S: Final = 30.0
"""A dispatcher that could not look at the ledger for so long, in seconds, sends nothing new."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Dispatcher:
    """A resident process that starts what is accepted and goes on with what was left.

    Attributes:
        settings: Those of its app.
        tell: Takes a sentence for whoever watches.
        listening: Where its health and metrics are asked for, if anywhere.
    """

    settings: Settings
    tell: Callable[[str], None]
    listening: socket.socket | None = None
    _loop: asyncio.AbstractEventLoop | None = field(init=False, default=None)
    _app: App | None = field(init=False, default=None)
    _fault: BaseException | None = field(init=False, default=None)

    def run(self) -> None:
        """Work until SIGTERM or SIGINT, then finish what is in flight; for the main thread.

        Raises:
            RollcallError: It could not begin: a setting is wrong, or the ledger does not answer.
        """
        working = threading.Thread(target=self._work_in_thread, name="dispatcher", daemon=True)
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
            asyncio.run(self._work())
        except BaseException as error:  # noqa: BLE001 - the main thread raises it
            self._fault = error

    async def _work(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._loop.set_default_executor(ThreadPoolExecutor(THREADS, "dispatcher"))
        async with running_app(build_app(self.settings, SystemClock())) as app:
            self._app = app
            with temporary_settings(set_defaults=IMPATIENT), asking_for_none():
                await DispatcherWork(app, self.tell, self.listening).go_on()


@dataclass(slots=True)
class DispatcherWork:
    """What a dispatcher does with one app.

    Attributes:
        app: What flows work with.
        tell: Takes a sentence for whoever watches.
        listening: Where health and metrics are asked for, if anywhere.
    """

    app: App
    tell: Callable[[str], None]
    listening: socket.socket | None = None
    name: str = field(default_factory=lambda: f"dispatcher-{platform.node()}-{os.getpid()}")
    _ledger: LedgerSide = field(init=False)
    _pool: PoolSide | None = field(init=False, default=None)
    _deploying: Deploying | None = field(init=False, default=None)
    _started_at: datetime = field(init=False)

    def __post_init__(self) -> None:
        self._started_at = self.app.clock.now()
        self._ledger = LedgerSide(self.app, self._uses_prefect, self.tell)
        if prefect_address() is not None:
            self._pool = PoolSide(self.app, load_flows(), self.name, self.tell)
            self._deploying = Deploying(self._pool, self.tell)

    async def go_on(self) -> None:
        """Work until the app is told to stop."""
        async with self._monitored():
            beside = [asyncio.create_task(self._say_present_for_ever())]
            sides = [self._ledger.work()]
            if self._pool is not None and self._deploying is not None:
                beside.append(asyncio.create_task(self._deploying.work()))
                sides.append(self._pool.work())
            self.tell(f"{self.name} works")
            try:
                await asyncio.gather(*sides)
            finally:
                for task in beside:
                    task.cancel()
                await asyncio.gather(*beside, return_exceptions=True)
                await asyncio.to_thread(say_gone, self.app.ledger, self._ledger.owner)

    async def check(self) -> Vitals:
        """Tell how it is; that Prefect is away is no illness of its own.

        It is one that the ledger does not answer, or that Prefect does and has no deployments.
        """
        looked_s_ago = time.monotonic() - self._ledger.looked_at
        deployments = self._deploying.state if self._deploying else None
        facts = {
            "prefect": self._tell_prefect(),
            "deployments": deployments,
            "ledger_looked_s_ago": round(looked_s_ago, 1),
            "messages": len(self._ledger.running),
            "flow_runs": len(self._pool.running) if self._pool else 0,
        }
        is_well = looked_s_ago < LEDGER_LATE_S and deployments != "failing"
        return Vitals(is_well and not self.app.steps.stopping.is_set(), facts)

    @asynccontextmanager
    async def _monitored(self) -> AsyncIterator[None]:
        if self.listening is None:
            yield
            return
        registry = make_registry("dispatcher", self.app.ledger, self.app.clock)
        token = self.app.settings.metrics_token.get_secret_value()
        monitor = make_monitor("dispatcher", registry, self.check, token)
        async with serve_monitor(monitor, self.listening):
            yield

    def _uses_prefect(self) -> bool:
        return self._pool is not None and self._pool.answers

    def _tell_prefect(self) -> str | None:
        if self._pool is None or self._deploying is None:
            return None
        if not self._pool.answers:
            return "away"
        return "undeployed" if self._deploying.state == "failing" else "answers"

    async def _say_present_for_ever(self) -> None:
        while True:
            try:
                await asyncio.to_thread(say_present, self.app.ledger, self._describe())
            except LedgerError as error:
                log.warning("no sign was given", extra={"reason": str(error)})
            await self._wait_for_news()

    async def _wait_for_news(self) -> None:
        """Wait until a sign is due: at once where Prefect is away, or answers again."""
        if self._pool is None:
            await asyncio.sleep(SEEN_EVERY_S)
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(self._pool.news.wait(), SEEN_EVERY_S)
        self._pool.news.clear()

    def _describe(self) -> DispatcherRecord:
        address = self.listening.getsockname()[:2] if self.listening else None
        return DispatcherRecord(
            owner=self._ledger.owner,
            host=platform.node(),
            version=__version__,
            address=f"{address[0]}:{address[1]}" if address else None,
            started_at=self._started_at,
            seen_at=self.app.clock.now(),
            prefect=self._tell_prefect(),
        )
