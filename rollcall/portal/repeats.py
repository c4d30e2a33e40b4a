"""Texts handed over again: an old STOP must not undo a newer START, nor an old START a STOP.

A provider repeats a text when our answer was lost. That is seconds later and to this process, so it
is enough to remember the latest; receipts need none of this, since the ledger knows each of them.
"""

from collections import OrderedDict
from dataclasses import replace
from typing import Final

from rollcall.ledger.arrivals import Arrival

MOST_REMEMBERED: Final = 10_000
"""Texts remembered: about a megabyte."""


class RecentTexts:
    """The texts that were applied last, by the provider's id."""

    def __init__(self) -> None:
        self._applied: OrderedDict[tuple[str, str], None] = OrderedDict()

    def leave_out(self, arrival: Arrival) -> Arrival:
        """Return an arrival without the texts that were applied before."""
        new = (
            wish
            for wish in arrival.wishes
            if wish.provider_id is None or (arrival.route_id, wish.provider_id) not in self._applied
        )
        return replace(arrival, wishes=tuple(new)) if arrival.wishes else arrival

    def note(self, arrival: Arrival) -> None:
        """Remember the texts of an arrival that was committed."""
        for wish in arrival.wishes:
            if wish.provider_id is not None:
                self._applied[arrival.route_id, wish.provider_id] = None
        while len(self._applied) > MOST_REMEMBERED:
            self._applied.popitem(last=False)
