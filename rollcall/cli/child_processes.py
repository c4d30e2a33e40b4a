"""What a supervisor needs of Linux so that it leaves no process behind, whatever happens to it.

Each part leads a session of its own. What it leaves behind comes to us, since we are its subreaper
(prctl(2)), and is found in `/proc`. A part hears SIGTERM when we die without a word.
"""

import ctypes
import os
import signal
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_CHILD_SUBREAPER: Final = 36
_libc = ctypes.CDLL(None, use_errno=True)


def adopt_orphans() -> None:
    """Become the parent of whatever our parts leave behind."""
    _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def die_with_parent() -> None:
    """Have this process told to end when its parent dies; for a child before it is executed."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def signal_group(leader: int, number: signal.Signals) -> None:
    """Send a signal to what is left of a part."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, number)


def is_group_empty(leader: int) -> bool:
    """Tell whether nothing is left of a part."""
    try:
        os.killpg(leader, 0)
    except ProcessLookupError:
        return True
    return False


def reap_adopted(parts: Collection[int]) -> None:
    """Let go of adopted processes that have ended; the parts' own ends are told to others."""
    for pid, parent, state in _list_processes():
        if parent == os.getpid() and state == "Z" and pid not in parts:
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)


def list_adopted(parts: Collection[int]) -> list[int]:
    """Return the running processes that parts which have ended left to us."""
    return [
        pid
        for pid, parent, state in _list_processes()
        if parent == os.getpid() and state not in "ZX" and pid not in parts
    ]


def signal_each(pids: Iterable[int], number: signal.Signals) -> None:
    """Send a signal to processes of ours; those that have ended meanwhile are left out."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def kill_descendants() -> None:
    """Kill everything that descends from us."""
    signal_each(list_descendants(os.getpid()), signal.SIGKILL)


def list_descendants(ancestor: int) -> list[int]:
    """Return the running processes that descend from one."""
    children: dict[int, list[int]] = {}
    for pid, parent, state in _list_processes():
        if state not in "ZX":
            children.setdefault(parent, []).append(pid)
    found: list[int] = []
    ahead = [ancestor]
    while ahead:
        of_one = children.get(ahead.pop(), [])
        found += of_one
        ahead += of_one
    return found


def _list_processes() -> Iterator[tuple[int, int, str]]:
    """Yield number, parent and state of every process; source: proc(5), `/proc/PID/stat`."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(FileNotFoundError, ProcessLookupError):
                state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
                yield int(folder.name), int(parent), state
