"""Settings of the Python interpreter while a send is under way; the process's own ones come back.

A send holds thousands of tries in memory, all alive. The garbage collector of CPython looks through
them after every 700 new objects and finds next to nothing: measured 20 to 30 % of a send's CPU time
went there. And a thread that wants Python's global lock waits up to 5 ms for it by default; the
ledger's threads and the event loop hand it over thousands of times in a send.
"""

import gc
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

YOUNG_OBJECTS: Final = 50_000
"""New objects between two collections: some ten megabytes of garbage cycles at the most."""

OLDER_AFTER: Final = 20
"""Collections of a generation after which the next older one is collected too."""

SWITCH_S: Final = 0.0005
"""How long a thread waits before it asks for the global lock."""

_lock = threading.Lock()
_before: list[tuple[tuple[int, int, int], float]] = []
_users: list[object] = []


@contextmanager
def tuned_interpreter() -> Iterator[None]:
    """Tune while the first of several sends begins, until the last one of them ends."""
    user = object()
    with _lock:
        if not _users:
            _before[:] = [(gc.get_threshold(), sys.getswitchinterval())]
            gc.set_threshold(YOUNG_OBJECTS, OLDER_AFTER, OLDER_AFTER)
            sys.setswitchinterval(SWITCH_S)
        _users.append(user)
    try:
        yield
    finally:
        with _lock:
            _users.remove(user)
            if not _users:
                thresholds, switch_s = _before.pop()
                gc.set_threshold(*thresholds)
                sys.setswitchinterval(switch_s)
