"""Messages to addresses that somebody has given: their audience is known when they are accepted.

Who gets them need not be in the travellers' data, which may be what is broken.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.exc import IntegrityError

from rollcall.domain.audience import Audience, Position, Recipient
from rollcall.domain.message import Channel
from rollcall.ledger.engine import Ledger
from rollcall.ledger.messages import MessageRecord, NewMessage, accept_message_in
from rollcall.ledger.pending import freeze_audience_in


def make_recipients(addresses: Sequence[str]) -> tuple[Recipient, ...]:
    """Return recipients whose ids do not tell their addresses: `administrator-1` and so on."""
    return tuple(
        Recipient(
            person_id=f"administrator-{number}",
            name="Administrator",
            email=address,
            phone=None,
            language=None,
            home_country=None,
            position=Position("none"),
            via=({"by": "person"},),
        )
        for number, address in enumerate(addresses, start=1)
    )


def accept_notice(
    ledger: Ledger, new: NewMessage, addresses: Sequence[str], now: datetime
) -> tuple[MessageRecord, bool]:
    """Accept a message with its audience, in one transaction; a repeat finds what there is.

    Returns:
        The message, and whether it is new.

    Raises:
        RequestError: The key stands for another message.
    """
    return accept_for(ledger, new, make_recipients(addresses), ("email",), now)


def accept_for(
    ledger: Ledger,
    new: NewMessage,
    recipients: tuple[Recipient, ...],
    channels: tuple[Channel, ...],
    now: datetime,
) -> tuple[MessageRecord, bool]:
    """Accept a message to people who are known already, as `accept_notice` does.

    Args:
        ledger: Where to.
        new: The message.
        recipients: Who gets it.
        channels: Over which channels each gets a delivery.
        now: The moment.

    Raises:
        RequestError: The key stands for another message.
    """
    audience = Audience(new.as_of, recipients, ())
    try:
        return _accept(ledger, new, audience, channels, now)
    except IntegrityError:
        # another process has recorded the same key in this very moment: now it is found
        return _accept(ledger, new, audience, channels, now)


def _accept(
    ledger: Ledger,
    new: NewMessage,
    audience: Audience,
    channels: tuple[Channel, ...],
    now: datetime,
) -> tuple[MessageRecord, bool]:
    with ledger.write() as connection:
        record, is_new = accept_message_in(connection, new, now)
        if is_new:
            freeze_audience_in(connection, record.message_id, audience, channels)
    return record, is_new
