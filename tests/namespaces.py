"""Machines of a test: network namespaces on one host, each with an address of its own.

They need root. A thread that is in one makes its sockets and starts its processes there.
"""

import ctypes
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

HUB = "10.77.0.1"
"""The address at which every machine finds what they share."""

NETWORK = "10.77.0.0/16"

IP = shutil.which("ip", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin") or "/usr/sbin/ip"

_CLONE_NEWNET = 0x40000000


@dataclass(frozen=True)
class Machines:
    """A hub and the machines around it, by name.

    Attributes:
        prefix: What the names of their namespaces begin with.
    """

    prefix: str

    @contextmanager
    def inside(self, name: str) -> Iterator[None]:
        """Let what this thread opens and starts be on a machine."""
        with Path("/proc/thread-self/ns/net").open() as before:
            with Path(f"/run/netns/{self.prefix}{name}").open() as wanted:
                _enter(wanted.fileno())
            try:
                yield
            finally:
                _enter(before.fileno())

    def cut_off(self, name: str) -> None:
        """Pull a machine's cable."""
        _ip("-n", f"{self.prefix}hub", "link", "set", f"to-{name}", "down")


@contextmanager
def run_machines(*names: str) -> Iterator[Machines]:
    """Make a hub and machines that reach it, and nothing else; all go at the end."""
    machines = Machines(f"rc{os.getpid()}-")
    with ExitStack() as stack:
        for name in ("hub", *names):
            _ip("netns", "add", f"{machines.prefix}{name}")
            stack.callback(_ip, "netns", "delete", f"{machines.prefix}{name}")
            _ip("-n", f"{machines.prefix}{name}", "link", "set", "lo", "up")
        _ip("-n", f"{machines.prefix}hub", "address", "add", f"{HUB}/32", "dev", "lo")
        for number, name in enumerate(names, 1):
            _connect(machines.prefix, name, f"10.77.{number}")
        yield machines


def _connect(prefix: str, name: str, network: str) -> None:
    hub, machine = f"{prefix}hub", f"{prefix}{name}"
    ends = ("link", "add", f"to-{name}", "type", "veth", "peer", "name", "to-hub")
    _ip("-n", hub, *ends, "netns", machine)
    for namespace, device, last in ((hub, f"to-{name}", 1), (machine, "to-hub", 2)):
        _ip("-n", namespace, "address", "add", f"{network}.{last}/24", "dev", device)
        _ip("-n", namespace, "link", "set", device, "up")
    _ip("-n", machine, "route", "add", "default", "via", f"{network}.1")


def _enter(namespace: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(namespace, _CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "no other network namespace can be entered")


def _ip(*arguments: str) -> None:
    subprocess.run([IP, *arguments], check=True, capture_output=True, timeout=10)
