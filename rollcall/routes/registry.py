"""Which settings make which route."""

from typing import assert_never

from rollcall.clock import Clock
from rollcall.routes.base import Route
from rollcall.routes.email.smtp import SmtpRoute
from rollcall.routes.settings import HttpSmsSettings, RouteSettings, SmtpSettings
from rollcall.routes.sms.http_sms import HttpSmsRoute


def build_route(settings: RouteSettings, clock: Clock | None = None) -> Route:
    """Build the route that some settings describe; nothing is connected yet.

    Raises:
        ConfigError: The settings name a file that cannot be read.
    """
    match settings:
        case SmtpSettings():
            return SmtpRoute(settings, clock)
        case HttpSmsSettings():
            return HttpSmsRoute(settings, clock)
        case _:
            assert_never(settings)
