"""Archive a conversation: its links are dead, so nothing that holds one goes out any more."""

import time
from dataclasses import dataclass

from rollcall.clock import Clock
from rollcall.ledger.chat_lists import list_chat_messages
from rollcall.ledger.chats import ChatRecord, archive_chat, load_chat
from rollcall.ledger.engine import Ledger
from rollcall.sending.stopping import DEFAULT_WAIT_S, StopReport, stop_and_wait


@dataclass(frozen=True, slots=True)
class ArchiveReport:
    """What archiving has come to; holds no personal data.

    Attributes:
        chat: The conversation as it is now.
        is_new: Whether this call archived it.
        stopped: What of its messages there was to stop.
    """

    chat: ChatRecord
    is_new: bool
    stopped: tuple[StopReport, ...]

    @property
    def held_back_count(self) -> int:
        """Return how many deliveries were held back."""
        return sum(one.counts.held_back for one in self.stopped)

    @property
    def in_flight_count(self) -> int:
        """Return how many deliveries are being handed over still, with links that are dead."""
        return sum(one.counts.in_flight for one in self.stopped)

    def tell(self) -> str:
        """Say in one sentence what it has come to."""
        told = (
            f"chat {self.chat.chat_id} {'is archived' if self.is_new else 'was archived already'}"
        )
        if self.held_back_count:
            told += f"; {self.held_back_count} held back"
        if self.in_flight_count:
            told += f"; {self.in_flight_count} in flight still"
        return told


def archive_and_stop(
    ledger: Ledger, chat_id: str, clock: Clock, wait_s: float = DEFAULT_WAIT_S
) -> ArchiveReport:
    """Archive a conversation, then stop what waits of its messages; safe to call again.

    The archive is committed first: from then on no message of it is accepted.

    Args:
        ledger: Where it is.
        chat_id: The conversation.
        clock: What tells the time.
        wait_s: How long deliveries that are in flight are waited for, all in all, in seconds.

    Raises:
        InputError: There is none of this id.
    """
    is_new = archive_chat(ledger, chat_id, clock.now())
    give_up_at = time.monotonic() + wait_s
    reports = [
        stop_and_wait(ledger, one.message_id, clock, max(0.0, give_up_at - time.monotonic()))
        for one in list_chat_messages(ledger, chat_id)
        if one.state != "refused"
    ]
    stopped = tuple(one for one in reports if one.state == "stopped")
    return ArchiveReport(load_chat(ledger, chat_id), is_new, stopped)
