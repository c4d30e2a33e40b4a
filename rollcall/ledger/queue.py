"""The queue of a send: deliveries are claimed under a lease, tried, and outcomes written back.

The order is what makes a crash harmless: an attempt row is committed before its network call and
its outcome after it. What a dead process left in flight is `uncertain`, never silently "failed".
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    Connection,
    Integer,
    bindparam,
    func,
    not_,
    or_,
    select,
    true,
    update,
)

from rollcall.domain.message import Channel
from rollcall.domain.tries import Try
from rollcall.ledger.engine import Ledger
from rollcall.ledger.folding import load_tries
from rollcall.ledger.leases import LEASE_S, is_dead
from rollcall.ledger.lists import gather_rows, in_list, moment_param, write_list, write_moment
from rollcall.ledger.pending import count_unrecorded
from rollcall.ledger.prepared import Prepared
from rollcall.ledger.receipts import match_waiting
from rollcall.ledger.tables import Attempt, Content, Delivery, UtcDateTime

LOST_IN_A_CRASH = "the sending process stopped before the answer was recorded"

_LEASED = Prepared(
    update(Delivery)
    .where(in_list(Delivery.delivery_id, "ids"))
    .values(lease_owner=bindparam("b_owner"), lease_until=moment_param("b_until"))
)
_LOST = (
    update(Attempt)
    .where(in_list(Attempt.delivery_id, "ids"), Attempt.outcome.is_(None))
    .values(
        outcome="uncertain",
        reason=LOST_IN_A_CRASH,
        finished_at=bindparam("b_now", type_=UtcDateTime()),
    )
)
_UNHEARD = select(Attempt.route_id, Attempt.provider_id).where(
    in_list(Attempt.delivery_id, "ids"),
    Attempt.provider_id.is_not(None),
    Attempt.receipt_state.is_(None),
)


class ClaimedDelivery(NamedTuple):
    """A delivery that this process alone may try while its lease lasts."""

    delivery_id: str
    channel: Channel
    address: str
    content_digest: str
    tries: Sequence[Try]
    country: str | None = None
    is_canary: bool = False
    person_id: str = ""


_TRIES_AT = ClaimedDelivery._fields.index("tries")
_READ = ["attempt_count" if name == "tries" else name for name in ClaimedDelivery._fields]
"""What is read of a delivery that is claimed: of its tries only how many there are."""


@dataclass(frozen=True, slots=True)
class QueueState:
    """What is left of a send: deliveries that wait, or whose receipt is awaited.

    `unrecorded_count` are those to come, of a message that is being recorded, at the most.
    """

    waiting_count: int
    due_count: int
    next_due_at: datetime | None
    unrecorded_count: int = 0

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing waits, nor will."""
        return not self.waiting_count and not self.unrecorded_count


def read_queue(ledger: Ledger, message_id: str, now: datetime) -> QueueState:
    """Return how much of a message waits, how much can be claimed now, and when more can be."""
    is_free = or_(Delivery.lease_until.is_(None), Delivery.lease_until <= now)
    query = select(
        func.count(),
        func.count().filter(is_free, Delivery.next_attempt_at <= now),
        func.min(Delivery.next_attempt_at).filter(is_free),
        func.min(Delivery.lease_until).filter(not_(is_free)),
    ).where(Delivery.message_id == message_id, Delivery.next_attempt_at.is_not(None))
    with ledger.read() as connection:
        # in this order: what is recorded in between is counted twice, never missed
        unrecorded = count_unrecorded(connection, message_id)
        waiting_count, due_count, *moments = connection.execute(query).one()
    next_due_at = min((moment for moment in moments if moment), default=None)
    return QueueState(waiting_count, due_count, next_due_at, sum(unrecorded.values()))


def claim_due(  # noqa: PLR0913 - what narrows a claim
    ledger: Ledger,
    message_id: str,
    owner: str,
    limit: int,
    now: datetime,
    channel: Channel | None = None,
    *,
    only_canaries: bool = False,
    carrier_only: frozenset[str] = frozenset(),
    lease_s: float = LEASE_S,
) -> list[ClaimedDelivery]:
    """Take up to `limit` due deliveries, least tried first: retries never hold up a first try.

    Args:
        ledger: The queue.
        message_id: Of which message.
        owner: Who takes them.
        limit: The most to take.
        now: The present moment.
        channel: Over which channel; None: over any.
        only_canaries: Leave the rest of a large send for later.
        carrier_only: Countries where no receipt proves more than arrival at the carrier.
        lease_s: For how many seconds they are theirs alone, unless the lease is renewed.
    """
    query = _due_query(by_channel=channel is not None, only_canaries=only_canaries)
    which = {"b_message_id": message_id, "b_now": write_moment(now), "b_limit": limit}
    if channel is not None:
        which["b_channel"] = channel
    with ledger.write() as connection:
        rows = query.gather(connection, **which)
        if not rows:
            return []
        until = now + timedelta(seconds=lease_s)
        _lease(connection, [row[0] for row in rows], owner, until)
        tried_ids = [row[0] for row in rows if row[_TRIES_AT]]
        tries = _recall_tries(connection, tried_ids, now, carrier_only)
    for row in rows:
        row[_TRIES_AT] = tries.get(row[0], ())
    return [ClaimedDelivery._make(row) for row in rows]


def renew_leases(
    ledger: Ledger,
    owner: str,
    delivery_ids: Collection[str],
    now: datetime,
    lease_s: float = LEASE_S,
) -> None:
    """Keep those deliveries that `owner` holds for another lease.

    Only what it knows to hold: a claim whose answer was lost holds rows that nobody tries, and they
    must become free. Rows that a commit is writing are left for the next time: to wait for them
    while holding others would be a deadlock.
    """
    held = (
        select(Delivery.delivery_id)
        .where(
            in_list(Delivery.delivery_id, "ids"),
            Delivery.lease_owner == owner,
            Delivery.next_attempt_at.is_not(None),
        )
        .with_for_update(skip_locked=True)
    )
    renewed = update(Delivery).where(Delivery.delivery_id.in_(held))
    until = now + timedelta(seconds=lease_s)
    with ledger.write() as connection:
        connection.execute(renewed.values(lease_until=until), {"ids": write_list(delivery_ids)})


def release_leases(ledger: Ledger, message_id: str, owner: str) -> None:
    """Give back what `owner` holds of a message and has not finished."""
    with ledger.write() as connection:
        _release(connection, message_id, [owner])


def release_dead_leases(ledger: Ledger, message_id: str) -> None:
    """Free at once what a process that died on this machine still holds."""
    query = (
        select(Delivery.lease_owner)
        .distinct()
        .where(
            Delivery.message_id == message_id,
            Delivery.next_attempt_at.is_not(None),
            Delivery.lease_owner.is_not(None),
        )
    )
    with ledger.read() as connection:
        owners = connection.execute(query).scalars().all()
    dead = [owner for owner in owners if owner and is_dead(owner)]
    if dead:
        with ledger.write() as connection:
            _release(connection, message_id, dead)


def load_contents(ledger: Ledger, message_id: str, digests: set[str]) -> dict[str, Any]:
    """Return rendered texts by digest: rows with `subject`, `text`, `html`."""
    query = select(Content.__table__).where(
        Content.message_id == message_id, Content.content_digest.in_(digests)
    )
    with ledger.read() as connection:
        return {row.content_digest: row for row in connection.execute(query)}


@cache
def _due_query(*, by_channel: bool, only_canaries: bool) -> Prepared:
    now = moment_param("b_now")
    query = gather_rows(
        select(*(getattr(Delivery, name) for name in _READ))
        .where(
            Delivery.message_id == bindparam("b_message_id"),
            Delivery.next_attempt_at <= now,
            or_(Delivery.lease_until.is_(None), Delivery.lease_until <= now),
            Delivery.channel == bindparam("b_channel") if by_channel else true(),
            Delivery.is_canary if only_canaries else true(),
        )
        .order_by(Delivery.attempt_count, Delivery.next_attempt_at, Delivery.delivery_id)
        .limit(bindparam("b_limit", type_=Integer()))
        .with_for_update(skip_locked=True)
    )
    return Prepared(query)


def _lease(connection: Connection, delivery_ids: list[str], owner: str, until: datetime) -> None:
    ids, told = write_list(delivery_ids), write_moment(until)
    _LEASED.execute(connection, ids=ids, b_owner=owner, b_until=told)


def _recall_tries(
    connection: Connection, delivery_ids: list[str], now: datetime, carrier_only: frozenset[str]
) -> dict[str, list[Try]]:
    """Return the tries of deliveries that were tried before, now that nobody else makes any."""
    if not delivery_ids:
        return {}
    _settle_lost_attempts(connection, delivery_ids, now)
    _match_missed_receipts(connection, delivery_ids, now, carrier_only)
    return load_tries(connection, delivery_ids)


def _release(connection: Connection, message_id: str, owners: list[str]) -> None:
    released = update(Delivery).where(
        Delivery.message_id == message_id,
        Delivery.next_attempt_at.is_not(None),
        Delivery.lease_owner.in_(owners),
    )
    connection.execute(released.values(lease_owner=None, lease_until=None))


def _settle_lost_attempts(connection: Connection, delivery_ids: list[str], now: datetime) -> None:
    """Whoever made these tries no longer holds the delivery: nobody will record their outcome."""
    connection.execute(_LOST, {"ids": write_list(delivery_ids), "b_now": now})


def _match_missed_receipts(
    connection: Connection, delivery_ids: list[str], now: datetime, carrier_only: frozenset[str]
) -> None:
    """Match receipts that only know the provider's id and were committed as it was recorded.

    On PostgreSQL neither of two such transactions sees what the other one writes.
    """
    told = connection.execute(_UNHEARD, {"ids": write_list(delivery_ids)})
    named = {(route_id, provider_id or "") for route_id, provider_id in told}
    match_waiting(connection, named, now, carrier_only)
