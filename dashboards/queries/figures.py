"""The figures of messages, each kept for a while for everybody who looks (`KeptAnswers`)."""

from dataclasses import dataclass, field

from dashboards.queries.counts import KeptAnswers
from dashboards.queries.progress import RouteProgress, TimeToShare, read_routes, read_times
from rollcall.ledger.engine import Ledger
from rollcall.ledger.log import StatusCounts, count_outcomes, count_statuses


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of all messages of a ledger, by message.

    Attributes:
        ledger: Which.
        counts: Deliveries by channel and status.
        tries: Tries by route and outcome.
        routes: What tries came to, by route and country.
        times: When shares of each channel were taken over.
    """

    ledger: Ledger
    counts: KeptAnswers[StatusCounts] = field(init=False)
    tries: KeptAnswers[StatusCounts] = field(init=False)
    routes: KeptAnswers[list[RouteProgress]] = field(init=False)
    times: KeptAnswers[list[TimeToShare]] = field(init=False)

    def __post_init__(self) -> None:
        ledger, kept = self.ledger, object.__setattr__
        kept(self, "counts", KeptAnswers(lambda one: count_statuses(ledger, one)))
        kept(self, "tries", KeptAnswers(lambda one: count_outcomes(ledger, one)))
        kept(self, "routes", KeptAnswers(lambda one: read_routes(ledger, one)))
        kept(self, "times", KeptAnswers(self._read_times))

    def forget(self, message_id: str) -> None:
        """Find all figures of a message anew the next time, as after an act."""
        for kept in (self.counts, self.tries, self.routes, self.times):
            kept.forget(message_id)

    def _read_times(self, message_id: str) -> list[TimeToShare]:
        return read_times(self.ledger, message_id, self.counts.get(message_id))
