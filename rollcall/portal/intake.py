"""Callbacks into the ledger: those that come while one transaction commits share the next one.

Nobody is told "200" before the transaction is committed. Who is told "503" should call again; what
they brought is kept in memory and tried for a minute all the same, because some providers never do.
"""

from collections.abc import Callable, Sequence
from typing import Final

from rollcall.clock import Clock
from rollcall.ledger.arrivals import Arrival
from rollcall.ledger.patience import ask_patiently
from rollcall.portal.grouping import Grouped

ANSWER_WITHIN_S: Final = 5.0
"""How long a provider waits for our answer; most give up after 5 to 15 s."""

Record = Callable[[Sequence[Arrival]], None]
"""Commits arrivals in one transaction, blocking; safe to call twice."""


class Intake:
    """Commits what callbacks bring, as an async context manager.

    Args:
        record: What commits.
        clock: What tells when patience with the ledger ends.
        answer_within_s: How long anybody waits for a commit.
    """

    def __init__(
        self, record: Record, clock: Clock, answer_within_s: float = ANSWER_WITHIN_S
    ) -> None:
        async def commit(arrivals: Sequence[Arrival]) -> Sequence[None]:
            await ask_patiently(clock, record, arrivals)
            return [None] * len(arrivals)

        self._commits = Grouped(
            commit, answer_within_s, "callback", lambda one: {"route_id": one.route_id}
        )

    async def __aenter__(self) -> "Intake":
        await self._commits.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._commits.__aexit__(*error)

    async def take(self, arrival: Arrival) -> None:
        """Return when an arrival is committed.

        Raises:
            LedgerError: It is not, or not yet: the provider is to call again.
        """
        if arrival.row_count:
            await self._commits.ask(arrival, arrival.row_count)
