"""`rollcall portal`: take what providers report, and serve members, from outside."""

import asyncio
import logging
import socket
import sys
from typing import Annotated, Final

import typer

from rollcall.cli.monitoring import MetricsPortOption
from rollcall.cli.output import Format, FormatOption, print_json, print_notice
from rollcall.clock import SystemClock
from rollcall.listening import listen
from rollcall.metrics.monitor import make_registry, monitored
from rollcall.metrics.portal_requests import CountedRequests
from rollcall.portal.assembly import open_portal
from rollcall.portal.serving import serve
from rollcall.settings import load_settings

_FIELDS: Final = ("route_id", "fault", "reason")
"""What the portal's records carry; nothing else of them is printed."""

HostOption = Annotated[str, typer.Option("--host", help="Address to listen on.")]
PortOption = Annotated[
    int, typer.Option("--port", min=0, max=65_535, help="Port to listen on; 0 takes a free one.")
]


def portal(
    host: HostOption = "127.0.0.1",
    port: PortOption = 8710,
    metrics_port: MetricsPortOption = None,
    output: FormatOption = Format.TEXT,
) -> None:
    """Take what providers report and serve members their pages, until SIGTERM or Ctrl-C."""
    asyncio.run(_run(host, port, metrics_port, output))


async def _run(host: str, port: int, metrics_port: int | None, output: Format) -> None:
    settings, registry = load_settings(), make_registry("portal")
    async with open_portal(settings, SystemClock()) as app:
        with listen(host, port) as listening:
            _log_to_stderr()
            async with monitored(settings, metrics_port, "portal", registry=registry):
                _tell_address(listening, output)
                is_counted = metrics_port is not None
                await serve(CountedRequests(app, registry) if is_counted else app, listening)


def _tell_address(listening: socket.socket, output: Format) -> None:
    host, port = listening.getsockname()[:2]
    if output is Format.JSON:
        print_json({"host": host, "port": port})
    else:
        print_notice(f"the portal listens on {host} port {port}")


def _log_to_stderr() -> None:
    """Print warnings with the ids they carry, one line each."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_LineFormatter("%(asctime)s %(levelname)s %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])


class _LineFormatter(logging.Formatter):
    """Writes a record's fields after its text."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's own name
        """Return the line."""
        told = [f"{name}={getattr(record, name)}" for name in _FIELDS if hasattr(record, name)]
        return " ".join([super().formatMessage(record), *told])
