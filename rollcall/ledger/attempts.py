"""Attempts in the ledger: begun before their network call, ended after it, and what follows then.

The order is what makes a crash harmless: an attempt row is committed before its network call and
its outcome after it.
"""

import os
import random
import secrets
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Final, NamedTuple

from sqlalchemy import (
    Connection,
    Float,
    and_,
    bindparam,
    cast,
    exists,
    func,
    insert,
    not_,
    or_,
    select,
    update,
)

from rollcall.domain.delivery import Finish, Status, WaitFor
from rollcall.domain.tries import Outcome
from rollcall.ledger.folding import refold
from rollcall.ledger.leases import LEASE_S
from rollcall.ledger.lists import (
    gather_rows,
    in_list,
    list_rows,
    moment_param,
    read_moment,
    write_list,
    write_moment,
)
from rollcall.ledger.prepared import Prepared
from rollcall.ledger.receipts import match_waiting
from rollcall.ledger.reminders import is_needless_reminder
from rollcall.ledger.tables import Attempt, Delivery, Message

_draw = random.Random(secrets.randbits(256))  # noqa: S311 - ids, not secrets
os.register_at_fork(after_in_child=lambda: _draw.seed(secrets.randbits(256)))

_IS_NOT_PROVEN = and_(Delivery.status != "delivered", Delivery.status != "at_carrier")


_is_stopped = exists().where(
    Message.message_id == Delivery.message_id,
    or_(Message.stopped_at.is_not(None), is_needless_reminder()),
)
_IS_HELD = and_(
    Delivery.lease_owner == bindparam("b_owner"),
    Delivery.next_attempt_at.is_not(None),
    or_(Delivery.status == "waiting", Delivery.status == "accepted"),
    not_(_is_stopped),
)


class AttemptStart(NamedTuple):
    """A try that is about to be made."""

    delivery_id: str
    route_id: str
    attempt_id: str


_starts = list_rows("starts", *AttemptStart._fields)
_is_known = exists().where(Attempt.attempt_id == _starts.c.attempt_id)
# of a commit whose answer was lost nobody knows whether it was made: it is made again
_BEGUN = Prepared(
    insert(Attempt).from_select(
        ["attempt_id", "delivery_id", "number", "route_id", "started_at"],
        select(
            _starts.c.attempt_id,
            _starts.c.delivery_id,
            Delivery.attempt_count + 1,
            _starts.c.route_id,
            moment_param("b_now"),
        )
        .join(Delivery, Delivery.delivery_id == _starts.c.delivery_id)
        .where(_IS_HELD, not_(_is_known))
        .with_for_update(of=Delivery),
    )
)
_ALLOWED = Prepared(
    gather_rows(
        select(Attempt.attempt_id, Attempt.delivery_id)
        .join(Delivery, Delivery.delivery_id == Attempt.delivery_id)
        .where(in_list(Attempt.attempt_id, "ids"), _IS_HELD)
        .with_for_update(of=Delivery)
    )
)
_counting = update(Delivery).where(in_list(Delivery.delivery_id, "ids"))
_counting = _counting.values(lease_until=moment_param("b_until"))
_COUNTED = Prepared(_counting.values(attempt_count=Delivery.attempt_count + 1))
_latest_number = select(func.max(Attempt.number)).where(Attempt.delivery_id == Delivery.delivery_id)
_RECOUNTED = Prepared(_counting.values(attempt_count=_latest_number.scalar_subquery()))

_ENDED_COLUMNS: Final = (
    "attempt_id", "outcome", "reason", "provider_id", "provider_code", "retry_after_s",
)  # fmt: skip
_ends = list_rows("ends", *_ENDED_COLUMNS)
_RECORDED = Prepared(
    update(Attempt)
    .where(
        Attempt.attempt_id == _ends.c.attempt_id,
        or_(
            Attempt.outcome.is_(None),
            and_(Attempt.outcome == "uncertain", _ends.c.outcome == "accepted"),
        ),
    )
    .values(
        outcome=_ends.c.outcome,
        reason=_ends.c.reason,
        provider_id=_ends.c.provider_id,
        provider_code=_ends.c.provider_code,
        retry_after_s=cast(_ends.c.retry_after_s, Float),
        finished_at=moment_param("b_now"),
    )
)
_HEARD_OF = select(Attempt.delivery_id).where(
    in_list(Attempt.attempt_id, "ids"), Attempt.receipt_state.is_not(None)
)

_FAILED = select(Attempt.delivery_id).where(
    in_list(Attempt.delivery_id, "ids"), Attempt.receipt_state.in_(("failed", "missing"))
)


class _Settled(NamedTuple):
    """What a delivery becomes; moments as `write_moment` has them."""

    delivery_id: str
    status: Status
    reason: str | None
    next_attempt_at: str | None


_settlements = list_rows("settlements", *_Settled._fields)
_SETTLED = Prepared(
    update(Delivery)
    .where(
        Delivery.delivery_id == _settlements.c.delivery_id,
        Delivery.lease_owner == bindparam("b_owner"),
        _IS_NOT_PROVEN,
    )
    .values(
        status=_settlements.c.status,
        reason=_settlements.c.reason,
        next_attempt_at=read_moment(_settlements.c.next_attempt_at),
        lease_owner=None,
        lease_until=None,
    )
)


class Settlement(NamedTuple):
    """What follows for a delivery: it is finished, or waits until a moment."""

    delivery_id: str
    then: Finish | WaitFor
    reason: str | None = None


class AttemptEnd(NamedTuple):
    """What a try came to; without a settlement its delivery is tried again at once.

    `route_id` is told where receipts are awaited: some may have come before the answer.
    """

    attempt_id: str
    outcome: Outcome
    settlement: Settlement | None
    reason: str | None = None
    provider_id: str | None = None
    provider_code: str | None = None
    retry_after_s: float | None = None
    route_id: str | None = None


_as_ended_row = itemgetter(*map(AttemptEnd._fields.index, _ENDED_COLUMNS))


def new_attempt_id() -> str:
    """Return a fresh id for a try: the moment, then 80 random bits, as UUID version 7 has them.

    Ids that follow each other lie side by side in the ledger's indexes: of random ones each would
    make a page of its own to be written.
    """
    return f"{time.time_ns() // 1_000_000:012x}{_draw.getrandbits(80):020x}"


def begin_attempts(
    connection: Connection,
    owner: str,
    starts: Sequence[AttemptStart],
    now: datetime,
    lease_s: float = LEASE_S,
) -> set[str]:
    """Record tries before they are made; those that are recorded already are left as they are.

    The leases begin anew: within `lease_s` seconds of `now` nobody else takes the deliveries over.

    Returns:
        The attempt ids that may go ahead; the others' deliveries are no longer held by `owner`.
    """
    told = write_list(map(tuple, starts))
    begun = _BEGUN.execute(connection, starts=told, b_now=write_moment(now), b_owner=owner)
    delivery_ids, _, attempt_ids = zip(*starts, strict=True)
    until = write_moment(now + timedelta(seconds=lease_s))
    if begun.rowcount == len(starts):
        _COUNTED.execute(connection, ids=write_list(delivery_ids), b_until=until)
        return set(attempt_ids)
    asked = write_list(attempt_ids)
    allowed = dict(_ALLOWED.gather(connection, ids=asked, b_owner=owner))
    # some were counted before, with the commit whose answer was lost
    _RECOUNTED.execute(connection, ids=write_list(allowed.values()), b_until=until)
    return set(allowed)


def finish_attempts(connection: Connection, ends: Sequence[AttemptEnd], now: datetime) -> None:
    """Record what tries came to, even when the lease was lost meanwhile.

    A try that somebody else has found uncertain stays so, unless it was accepted: what follows from
    it may have been decided already.
    """
    told = write_list(map(_as_ended_row, ends))
    _RECORDED.execute(connection, ends=told, b_now=write_moment(now))


def apply_early_receipts(
    connection: Connection,
    ends: Sequence[AttemptEnd],
    now: datetime,
    carrier_only: frozenset[str] = frozenset(),
) -> None:
    """Fold receipts that came before the answers of their attempts; after settling them."""
    watched = [end for end in ends if end.route_id]
    if not watched:
        return
    named = {(end.route_id or "", end.provider_id) for end in watched if end.provider_id}
    match_waiting(connection, named, now, carrier_only)
    ids = write_list(end.attempt_id for end in watched)
    refold(connection, set(connection.execute(_HEARD_OF, {"ids": ids}).scalars()), now)


def apply_late_receipts(
    connection: Connection, settlements: Sequence[Settlement], now: datetime
) -> None:
    """Fold failures that were told while deliveries were leased; after settling them.

    Whoever held them had read their tries before, and had settled on what was true then.
    """
    settled = [one.delivery_id for one in settlements if isinstance(one.then, Finish)]
    if not settled:
        return
    failed = connection.execute(_FAILED, {"ids": write_list(settled)})
    refold(connection, set(failed.scalars()), now)


def settle_deliveries(
    connection: Connection, owner: str, settlements: Sequence[Settlement]
) -> None:
    """Record what follows for deliveries and give them back.

    Of a delivery that `owner` no longer holds only an acceptance counts. Nothing undoes proof of
    arrival, and an operator's stop holds for whatever is not accepted.
    """
    rows = [_settled_row(one) for one in settlements]
    count = _SETTLED.execute(connection, settlements=write_list(rows), b_owner=owner).rowcount
    if count < len(rows):
        accepted = [row for row in map(_Settled._make, rows) if row.status == "accepted"]
        _settle_late(connection, owner, accepted)


def _settle_late(connection: Connection, owner: str, rows: Sequence[_Settled]) -> None:
    """Record acceptances of deliveries that are held by somebody else by now, or by nobody.

    One whose receipt is awaited is left to whoever holds it: the attempt is a fact they will see.
    """
    final = [{"b_delivery_id": row.delivery_id} for row in rows if row.next_attempt_at is None]
    late = update(Delivery).where(
        Delivery.delivery_id == bindparam("b_delivery_id"),
        or_(Delivery.lease_owner.is_(None), Delivery.lease_owner != owner),
        _IS_NOT_PROVEN,
        Delivery.status != "accepted",
    )
    if final:
        ended = {"next_attempt_at": None, "lease_owner": None, "lease_until": None}
        connection.execute(late.values(status="accepted", reason=None, **ended), final)
    awaiting = [{"b_delivery_id": row.delivery_id} for row in rows if row.next_attempt_at]
    closed = late.where(Delivery.next_attempt_at.is_(None))
    if awaiting:
        connection.execute(closed.values(status="accepted", reason=None), awaiting)


def _settled_row(settlement: Settlement) -> tuple[str, Status, str | None, str | None]:
    """Return the columns of `_Settled`; as a bare tuple, of which JSON is made by itself."""
    delivery_id, then, reason = settlement
    if isinstance(then, Finish):
        return delivery_id, then.status, then.reason, None
    told = reason if then.status == "waiting" else None
    return delivery_id, then.status, told, write_moment(then.due_at)
