"""The last look at drafts before they are sent: it goes on while the page does.

Of a million people it takes the processor 8 s. Whoever clicks meanwhile does not begin it anew.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Lock
from typing import Final

from rollcall.desk.composing import CheckedDraft

PATIENCE_S: Final = 0.1
"""How long a page waits for a look: enough for hundreds of people, and a page of a million still
opens within a second."""

_checker: Final = ThreadPoolExecutor(1, thread_name_prefix="checks")
"""One at a time, so that looking takes no more than one core from what sends."""


@dataclass(frozen=True, slots=True)
class CheckedBy:
    """Whose look at which draft: they have one at a time."""

    actor_name: str
    draft_id: str


@dataclass(slots=True)
class Checks:
    """Looks that go on, for all threads of a process.

    Attributes:
        patience_s: How long whoever asks waits before they go on without.
    """

    patience_s: float = PATIENCE_S
    _going: "dict[CheckedBy, tuple[object, Future[CheckedDraft]]]" = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def look(
        self, whose: CheckedBy, asked: object, check: Callable[[], CheckedDraft]
    ) -> CheckedDraft | None:
        """Return what a draft comes to, once; None while that is being found.

        Args:
            whose: Whose look it is.
            asked: What of the draft it depends on: with another one it is begun anew.
            check: Finds it.

        Raises:
            RollcallError: It could not be sent now; says why.
        """
        with self._lock:
            going = self._going.get(whose)
            if going is None or going[0] != asked:
                if going is not None:
                    going[1].cancel()
                going = self._going[whose] = (asked, _checker.submit(check))
        try:
            return going[1].result(self.patience_s)
        except TimeoutError:
            return None
        finally:
            self._forget(whose, going[1])

    def is_over(self, whose: CheckedBy) -> bool:
        """Tell whether nothing goes on: what there is to say is said at the next `look`."""
        with self._lock:
            going = self._going.get(whose)
        return going is None or going[1].done()

    def _forget(self, whose: CheckedBy, told: "Future[CheckedDraft]") -> None:
        """Let go of one that is told; whoever asks again looks anew."""
        with self._lock:
            going = self._going.get(whose)
            if going is not None and going[1] is told and told.done():
                del self._going[whose]
