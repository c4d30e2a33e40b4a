"""Run a sandbox as a process: `python -m rollcall.sandbox --folder DIR --seed N --plan demo`."""

import argparse
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import get_args

from rollcall.errors import ConfigError
from rollcall.sandbox.plan import PlanName, make_plan
from rollcall.sandbox.servers import run_sandbox


def main() -> None:
    """Run the sandbox that the command line describes, until SIGTERM or Ctrl+C."""
    parser = argparse.ArgumentParser(prog="python -m rollcall.sandbox", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="where it writes its files")
    parser.add_argument("--seed", type=int, default=1, help="what faults are drawn from")
    parser.add_argument("--plan", choices=get_args(PlanName), default="demo", help="what to run")
    parser.add_argument(
        "--receipts", action="store_true", help="write routes that ask for receipts, if any come"
    )
    parser.add_argument(
        "--metrics-port", type=int, help="port for /health and /metrics; default: none"
    )
    arguments = parser.parse_args()
    plan = make_plan(arguments.plan, arguments.seed)
    try:
        monitor = open_monitor(arguments.metrics_port)
    except ConfigError as error:
        parser.error(str(error))
    run_sandbox(plan, arguments.folder, awaits_receipts=arguments.receipts, monitor=monitor)


def open_monitor(port: int | None) -> "AbstractAsyncContextManager[None] | None":
    """Listen for who asks how the process does; what is returned serves them.

    Raises:
        ConfigError: It cannot be listened there.
    """
    if port is None:
        return None
    from rollcall.metrics.monitor import (  # noqa: PLC0415 - most sandboxes need none of it
        listen_for_monitor,
        make_monitor,
        make_registry,
        serve_monitor,
    )
    from rollcall.settings import load_settings  # noqa: PLC0415 - likewise

    settings = load_settings()
    token = settings.metrics_token.get_secret_value()
    listening = listen_for_monitor(settings.metrics_host, port, token)
    return serve_monitor(make_monitor("sandbox", make_registry("sandbox"), token=token), listening)


if __name__ == "__main__":
    main()
