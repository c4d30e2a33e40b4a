"""How the portal does: its requests, counted and timed by what they are for.

An address of the portal holds a secret: only its first part, if it is one of ours, becomes a label.
"""

import time
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PLACES: Final = frozenset({"receipts", "inbound", "c", "app", "assets", "healthz"})
"""What the portal serves, by the first part of an address; all else counts as `other`."""

BUCKETS_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class CountedRequests:
    """An application whose requests are counted and timed.

    Args:
        app: What answers them.
        registry: Where `rollcall_portal_requests_total` (by place and kind of status) and
            `rollcall_portal_request_seconds` (by place) are registered.
    """

    def __init__(self, app: ASGIApp, registry: CollectorRegistry) -> None:
        self._app = app
        self._requests = Counter(
            "rollcall_portal_requests", "Requests.", ("place", "status"), registry=registry
        )
        self._seconds = Histogram(
            "rollcall_portal_request_seconds",
            "From a request's head to the end of its answer.",
            ("place",),
            buckets=BUCKETS_S,
            registry=registry,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the application does; a request without an answer counts as `none`."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        place, status, began = _place_of(scope["path"]), "none", time.perf_counter()

        async def note_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = f"{message['status'] // 100}xx"
            await send(message)

        try:
            await self._app(scope, receive, note_status)
        finally:
            self._requests.labels(place, status).inc()
            self._seconds.labels(place).observe(time.perf_counter() - began)


def _place_of(path: str) -> str:
    first = path.split("/", 2)[1] if path.startswith("/") else ""
    return first if first in PLACES else "other"
