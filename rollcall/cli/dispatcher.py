"""`rollcall dispatcher`: start what is accepted, at once, and go on with what was left."""

from typing import Annotated

import typer

from rollcall.cli.output import print_notice
from rollcall.metrics.monitor import listen_for_monitor
from rollcall.settings import load_settings

MetricsPortOption = Annotated[
    int,
    typer.Option(
        "--metrics-port",
        min=0,
        max=65_535,
        help="Port for /health and /metrics; 0 takes a free one.",
    ),
]


def dispatcher(metrics_port: MetricsPortOption = 8711) -> None:
    """Start what is accepted and what Prefect schedules, at once, until SIGTERM or Ctrl-C."""
    from rollcall.dispatcher.service import Dispatcher  # noqa: PLC0415 - Prefect takes a second to import

    settings = load_settings()
    token = settings.metrics_token.get_secret_value()
    listening = listen_for_monitor(settings.metrics_host, metrics_port, token)
    host, port = listening.getsockname()[:2]
    print_notice(f"health and metrics are on {host} port {port}")
    Dispatcher(settings, print_notice, listening).run()
