"""`rollcall server`: Prefect's server, bound and set as Rollcall wants it."""

import os
import sys
from typing import Annotated

import typer

from rollcall.cli.environments import server_environment
from rollcall.errors import ConfigError
from rollcall.settings import load_settings


def server(
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int | None,
        typer.Option("--port", min=1, max=65_535, help="Default: ROLLCALL_PORTS__PREFECT."),
    ] = None,
) -> None:
    """Run Prefect's server, with its UI, until SIGTERM or Ctrl-C; it tells nobody anything."""
    settings = load_settings()
    at = port or settings.ports.prefect
    environment = server_environment(settings, host, at)
    make_prefect_home(environment["PREFECT_HOME"])
    sys.stdout.flush()
    command = [
        sys.executable,
        "-m",
        "rollcall.cli.prefect_process",  # not imported: it would bring all of Prefect
        "server",
        "start",
        "--host",
        host,
        "--port",
        str(at),
    ]
    os.execve(sys.executable, command, environment)  # noqa: S606 - Prefect's own command, or nearly


def make_prefect_home(path: str) -> None:
    """Make the folder of Prefect's database, for its owner only.

    Raises:
        ConfigError: It cannot be made.
    """
    try:
        os.makedirs(path, mode=0o700, exist_ok=True)  # noqa: PTH103 - with the mode for all of it
        os.chmod(path, 0o700)  # noqa: PTH101 - and for one that is there
    except OSError as error:
        raise ConfigError(f"PREFECT_HOME {path} cannot be written: {error.strerror}") from error
