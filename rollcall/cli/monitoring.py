"""`--metrics-port` of commands that run until they are ended."""

import time
from collections.abc import Awaitable, Callable
from typing import Annotated, Final

import typer
from prometheus_client import Counter, Gauge

from rollcall.metrics.monitor import Vitals, make_registry, monitored
from rollcall.settings import Settings

MetricsPortOption = Annotated[
    int | None,
    typer.Option(
        "--metrics-port", min=0, max=65_535, help="Port for /health and /metrics; default: none."
    ),
]

LATE_AFTER: Final = 3
"""Rounds: a service that has not ended one for so long is not well."""

PATIENCE_S: Final = 60.0
"""What a round may take besides."""


class Rounds:
    """What a service that works in rounds tells of them.

    Args:
        part: Which service it is.
        every_s: How often it makes one, None: once.
        patience_s: What a round may take besides before it counts as hung.
    """

    def __init__(self, part: str, every_s: float | None, patience_s: float = PATIENCE_S) -> None:
        self.part = part
        self.every_s = every_s
        self.registry = make_registry(part)
        self._late_after_s = LATE_AFTER * (every_s or 0.0) + patience_s
        self._ended_at = time.monotonic()
        self._was_whole = True
        self._count = Counter(
            "rollcall_rounds", "Rounds that were made.", ("result",), registry=self.registry
        )
        self._last = Gauge(
            "rollcall_last_round_timestamp_seconds",
            "End of the last round.",
            registry=self.registry,
        )

    def note(self, *, is_whole: bool) -> None:
        """Note the end of a round, and whether all of it could be done."""
        self._was_whole = is_whole
        self._ended_at = time.monotonic()
        self._count.labels("whole" if is_whole else "broken").inc()
        self._last.set_to_current_time()

    async def check(self) -> Vitals:
        """Tell whether the last round was whole, and not too long ago."""
        age_s = time.monotonic() - self._ended_at
        is_well = self._was_whole and age_s < self._late_after_s
        return Vitals(is_well, {"last_round_s_ago": round(age_s, 1), "was_whole": self._was_whole})


async def run_monitored(
    settings: Settings, port: int | None, rounds: Rounds, work: Callable[[], Awaitable[bool]]
) -> bool:
    """Do the work of a service in rounds, monitored meanwhile, and return what it returns.

    Raises:
        ConfigError: It cannot be listened at the port.
    """
    async with monitored(settings, port, rounds.part, rounds.check, rounds.registry):
        return await work()
