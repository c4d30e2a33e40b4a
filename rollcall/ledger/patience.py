"""A ledger that does not answer for a moment (locked, disk full, restarting) delays a send."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Final, ParamSpec, TypeVar

from rollcall.clock import Clock
from rollcall.errors import LedgerError

PATIENCE: Final = timedelta(seconds=60)
"""How long a ledger that does not answer is asked again before a send stops."""

PAUSE_S: Final = 0.5
"""Between two such tries."""

P = ParamSpec("P")
R = TypeVar("R")


async def ask_patiently(clock: Clock, ask: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Ask the ledger something in a thread, again and again until it answers.

    Args:
        clock: What tells when patience ends.
        ask: A blocking call of one transaction; it may be made twice.
        args: Of the call.
        kwargs: Of the call.

    Raises:
        LedgerError: It has not answered for `PATIENCE`.
    """
    give_up_at = clock.now() + PATIENCE
    while True:
        try:
            return await asyncio.to_thread(ask, *args, **kwargs)
        except LedgerError:
            if clock.now() >= give_up_at:
                raise
            await asyncio.sleep(PAUSE_S)
