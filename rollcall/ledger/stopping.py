"""Stop a message: what was not handed over yet is held back, what was is told.

The mark on the message is committed first: from then on no try of it is begun, by any process. Then
what waits is taken out of the queue. Tries that are in flight are left to those who make them.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    ScalarSelect,
    Select,
    String,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    not_,
    or_,
    select,
    update,
)

from rollcall.domain.reach import MAY_HAVE_IT
from rollcall.errors import InputError
from rollcall.ledger.engine import Ledger
from rollcall.ledger.messages import load_message
from rollcall.ledger.queue import LOST_IN_A_CRASH, release_dead_leases
from rollcall.ledger.recording import STOPPED_EARLY
from rollcall.ledger.shared_numbers import mirror_message
from rollcall.ledger.tables import Attempt, Delivery, Message
from rollcall.ledger.unsent import record_unsent

_STOPPABLE: Final = ("accepted", "sending")

_OUT_OF_QUEUE: Final[dict[str, Any]] = {
    "next_attempt_at": None,
    "lease_owner": None,
    "lease_until": None,
}


@dataclass(frozen=True, slots=True)
class StopCounts:
    """What stopping a message has come to, in deliveries.

    Attributes:
        handed_over: A copy is out, or may be.
        held_back: Nothing of them is out.
        in_flight: Being handed over in this moment; nobody knows yet.
    """

    handed_over: int
    held_back: int
    in_flight: int


def stop_message(ledger: Ledger, message_id: str, now: datetime) -> bool:
    """Mark a message as stopped and hold back what waits; safe to call again and again.

    A message of which nothing is left to do stays `sent`.

    Returns:
        Whether it is stopped now.

    Raises:
        InputError: There is no such message, or it was refused.
    """
    if not _mark_stopped(ledger, message_id, now):
        return False
    sweep_stopped(ledger, message_id, now)
    return True


def sweep_stopped(ledger: Ledger, message_id: str, now: datetime) -> None:
    """Take what waits of a stopped message out of the queue, but for what is in flight.

    Whom it was still to be recorded for is recorded as not sent to.

    Rows that somebody else is writing are left for the next call: to wait for them while holding
    others would be a deadlock.
    """
    release_dead_leases(ledger, message_id)
    record_unsent(ledger, message_id, now)
    with ledger.write() as connection:
        _settle_lost_attempts(connection, message_id, now)
        take_from_queue(connection, Delivery.message_id == message_id, STOPPED_EARLY)
        mirror_message(connection, message_id)


def count_stopped(ledger: Ledger, message_id: str) -> StopCounts:
    """Count what stopping has come to so far."""
    query = select(
        func.count().filter(Delivery.status.in_(MAY_HAVE_IT)),
        func.count().filter(Delivery.status == "stopped"),
        func.count().filter(Delivery.status == "waiting"),
    ).where(Delivery.message_id == message_id)
    with ledger.read() as connection:
        return StopCounts(*connection.execute(query).one())


def _mark_stopped(ledger: Ledger, message_id: str, now: datetime) -> bool:
    message = load_message(ledger, message_id)
    if message.state == "refused":
        raise InputError(f"message {message_id} was refused: nothing of it was sent")
    is_open = or_(Message.state.in_(_STOPPABLE), and_(Message.state == "sent", _has_queue()))
    marked = update(Message).where(
        Message.message_id == message_id, Message.stopped_at.is_(None), is_open
    )
    with ledger.write() as connection:
        connection.execute(marked.values(state="stopped", stopped_at=now, closed_at=now))
    state = load_message(ledger, message_id).state
    if state == "refused":
        raise InputError(f"message {message_id} was refused: nothing of it was sent")
    return state == "stopped"


def _has_queue() -> ColumnElement[bool]:
    return exists().where(
        Delivery.message_id == Message.message_id, Delivery.next_attempt_at.is_not(None)
    )


def _settle_lost_attempts(connection: Connection, message_id: str, now: datetime) -> None:
    """Nobody who made these tries holds the delivery any more: their outcome will never come."""
    is_held = and_(Delivery.lease_until.is_not(None), Delivery.lease_until > now)
    held_by_nobody = select(Delivery.delivery_id).where(
        Delivery.message_id == message_id, Delivery.attempt_count > 0, not_(is_held)
    )
    lost = update(Attempt).where(Attempt.delivery_id.in_(held_by_nobody), Attempt.outcome.is_(None))
    connection.execute(lost.values(outcome="uncertain", reason=LOST_IN_A_CRASH, finished_at=now))


def take_from_queue(connection: Connection, which: ColumnElement[bool], reason: str) -> None:
    """Finish what waits and is not in flight, and let nothing be sent again.

    What waits becomes stopped, or unconfirmed where a copy may be out. Rows that somebody else is
    writing, and tries that are in flight, are left for the next call.

    Whether a try is in flight is read off the delivery's own row, against the tries that have
    ended: on PostgreSQL a statement that waited for a row sees that row anew, but no other table.

    Args:
        connection: A transaction that writes.
        which: The deliveries that are meant.
        reason: What is said of those that were never tried.
    """
    untried = Delivery.attempt_count == 0
    free = _lock_free(which, and_(Delivery.status == "waiting", untried))
    fresh = update(Delivery).where(Delivery.delivery_id.in_(free), untried)
    connection.execute(fresh.values(status="stopped", reason=reason, **_OUT_OF_QUEUE))
    _hold_back_tried(connection, which)
    _end_retries(connection, which)


def _hold_back_tried(connection: Connection, which: ColumnElement[bool]) -> None:
    """Finish what was tried before, also what a run has called stopped although it may be out."""
    is_tried = Delivery.attempt_count > 0
    is_doubtful = and_(Delivery.status == "stopped", _may_be_out())
    free = _lock_free(which, and_(is_tried, or_(Delivery.status == "waiting", is_doubtful)))
    told = literal("stopped after ") + cast(Delivery.attempt_count, String) + " tries"
    tried = update(Delivery).where(
        Delivery.delivery_id.in_(free), is_tried, Delivery.attempt_count == _count_ended()
    )
    connection.execute(
        tried.values(
            status=case((_may_be_out(), "unconfirmed"), else_="stopped"),
            reason=case((_may_be_out(), told + "; it may have arrived"), else_=told),
            **_OUT_OF_QUEUE,
        )
    )


def _lock_free(*which: ColumnElement[bool]) -> Select[tuple[str]]:
    """Select and lock those deliveries that nobody else is writing."""
    query = select(Delivery.delivery_id).where(Delivery.same_as.is_(None), *which)
    return query.with_for_update(skip_locked=True, of=Delivery)


def _count_ended() -> ScalarSelect[int]:
    return (
        select(func.count())
        .where(Attempt.delivery_id == Delivery.delivery_id, Attempt.outcome.is_not(None))
        .scalar_subquery()
    )


def _may_be_out() -> ColumnElement[bool]:
    """Tell whether a try may have left a copy with the recipient, as `Try.is_out` does."""
    is_out = case(
        (Attempt.receipt_state.is_not(None), Attempt.receipt_state.in_(("accepted", "delivered"))),
        else_=Attempt.outcome.in_(("accepted", "uncertain")),
    )
    return exists().where(Attempt.delivery_id == Delivery.delivery_id, is_out)


def _end_retries(connection: Connection, which: ColumnElement[bool]) -> None:
    """Let deliveries whose receipt is awaited stand as they are: they are not sent again."""
    is_awaiting = and_(Delivery.status != "waiting", Delivery.next_attempt_at.is_not(None))
    ended = update(Delivery).where(
        Delivery.delivery_id.in_(_lock_free(which, is_awaiting)),
        Delivery.attempt_count == _count_ended(),
    )
    connection.execute(ended.values(next_attempt_at=None))
