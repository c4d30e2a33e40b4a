"""Look up what a message would repeat, and how large the one before it was."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, Select, func, select

from rollcall.domain.guards import (
    GuardLimits,
    describe_growth,
    describe_repeat,
    is_far_larger,
    tell_growth,
    tell_repeat,
)
from rollcall.errors import SelectionError
from rollcall.ledger.audiences import find_latest
from rollcall.ledger.engine import Ledger
from rollcall.ledger.messages import MessageRecord
from rollcall.ledger.tables import AudienceMember, Message, PendingAudience


def require_no_repeat(
    connection: Connection,
    message: MessageRecord,
    recipients_digest: str,
    limits: GuardLimits,
    now: datetime,
) -> None:
    """Refuse to tell the same people the same again so soon.

    A message that was refused told nobody. One that was accepted later but selected earlier counts.
    A new chat with those who have not answered is meant to say the same again: only another one
    that follows the same conversation is a repeat of it.

    Raises:
        SelectionError: Names the message that has told them already.
    """
    query = _repeats(recipients_digest, limits, now).where(Message.message_id != message.message_id)
    if message.kind == "chat_invite" and message.follows_message_id is not None:
        query = query.where(Message.follows_message_id == message.follows_message_id)
    if earlier := connection.execute(query).one_or_none():
        count = count_people(connection, earlier.message_id)
        raise SelectionError(tell_repeat(earlier.message_id, earlier.accepted_at, count))


def require_usual_size(
    connection: Connection, message: MessageRecord, people_count: int, limits: GuardLimits
) -> None:
    """Refuse an audience far larger than that of the last message from the same template.

    Raises:
        SelectionError: Says how many people then and now.
    """
    if message.template_id is None:
        return
    made_alike = Message.template_id == message.template_id
    earlier_id = find_latest(connection, made_alike, message)
    if earlier_id is None:
        return
    then_count = count_people(connection, earlier_id)
    if is_far_larger(then_count, people_count, limits):
        raise SelectionError(tell_growth(earlier_id, then_count, people_count))


def find_objections(
    ledger: Ledger,
    recipients_digest: str,
    people_count: int,
    limits: GuardLimits,
    now: datetime,
    template_id: str | None = None,
) -> list[str]:
    """Return what would have to be confirmed if a message were sent now, a sentence each.

    Args:
        ledger: Where to look.
        recipients_digest: Of `rollcall.domain.guards.digest_recipients`.
        people_count: Whom it means.
        limits: From where on something must be confirmed.
        now: The moment.
        template_id: The template it was made from, if any.
    """
    told: list[str] = []
    with ledger.read() as connection:
        if earlier := connection.execute(_repeats(recipients_digest, limits, now)).one_or_none():
            count = count_people(connection, earlier.message_id)
            told.append(describe_repeat(earlier.message_id, earlier.accepted_at, count))
        made_alike = Message.template_id == template_id
        last_id = find_latest(connection, made_alike) if template_id else None
        then_count = count_people(connection, last_id) if last_id else 0
        if last_id and is_far_larger(then_count, people_count, limits):
            told.append(describe_growth(last_id, then_count, people_count))
    return told


def _repeats(
    recipients_digest: str, limits: GuardLimits, now: datetime
) -> Select[tuple[str, datetime]]:
    """Return the query for the latest message that tells the same people the same."""
    since = now - timedelta(seconds=limits.repeat_within_s)
    return (
        select(Message.message_id, Message.accepted_at)
        .where(
            Message.recipients_digest == recipients_digest,
            Message.state != "refused",
            Message.accepted_at > since,
        )
        .order_by(Message.accepted_at.desc())
        .limit(1)
    )


def count_people(connection: Connection, message_id: str) -> int:
    """Return how many people the frozen audience of a message has, recorded or not yet."""
    pending = select(PendingAudience.people_count).where(PendingAudience.message_id == message_id)
    if (people_count := connection.execute(pending).scalar_one_or_none()) is not None:
        return people_count
    query = select(func.count()).where(AudienceMember.message_id == message_id)
    return connection.execute(query).scalar_one()
