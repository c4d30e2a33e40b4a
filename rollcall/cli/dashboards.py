"""`rollcall dashboards`: the pages for those who send, follow and answer."""

import os
import sys
from typing import Annotated

import typer

from rollcall.cli.monitoring import MetricsPortOption
from rollcall.desk.opening import require_sign_in
from rollcall.desk.users import FILE_NAME, UserFile
from rollcall.listening import listen
from rollcall.metrics.monitor import listen_for_monitor
from rollcall.settings import PROJECT_FOLDER, load_settings
from rollcall.wiring import opened_ledger


def dashboards(
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int | None,
        typer.Option("--port", min=1, max=65_535, help="Default: ROLLCALL_PORTS__DASHBOARDS."),
    ] = None,
    metrics_port: MetricsPortOption = None,
) -> None:
    """Serve the dashboards until SIGTERM or Ctrl-C; elsewhere than on loopback one signs in."""
    settings = load_settings()
    at = port or settings.ports.dashboards
    users = UserFile(settings.data_dir / FILE_NAME)
    require_sign_in(settings, host, has_users=bool(users.list_all()))
    with opened_ledger():
        listen(host, at).close()
    if metrics_port is not None:
        token = settings.metrics_token.get_secret_value()
        listen_for_monitor(settings.metrics_host, metrics_port, token).close()
    sys.stdout.flush()
    command = [sys.executable, "-m", "streamlit", "run"]
    command += [str(PROJECT_FOLDER / "dashboards" / "app.py")]
    command += ["--server.address", host, "--server.port", str(at)]
    if metrics_port is not None:
        command += ["--", "--metrics-port", str(metrics_port)]
    os.execv(sys.executable, command)  # noqa: S606 - Streamlit's own command
