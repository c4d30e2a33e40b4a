"""Whose certificates a route believes."""

import ssl

from rollcall.errors import ConfigError
from rollcall.routes.settings import BaseRouteSettings


def load_trust(settings: BaseRouteSettings) -> ssl.SSLContext:
    """Trust the authorities of `ca_file` where one is set, else the system's; always check names.

    Raises:
        ConfigError: The file cannot be read or holds no certificate.
    """
    try:
        return ssl.create_default_context(cafile=settings.ca_file)
    except OSError as exc:  # ssl.SSLError is one
        raise ConfigError(
            f"route {settings.id!r}: ca_file: {settings.ca_file} cannot be read as certificates"
        ) from exc
