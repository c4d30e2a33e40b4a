"""Free ports on loopback."""

import random
import socket
from contextlib import ExitStack
from typing import Final

from rollcall.settings import PortSettings

PORTS: Final = range(15_000, 32_768)
"""Below those that the kernel gives to connections: one of those is taken by anybody's call before
the server that it was found for listens there."""

OF_PARTS: Final = tuple(name.upper() for name in PortSettings.model_fields)
"""What the ports of an installation's parts are called in its settings."""

_random: Final = random.SystemRandom()
"""Each process of a test run draws for itself."""


def find_free_port() -> int:
    """Return a port that nothing listens on right now."""
    [port] = find_free_ports(1)
    return port


def find_free_ports(count: int) -> list[int]:
    """Return so many different ports that nothing listens on right now."""
    ports: list[int] = []
    with ExitStack() as stack:
        for port in _random.sample(PORTS, len(PORTS)):
            if len(ports) == count:
                return ports
            if _bind(stack.enter_context(socket.socket()), port):
                ports.append(port)
    raise OSError(f"of {len(PORTS):,} ports fewer than {count} are free")


def draw_ports() -> dict[str, int]:
    """Return a free port for each part of an installation, by its name in the settings."""
    return dict(zip(OF_PARTS, find_free_ports(len(OF_PARTS)), strict=True))


def _bind(probe: socket.socket, port: int) -> bool:
    try:
        probe.bind(("127.0.0.1", port))
    except OSError:
        return False
    return True
