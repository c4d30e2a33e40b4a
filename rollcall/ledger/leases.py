"""Who holds a delivery: a lease names its process, so that dead can be told from slow."""

import os
import platform
import uuid
from hashlib import sha1
from pathlib import Path

LEASE_S = 40.0
"""How long a claim holds without renewal: who is paused for longer has lost what they held. What a
machine held that is gone is gone on with within a minute."""


def new_owner() -> str:
    """Return a name for a new holder of leases in this process: host, process, random part."""
    pid = os.getpid()
    return f"{_host()}/{pid}/{_started(pid)}/{uuid.uuid4().hex[:8]}"


def is_dead(owner: str) -> bool:
    """Tell whether a holder is certainly gone: its process ran on this host and no longer does.

    A holder on another host, or in another container, is never called dead: its lease must run out.
    """
    host, pid, started, _ = owner.split("/")
    return host == _host() and _started(int(pid)) != started and not _is_hidden(int(pid))


def _host() -> str:
    """Name this boot of this machine, and the process namespace within it.

    The boot id alone is shared by all containers of a machine, whose process numbers differ. Where
    there is no `/proc` nobody is ever called dead.
    """
    try:
        boot_id = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        host = f"{boot_id}:{Path('/proc/self/ns/pid').stat().st_ino}"
        return sha1(host.encode(), usedforsecurity=False).hexdigest()[:16]
    except FileNotFoundError:
        return platform.node()


def _started(pid: int) -> str:
    """Return when a process started, in clock ticks since boot; empty if it does not run.

    Process numbers are used again; together with the start they are unique within a boot. Source:
    proc(5), field 22 of `/proc/PID/stat`; the command name before it may hold spaces.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    fields = stat.rpartition(")")[2].split()
    is_gone = fields[0] in ("Z", "X")
    return "" if is_gone else fields[19]


def _is_hidden(pid: int) -> bool:
    """Tell whether a process exists that `/proc` does not show us (mounted with `hidepid`)."""
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except ProcessLookupError:
        return False
    return False
