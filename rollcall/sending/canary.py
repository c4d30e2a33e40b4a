"""Hold back the bulk of a large send for a moment, until its first messages show the best routes.

The canaries of each country spread over all healthy routes. The rest follows as soon as all of them
were heard of, or after a few seconds at most, and goes where receipts come back.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from rollcall.ledger.canaries import CanaryCount, count_canaries, read_canaries
from rollcall.ledger.engine import Ledger
from rollcall.sending.route_book import RouteBook

UNHEARD_WEIGHT = 8
"""A route whose canaries did not return while another's did is put behind it: as if so many
receipts were missing, too few to open its breaker."""


@dataclass(slots=True)
class CanaryHold:
    """Whether the bulk of one message's SMS is held back.

    Attributes:
        ledger: Where the canaries stand.
        book: What learns of them.
        message_id: The message.
        longest_s: The longest hold.
    """

    ledger: Ledger
    book: RouteBook
    message_id: str
    longest_s: float
    _until: datetime | None = None
    _is_over: bool = False

    def begin(self, now: datetime) -> None:
        """Begin the hold, unless there is nothing to learn; one that others began ends with theirs.

        Raises:
            LedgerError: The ledger does not answer.
        """
        if len(self.book.all_choices("sms")) < 2:  # noqa: PLR2004 - a choice needs two
            self._is_over = True
            return
        count, started_at = count_canaries(self.ledger, self.message_id)
        self._until = (started_at or now) + timedelta(seconds=self.longest_s)
        self._is_over = not count

    def is_over(self, now: datetime) -> bool:
        """Tell whether the rest may follow; once it may, for good.

        Raises:
            LedgerError: The ledger does not answer.
        """
        if self._is_over or self._until is None:
            return True
        open_count, counts = read_canaries(self.ledger, self.message_id)
        if open_count and now < self._until:
            return False
        # a route that sends no receipts has nothing to answer for
        judged = [one for one in counts if self.book.awaits_receipts(one.route_id)]
        for route_id, country in find_unheard(judged):
            self.book.note_receipts(route_id, country, 0, UNHEARD_WEIGHT, now)
        self._is_over = True
        return True


def find_unheard(counts: list[CanaryCount]) -> list[tuple[str, str | None]]:
    """Return the routes, with the country, whose canaries did not return while another's did."""
    by_country: dict[str | None, list[CanaryCount]] = defaultdict(list)
    for one in counts:
        by_country[one.country].append(one)
    return [
        (one.route_id, country)
        for country, rivals in by_country.items()
        if any(rival.returned_count for rival in rivals)
        for one in rivals
        if not one.returned_count
    ]
