"""A place to listen at, or one clear sentence why it cannot be had."""

import ipaddress
import socket
from typing import Final

from rollcall.errors import ConfigError

BACKLOG: Final = 1024
"""Connections that may wait to be taken: a provider sends the receipts of a large send at once."""


def listen(host: str, port: int) -> socket.socket:
    """Listen at an address; port 0 takes a free one.

    Raises:
        ConfigError: That cannot be done here.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        told = error.strerror or type(error).__name__
        raise ConfigError(f"cannot listen on {host} port {port}: {told}") from error


def is_loopback(host: str) -> bool:
    """Tell whether an address is reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
