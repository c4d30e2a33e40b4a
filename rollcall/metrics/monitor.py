"""`GET /health` and `GET /metrics` of a process, on a listener of their own.

They tell ids of routes, counts and ages, and nothing of a person. Nobody from outside must reach
them all the same: they listen on loopback, or elsewhere with a token.

    registry = make_registry("dispatcher", ledger, clock)
    async with serve_monitor(make_monitor("dispatcher", registry, check), listening):
        ...  # what the process does
"""

import asyncio
import hmac
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

import uvicorn
from prometheus_client import CollectorRegistry, Gauge, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_1_0_0
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from rollcall import __version__
from rollcall.clock import Clock
from rollcall.errors import ConfigError
from rollcall.ledger.engine import Ledger
from rollcall.listening import is_loopback, listen
from rollcall.metrics.ledger_collector import LedgerCollector
from rollcall.settings import Settings

STOP_WITHIN_S: Final = 1
"""How long an answer that is being given may take when the process ends."""

_NOBODY_KEEPS_IT: Final = {"Cache-Control": "no-store"}


@dataclass(frozen=True, slots=True)
class Vitals:
    """How a process is.

    Attributes:
        is_well: It does what it is for.
        facts: What else is to be told, by name; no personal data.
    """

    is_well: bool
    facts: Mapping[str, str | int | float | bool | None] = field(default_factory=dict)


Check = Callable[[], Awaitable[Vitals]]
"""Tells how a process is; must answer at once, from what the process knows."""


async def say_well() -> Vitals:
    """Tell of a process that is well as long as it answers."""
    return Vitals(is_well=True)


def make_registry(
    part: str, ledger: Ledger | None = None, clock: Clock | None = None
) -> CollectorRegistry:
    """Return what one process's metrics are registered with: its version, memory, CPU and files.

    Args:
        part: Which process it is, e.g. `dispatcher`.
        ledger: Its figures are told, too; one process of an installation does that.
        clock: Needed with a ledger.
    """
    registry = CollectorRegistry()
    told = Gauge("rollcall_info", "1", ("part", "version"), registry=registry)
    told.labels(part, __version__).set(1)
    ProcessCollector(registry=registry)
    if ledger is not None and clock is not None:
        registry.register(LedgerCollector(ledger, clock))
    return registry


def make_monitor(
    part: str, registry: CollectorRegistry, check: Check = say_well, token: str = ""
) -> Starlette:
    """Return the ASGI application that answers `/health` and `/metrics`; to be served or mounted.

    `/health` answers 200 or 503 with `{"part", "version", "is_well", …}` as JSON, and asks for no
    token. `/metrics` is read in a thread: it may wait for the ledger.

    Args:
        part: Which process it is.
        registry: Of `make_registry`; further metrics of the process can be registered with it.
        check: Tells how the process is.
        token: What `/metrics` wants as a bearer; empty: nothing.
    """

    async def tell_health(_: Request) -> Response:
        vitals = await check()
        told = {"part": part, "version": __version__, "is_well": vitals.is_well}
        status = HTTPStatus.OK if vitals.is_well else HTTPStatus.SERVICE_UNAVAILABLE
        body = json.dumps(told | dict(vitals.facts))
        return Response(body, status, _NOBODY_KEEPS_IT, "application/json")

    async def tell_metrics(request: Request) -> Response:
        if not _is_allowed(request, token):
            return Response(status_code=HTTPStatus.UNAUTHORIZED, headers=_NOBODY_KEEPS_IT)
        told = await asyncio.to_thread(generate_latest, registry)
        headers = _NOBODY_KEEPS_IT | {"Content-Type": CONTENT_TYPE_PLAIN_1_0_0}
        return Response(told, headers=headers)

    return Starlette(
        routes=[
            Route("/health", tell_health, methods=["GET"]),
            Route("/metrics", tell_metrics, methods=["GET"]),
        ]
    )


def listen_for_monitor(host: str, port: int, token: str = "") -> socket.socket:
    """Listen for `serve_monitor`; port 0 takes a free one.

    Raises:
        ConfigError: It cannot be listened there, or others would reach it without a token.
    """
    if not is_loopback(host) and not token:
        raise ConfigError(
            f"metrics on {host} could be read by others: set ROLLCALL_METRICS_TOKEN, or leave them "
            "on 127.0.0.1"
        )
    return listen(host, port)


@asynccontextmanager
async def serve_monitor(app: Starlette, listening: socket.socket) -> AsyncIterator[None]:
    """Serve on the running event loop until the context ends; takes no signals, logs nothing.

    Args:
        app: Of `make_monitor`.
        listening: Of `listen_for_monitor`; closed at the end.
    """
    config = uvicorn.Config(
        app,
        lifespan="off",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=STOP_WITHIN_S,
    )
    server = _Server(config)
    with listening:
        serving = asyncio.create_task(server.serve([listening]))
        try:
            yield
        finally:
            server.should_exit = True
            await serving


@asynccontextmanager
async def monitored(
    settings: Settings,
    port: int | None,
    part: str,
    check: Check = say_well,
    registry: CollectorRegistry | None = None,
) -> AsyncIterator[socket.socket | None]:
    """Serve `/health` and `/metrics` meanwhile, if there is a port for them.

    Raises:
        ConfigError: It cannot be listened there.
    """
    if port is None:
        yield None
        return
    token = settings.metrics_token.get_secret_value()
    listening = listen_for_monitor(settings.metrics_host, port, token)
    app = make_monitor(part, registry or make_registry(part), check, token)
    async with serve_monitor(app, listening):
        yield listening


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the process that is monitored."""
        yield


def _is_allowed(request: Request, token: str) -> bool:
    given = request.headers.get("Authorization", "")
    return not token or hmac.compare_digest(given.encode(), f"Bearer {token}".encode())
