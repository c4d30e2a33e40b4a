"""`rollcall dispatcher`: start what is accepted, at once, and go on with what was left."""

from rollcall.cli.output import print_notice
from rollcall.settings import load_settings


def dispatcher() -> None:
    """Start what is accepted and what Prefect schedules, at once, until SIGTERM or Ctrl-C."""
    from rollcall.dispatcher.service import Dispatcher  # noqa: PLC0415 - Prefect takes a second to import

    Dispatcher(load_settings(), print_notice).run()
