"""The portal as a process: listens, and ends when it is told to, after what it is answering."""

import asyncio
import logging
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn
from starlette.types import ASGIApp

STOP_WITHIN_S: Final = 10
"""How long answers that are being given may take at the end; longer than any commit is awaited."""

KEEP_ALIVE_S: Final = 75
"""Longer than a reverse proxy keeps an idle connection (nginx: 60 s), so that the proxy ends it."""


SWITCH_EVERY_S: Final = 0.0005
"""How long the event loop may keep the interpreter from the threads that talk to the ledger. A call
of the ledger's gives it up many times, and with Python's own 5 ms waits that long each time."""


class _Server(uvicorn.Server):
    """Ends on SIGTERM or SIGINT by returning, where uvicorn would send itself the signal again."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Listen to both signals for as long as the context lasts; the second time, end at once."""
        loop = asyncio.get_running_loop()
        ending = (signal.SIGTERM, signal.SIGINT)
        for number in ending:
            loop.add_signal_handler(number, self._end)
        try:
            yield
        finally:
            for number in ending:
                loop.remove_signal_handler(number)

    def _end(self) -> None:
        self.force_exit = self.should_exit
        self.should_exit = True


async def serve(app: ASGIApp, listening: socket.socket) -> None:
    """Serve until SIGTERM or SIGINT; for the main thread.

    Nothing of a request is logged: its address holds a secret, its body a person's number.
    """
    # below this level uvicorn logs every request whole, however the access log is set
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    sys.setswitchinterval(SWITCH_EVERY_S)
    config = uvicorn.Config(
        app,
        lifespan="on",
        ws="none",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=STOP_WITHIN_S,
    )
    await _Server(config).serve([listening])
