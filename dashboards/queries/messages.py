"""The messages of the log, a page at a time."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, literal, or_, select, tuple_

from rollcall.domain.removal import REMOVED
from rollcall.ledger.engine import Ledger
from rollcall.ledger.messages import MessageRecord, record_from
from rollcall.ledger.tables import Message, UtcDateTime

MessageMark = tuple[datetime, str]
"""The message after which a page begins: when it was accepted, and its id."""


@dataclass(frozen=True, slots=True)
class MessageQuery:
    """Which messages are meant; all where nothing is said.

    Attributes:
        text: In their subject, whatever the case, or how their id begins.
        kinds: Of these kinds.
        states: In these states.
        since: Accepted since then.
    """

    text: str = ""
    kinds: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    since: datetime | None = None


def read_messages(
    ledger: Ledger, asked: MessageQuery, limit: int, after: MessageMark | None = None
) -> list[MessageRecord]:
    """Return a page of messages, newest first.

    Args:
        ledger: Where they are.
        asked: Which are meant.
        limit: How many at most.
        after: The mark of the last one of the page before; None: the first page.
    """
    query = (
        select(Message.__table__)
        .where(*_conditions(asked))
        .order_by(Message.accepted_at.desc(), Message.message_id.desc())
        .limit(limit)
    )
    if after is not None:
        mark = tuple_(Message.accepted_at, Message.message_id)
        query = query.where(mark < tuple_(literal(after[0], UtcDateTime()), literal(after[1])))
    with ledger.read() as connection:
        return [record_from(row) for row in connection.execute(query)]


def mark_of(message: MessageRecord) -> MessageMark:
    """Return where the page after a message begins."""
    return message.accepted_at, message.message_id


def subject_of(request: dict[str, Any]) -> str:
    """Return the subject of a message, or that retention has removed it."""
    return str(request.get("content", {}).get("subject") or REMOVED)


def list_followers(ledger: Ledger, message_id: str) -> list[MessageRecord]:
    """Return the messages that follow one: corrections and retries, oldest first."""
    query = (
        select(Message.__table__)
        .where(Message.follows_message_id == message_id)
        .order_by(Message.accepted_at)
    )
    with ledger.read() as connection:
        return [record_from(row) for row in connection.execute(query)]


def _conditions(asked: MessageQuery) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if text := asked.text.strip():
        subject = func.lower(Message.request["content"]["subject"].as_string())
        has_text = subject.contains(text.lower(), autoescape=True)
        conditions.append(or_(has_text, Message.message_id.startswith(text, autoescape=True)))
    if asked.kinds:
        conditions.append(Message.kind.in_(asked.kinds))
    if asked.states:
        conditions.append(Message.state.in_(asked.states))
    if asked.since is not None:
        conditions.append(Message.accepted_at >= asked.since)
    return conditions
