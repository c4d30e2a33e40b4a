"""The stored status of deliveries, brought in line with the facts that receipts added."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

from rollcall.domain.delivery import find_evidence
from rollcall.domain.receipts import ReceiptSummary
from rollcall.domain.tries import Try
from rollcall.ledger.engine import Ledger
from rollcall.ledger.lists import in_list, write_list
from rollcall.ledger.shared_numbers import mirror_shared
from rollcall.ledger.tables import Attempt, Delivery

_PROVEN = ("delivered", "at_carrier")
NOT_ARRIVED = "a receipt says that it did not arrive"


_TRIES = (
    select(
        Attempt.delivery_id,
        Attempt.route_id,
        Attempt.outcome,
        Attempt.reason,
        Attempt.retry_after_s,
        Attempt.finished_at,
        Attempt.receipt_state,
        Attempt.receipt_level,
        Attempt.receipt_is_permanent,
        Attempt.receipt_code,
    )
    .where(in_list(Attempt.delivery_id, "ids"))
    .order_by(Attempt.delivery_id, Attempt.number)
)


_LOCKED = (
    select(Delivery.delivery_id, Delivery.status, Delivery.next_attempt_at, Delivery.lease_owner)
    .where(in_list(Delivery.delivery_id, "ids"))
    .order_by(Delivery.delivery_id)
    .with_for_update()
)


def load_tries(connection: Connection, delivery_ids: Collection[str]) -> dict[str, list[Try]]:
    """Return the finished tries of deliveries, oldest first, with what their receipts amount to."""
    tries: dict[str, list[Try]] = defaultdict(list)
    for row in connection.execute(_TRIES, {"ids": write_list(delivery_ids)}):
        tries[row.delivery_id].append(_read_try(row))
    return tries


@dataclass(frozen=True, slots=True)
class AttemptName:
    """By what a provider knows an attempt."""

    attempt_id: str
    route_id: str
    provider_id: str | None
    started_at: datetime


def load_attempt_names(ledger: Ledger, delivery_id: str) -> list[AttemptName]:
    """Return by what providers know the attempts of a delivery, oldest first."""
    query = (
        select(Attempt.attempt_id, Attempt.route_id, Attempt.provider_id, Attempt.started_at)
        .where(Attempt.delivery_id == delivery_id)
        .order_by(Attempt.number)
    )
    with ledger.read() as connection:
        return [AttemptName(*row) for row in connection.execute(query)]


def refold(connection: Connection, delivery_ids: Collection[str], now: datetime) -> None:
    """Bring deliveries in line with their receipts.

    Proof of arrival ends a delivery, whoever holds it. A failure makes one that is in the queue due
    at once, so that the next route is tried; how often is for the run to decide, which knows the
    policy. One that is closed only changes its status.
    """
    if not delivery_ids:
        return
    tries = load_tries(connection, delivery_ids)
    rows = connection.execute(_LOCKED, {"ids": write_list(delivery_ids)})
    changes: list[dict[str, Any]] = [
        {"b_delivery_id": row.delivery_id, **change}
        for row in rows.all()
        if (change := _fold(row, tries[row.delivery_id], now))
    ]
    if changes:
        names = ("status", "reason", "next_attempt_at", "lease_owner", "lease_until")
        connection.execute(
            update(Delivery)
            .where(Delivery.delivery_id == bindparam("b_delivery_id"))
            .values({name: bindparam(f"b_{name}") for name in names}),
            changes,
        )
        mirror_shared(connection, [change["b_delivery_id"] for change in changes])


def _fold(row: Row[Any], tries: list[Try], now: datetime) -> dict[str, Any] | None:
    """Return the columns that change, None where nothing does."""
    if proven := find_evidence(tries):
        is_known = row.status in (proven, "delivered")
        return None if is_known else _change(proven, None, None)
    is_failed = any(one.receipt and one.receipt.state in ("failed", "missing") for one in tries)
    if not is_failed or row.status in _PROVEN or any(one.is_out for one in tries):
        return None
    if row.next_attempt_at is None:
        is_open = row.status in ("accepted", "unconfirmed")
        return _change("not_delivered", NOT_ARRIVED, None) if is_open else None
    return None if row.lease_owner else _change("waiting", NOT_ARRIVED, now)


def _change(status: str, reason: str | None, next_attempt_at: datetime | None) -> dict[str, Any]:
    return {
        "b_status": status,
        "b_reason": reason,
        "b_next_attempt_at": next_attempt_at,
        "b_lease_owner": None,
        "b_lease_until": None,
    }


def _read_try(row: Row[Any]) -> Try:
    receipt = None
    if row.receipt_state:
        receipt = ReceiptSummary(
            row.receipt_state,
            row.receipt_level or "carrier",
            bool(row.receipt_is_permanent),
            row.receipt_code,
        )
    return Try(
        row.route_id,
        row.outcome or "uncertain",
        row.reason or "",
        row.retry_after_s,
        row.finished_at,
        receipt,
    )
