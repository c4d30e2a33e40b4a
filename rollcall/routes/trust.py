"""Whose certificates a route believes."""

import ssl
from pathlib import Path

from rollcall.errors import ConfigError
from rollcall.routes.settings import BaseRouteSettings


def load_trust(settings: BaseRouteSettings) -> ssl.SSLContext:
    """Trust the authorities of `ca_file` where one is set, else the system's; always check names.

    Raises:
        ConfigError: The file cannot be read or holds no certificate.
    """
    return trust_authorities(settings.ca_file, f"route {settings.id!r}")


def trust_authorities(ca_file: Path | None, whose: str) -> ssl.SSLContext:
    """Trust the authorities of a file, or the system's; always check names.

    Args:
        ca_file: PEM file, None for the system's.
        whose: Names the setting's owner in errors.

    Raises:
        ConfigError: The file cannot be read or holds no certificate.
    """
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as exc:  # ssl.SSLError is one
        raise ConfigError(f"{whose}: ca_file: {ca_file} cannot be read as certificates") from exc
