"""Stop a message and wait a moment for what is in flight, so that the counts are whole."""

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from rollcall.clock import Clock
from rollcall.ledger.engine import Ledger
from rollcall.ledger.log import StatusCounts, count_statuses
from rollcall.ledger.messages import load_message
from rollcall.ledger.stopping import StopCounts, count_stopped, stop_message, sweep_stopped

DEFAULT_WAIT_S: Final = 5.0
"""How long tries that are in flight are waited for; most are answered within a second."""

_LOOK_EVERY_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class StopReport:
    """What stopping a message has come to; holds no personal data.

    Attributes:
        message_id: The message.
        state: `stopped`; or `sent` where nothing was left to be stopped.
        stopped_at: When it was first stopped; None where it was not.
        counts: How many deliveries were handed over, held back, and are in flight still.
        statuses: Its deliveries by channel and status.
    """

    message_id: str
    state: str
    stopped_at: datetime | None
    counts: StopCounts
    statuses: StatusCounts

    def tell(self) -> str:
        """Say in one sentence how many were handed over, held back, and are in flight still."""
        numbers = f"{self.counts.handed_over} handed over, {self.counts.held_back} held back"
        if self.state != "stopped":
            return f"message {self.message_id} is {self.state}: nothing was left to stop; {numbers}"
        in_flight = f", {self.counts.in_flight} in flight still" if self.counts.in_flight else ""
        return f"message {self.message_id} is stopped: {numbers}{in_flight}"


def stop_and_wait(
    ledger: Ledger, message_id: str, clock: Clock, wait_s: float = DEFAULT_WAIT_S
) -> StopReport:
    """Stop a message at once, then wait for what is in flight; safe to call again.

    Args:
        ledger: Where it is; no route and no source is needed.
        message_id: The message.
        clock: What tells the time.
        wait_s: The longest wait, in seconds; 0 for none.

    Raises:
        InputError: There is no such message, or it was refused.
    """
    is_stopped = stop_message(ledger, message_id, clock.now())
    give_up_at = time.monotonic() + wait_s
    while (
        is_stopped and count_stopped(ledger, message_id).in_flight and time.monotonic() < give_up_at
    ):
        time.sleep(_LOOK_EVERY_S)
        sweep_stopped(ledger, message_id, clock.now())
    return _report(ledger, message_id)


def _report(ledger: Ledger, message_id: str) -> StopReport:
    message = load_message(ledger, message_id)
    return StopReport(
        message_id,
        message.state,
        message.stopped_at,
        count_stopped(ledger, message_id),
        count_statuses(ledger, message_id),
    )
