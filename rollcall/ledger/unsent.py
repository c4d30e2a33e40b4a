"""What is left to be recorded of a message that was stopped: everybody, and that nothing was sent.

It needs the ledger only, as stopping does: no texts, no links. Without it whoever was not recorded
yet would be missing from the log, and from a retry to those who were not reached.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from rollcall.domain.addresses import address_of, tell_missing
from rollcall.domain.audience import Recipient, digest_audience
from rollcall.domain.message import Channel
from rollcall.ledger.engine import Ledger
from rollcall.ledger.messages import load_message
from rollcall.ledger.pending import Pending, load_pending
from rollcall.ledger.recording import STOPPED_EARLY, NewDelivery, Portion, record_portion
from rollcall.ledger.sms_rules import SmsRules

PORTION_PEOPLE: Final = 2_000
"""Recipients in one transaction."""


def record_unsent(ledger: Ledger, message_id: str, now: datetime) -> None:
    """Record all of a stopped message's audience that is not; beside whoever does it too."""
    while pending := load_pending(ledger, message_id):
        if load_message(ledger, message_id).stopped_at is None:
            return
        for portion in _portions(pending):
            if not record_portion(ledger, message_id, portion, SmsRules(), now):
                break  # somebody else has: look anew what is left


def _portions(pending: Pending) -> Iterator[Portion]:
    people_count = len(pending.recipients)
    for first in range(pending.recorded_count, people_count, PORTION_PEOPLE):
        recipients = tuple(pending.recipients[first : first + PORTION_PEOPLE])
        is_last = first + len(recipients) == people_count
        yield Portion(
            first,
            recipients,
            [],
            [told for one in recipients for told in _hold_back(one, pending.channels)],
            digest_audience(pending.recipients) if is_last else None,
        )


def _hold_back(recipient: Recipient, channels: tuple[Channel, ...]) -> Iterator[NewDelivery]:
    """Return the deliveries that somebody would have had; the app's only where nothing else is."""
    for channel in channels:
        if channel == "push" and len(channels) > 1:
            continue
        address = address_of(recipient, channel, has_push=True)
        if missing := tell_missing(address, channel):
            yield NewDelivery(recipient.person_id, channel, "not_attempted", reason=missing)
        else:
            yield NewDelivery(
                recipient.person_id, channel, "stopped", address, reason=STOPPED_EARLY
            )
