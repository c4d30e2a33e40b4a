"""Answers that are waited for, and the moment at which each is given up.

A timer of the event loop for every message, set and taken back, is a twentieth of the time that a
message takes. Of those who are all given the same patience, who began first is due first: one timer
for the eldest is enough.
"""

import asyncio

from aiohttp import SocketTimeoutError
from aiohttp.client_proto import ResponseHandler


class Deadlines:
    """Ends the wait of every connection that was not answered in time; for one event loop.

    Args:
        patience_s: How long each may wait; above 0.
    """

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self._due_at: dict[ResponseHandler, float] = {}  # in the order in which they are due
        self._timer: asyncio.TimerHandle | None = None

    def start(self, protocol: ResponseHandler) -> float:
        """Give a connection its time; return the moment on the loop's clock at which it is over.

        Whoever reads from the connection then gets a `SocketTimeoutError`.
        """
        loop = asyncio.get_running_loop()
        due_at = loop.time() + self._patience_s
        self._due_at[protocol] = due_at
        if self._timer is None:
            self._timer = loop.call_at(due_at, self._end_overdue, loop)
        return due_at

    def stop(self, protocol: ResponseHandler) -> None:
        """Take a connection's deadline back; nothing happens where it has none."""
        self._due_at.pop(protocol, None)

    def close(self) -> None:
        """Take the timer back; nobody may be waiting any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _end_overdue(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        now = loop.time()
        for protocol, due_at in list(self._due_at.items()):
            if due_at > now:
                self._timer = loop.call_at(due_at, self._end_overdue, loop)
                return
            del self._due_at[protocol]
            protocol.set_exception(SocketTimeoutError("no answer in time"))
