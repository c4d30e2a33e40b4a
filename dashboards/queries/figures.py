"""The figures of messages that take long to find, each kept for a while for everybody who looks."""

from dataclasses import dataclass, field

from dashboards.queries.counts import KeptAnswers
from dashboards.queries.progress import RouteProgress, TimeToShare, read_routes, read_times
from rollcall.ledger.engine import Ledger
from rollcall.ledger.log import StatusCounts, count_outcomes, count_statuses


@dataclass(frozen=True, slots=True)
class Details:
    """What a message's tries came to.

    Attributes:
        times: When shares of each channel were taken over.
        routes: By route and country.
        tries: By route and outcome.
    """

    times: list[TimeToShare]
    routes: list[RouteProgress]
    tries: StatusCounts


@dataclass(slots=True)
class Figures:
    """The details of all messages of a ledger.

    Attributes:
        ledger: Which.
        details: By message.
    """

    ledger: Ledger
    details: KeptAnswers[Details] = field(init=False)

    def __post_init__(self) -> None:
        """Keep what this ledger says apart from what any other one does."""
        self.details = KeptAnswers(self._read)

    def _read(self, message_id: str) -> Details:
        counts = count_statuses(self.ledger, message_id)
        return Details(
            read_times(self.ledger, message_id, counts),
            read_routes(self.ledger, message_id),
            count_outcomes(self.ledger, message_id),
        )
