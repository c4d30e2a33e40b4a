"""Receipts in the ledger: kept as they came, matched with their attempts, folded into statuses.

A repeat or replay changes nothing; order does not matter; a receipt that matches no attempt yet is
kept and matched when the attempt's outcome tells the provider's id.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, select, update

from rollcall.domain.receipts import (
    EvidenceLevel,
    Receipt,
    ReceiptSource,
    ReceiptSummary,
    summarise,
)
from rollcall.ledger.engine import Ledger, insert_new
from rollcall.ledger.folding import refold
from rollcall.ledger.lists import in_list, write_list
from rollcall.ledger.tables import Attempt, Delivery
from rollcall.ledger.tables import Receipt as ReceiptRow

_WAITING = select(ReceiptRow.receipt_id, ReceiptRow.route_id, ReceiptRow.provider_id).where(
    in_list(ReceiptRow.provider_id, "provider_ids"),
    ReceiptRow.attempt_id.is_(None),
    ReceiptRow.reference.is_(None),
)
_RECEIVED = (
    select(
        ReceiptRow.attempt_id,
        ReceiptRow.state,
        ReceiptRow.level,
        ReceiptRow.is_permanent,
        ReceiptRow.code,
        Delivery.country,
    )
    .join(Attempt, Attempt.attempt_id == ReceiptRow.attempt_id)
    .join(Delivery, Delivery.delivery_id == Attempt.delivery_id)
    .where(in_list(ReceiptRow.attempt_id, "ids"))
)
_OF_ROUTE = Attempt.route_id == bindparam("route_id")
_LATEST_OF_DELIVERY = (
    select(Attempt.delivery_id, Attempt.attempt_id)
    .where(in_list(Attempt.delivery_id, "names"), _OF_ROUTE)
    .order_by(Attempt.number)
)
_ATTEMPT = select(Attempt.attempt_id.label("name"), Attempt.attempt_id).where(
    in_list(Attempt.attempt_id, "names"), _OF_ROUTE
)
_ONLY_OF_PROVIDER = (
    select(Attempt.provider_id, func.min(Attempt.attempt_id))
    .where(in_list(Attempt.provider_id, "names"), _OF_ROUTE)
    .group_by(Attempt.provider_id)
    .having(func.count() == 1)
)
_TRIED = select(Attempt.delivery_id).where(in_list(Attempt.attempt_id, "ids"))

ReceiptCounts = dict[tuple[str, str | None], dict[str, int]]
"""How many receipts came, by route and country, then by state."""


def record_receipts(
    ledger: Ledger,
    route_id: str,
    source: ReceiptSource,
    receipts: Sequence[Receipt],
    now: datetime,
    carrier_only: frozenset[str] = frozenset(),
) -> int:
    """Record what a provider reports; durable when this returns, and safe to call twice.

    Args:
        ledger: Where to.
        route_id: Whose provider reports: only attempts over this route are matched.
        source: How the report came.
        receipts: The reports, in any order.
        now: The present moment.
        carrier_only: Countries where no receipt proves more than arrival at the carrier.

    Returns:
        How many of them were not known before.

    Raises:
        LedgerError: They could not be recorded.
    """
    with ledger.write() as connection:
        return record_receipts_in(connection, route_id, source, receipts, now, carrier_only)


def record_receipts_in(
    connection: Connection,
    route_id: str,
    source: ReceiptSource,
    receipts: Sequence[Receipt],
    now: datetime,
    carrier_only: frozenset[str] = frozenset(),
) -> int:
    """Do what `record_receipts` does within a transaction."""
    rows = {one.digest(route_id): _receipt_row(one, route_id, source, now) for one in receipts}
    new_ids = insert_new(connection, ReceiptRow, "receipt_id", list(rows.values()))
    fresh = [rows[receipt_id] for receipt_id in sorted(new_ids)]
    if fresh:
        attempt_ids = _match(connection, route_id, fresh)
        apply_receipts(connection, attempt_ids, now, carrier_only)
    return len(fresh)


def match_waiting(
    connection: Connection,
    provider_ids: Collection[tuple[str, str]],
    now: datetime,
    carrier_only: frozenset[str] = frozenset(),
) -> None:
    """Match receipts that came before the attempt's answer told the provider's id.

    Args:
        connection: A transaction.
        provider_ids: Route ids with provider ids, of attempts that are recorded.
        now: The present moment.
        carrier_only: As in `record_receipts`.
    """
    if not provider_ids:
        return
    found: dict[str, list[tuple[str, str]]] = {}
    asked = {"provider_ids": write_list({provider_id for _, provider_id in provider_ids})}
    for receipt_id, route_id, provider_id in connection.execute(_WAITING, asked):
        if provider_id and (route_id, provider_id) in provider_ids:
            found.setdefault(route_id, []).append((receipt_id, provider_id))
    matched = []
    for route_id, waiting in found.items():
        ids = sorted({provider_id for _, provider_id in waiting})
        attempts = _find_attempts(connection, route_id, [], ids)
        matched += [
            (receipt_id, attempts[provider_id])
            for receipt_id, provider_id in waiting
            if provider_id in attempts
        ]
    _set_matches(connection, matched)
    apply_receipts(connection, {attempt_id for _, attempt_id in matched}, now, carrier_only)


def apply_receipts(
    connection: Connection,
    attempt_ids: Iterable[str],
    now: datetime,
    carrier_only: frozenset[str] = frozenset(),
) -> None:
    """Sum up all receipts of attempts, and fold them into their deliveries' statuses."""
    ids = sorted(set(attempt_ids))
    if not ids:
        return
    told = {"ids": write_list(ids)}
    connection.execute(
        update(Attempt)
        .where(Attempt.attempt_id == bindparam("b_attempt_id"))
        .values(
            receipt_state=bindparam("state"),
            receipt_level=bindparam("level"),
            receipt_is_permanent=bindparam("is_permanent"),
            receipt_code=bindparam("code"),
        ),
        _load_summaries(connection, told, carrier_only),
    )
    refold(connection, set(connection.execute(_TRIED, told).scalars()), now)


def count_receipts(ledger: Ledger, since: datetime, until: datetime) -> ReceiptCounts:
    """Count the matched receipts that came in `[since, until)`, by route, country and state.

    Of `failed` only those count that speak of the route, not of the recipient.
    """
    query = (
        select(ReceiptRow.route_id, Delivery.country, ReceiptRow.state, func.count())
        .join(Attempt, Attempt.attempt_id == ReceiptRow.attempt_id)
        .join(Delivery, Delivery.delivery_id == Attempt.delivery_id)
        .where(ReceiptRow.received_at >= since, ReceiptRow.received_at < until)
        .where(ReceiptRow.is_permanent.is_(False))
        .group_by(ReceiptRow.route_id, Delivery.country, ReceiptRow.state)
    )
    counts: ReceiptCounts = {}
    with ledger.read() as connection:
        for route_id, country, state, count in connection.execute(query):
            counts.setdefault((route_id, country), {})[state] = count
    return counts


@dataclass(frozen=True, slots=True)
class DueCount:
    """What became of messages that a route took to one country, once their receipts were due.

    Attributes:
        route_id: The route.
        country: Of the numbers.
        returned_count: Of how many a receipt proves arrival.
        missing_count: Of how many there is none.
    """

    route_id: str
    country: str | None
    returned_count: int
    missing_count: int


def count_due_receipts(
    ledger: Ledger, route_id: str, since: datetime, until: datetime
) -> list[DueCount]:
    """Count the receipts of what a route took in `[since, until)`, by country.

    Raises:
        LedgerError: The ledger does not answer.
    """
    returned = func.count().filter(Attempt.receipt_state == "delivered")
    missing = func.count().filter(Attempt.receipt_state.is_(None))
    query = (
        select(Delivery.country, returned, missing)
        .join(Delivery, Delivery.delivery_id == Attempt.delivery_id)
        .where(Attempt.route_id == route_id, Attempt.outcome == "accepted")
        .where(Attempt.finished_at >= since, Attempt.finished_at < until)
        .group_by(Delivery.country)
    )
    with ledger.read() as connection:
        return [DueCount(route_id, *row) for row in connection.execute(query)]


def _receipt_row(
    receipt: Receipt, route_id: str, source: ReceiptSource, now: datetime
) -> dict[str, Any]:
    return {
        "receipt_id": receipt.digest(route_id),
        "route_id": route_id,
        "source": source,
        "reference": receipt.reference,
        "provider_id": receipt.provider_id,
        "attempt_id": None,
        "state": receipt.state,
        "level": receipt.level,
        "is_permanent": receipt.is_permanent,
        "code": receipt.code,
        "occurred_at": receipt.occurred_at,
        "received_at": now,
    }


def _match(connection: Connection, route_id: str, rows: Sequence[dict[str, Any]]) -> set[str]:
    """Find the attempts that receipts speak of; record the matches.

    The provider's id counts only where our reference is missing: some give one to a whole bulk.
    """
    references = sorted({row["reference"] for row in rows if row["reference"]})
    provider_ids = sorted({row["provider_id"] for row in rows if not row["reference"]} - {None})
    attempts = _find_attempts(connection, route_id, references, provider_ids)
    matched = [
        (row["receipt_id"], attempt_id)
        for row in rows
        if (attempt_id := attempts.get(row["reference"] or row["provider_id"]))
    ]
    _set_matches(connection, matched)
    return {attempt_id for _, attempt_id in matched}


def _find_attempts(
    connection: Connection, route_id: str, references: list[str], provider_ids: list[str]
) -> dict[str | None, str]:
    """Return attempt ids by what names them: a delivery's name stands for its latest attempt.

    A provider's id that several attempts have names none of them.
    """
    found: dict[str | None, str] = {}
    of_route = {"route_id": route_id}
    if references:
        named = of_route | {"names": write_list(references)}
        for query in (_LATEST_OF_DELIVERY, _ATTEMPT):
            found.update(connection.execute(query, named).tuples().all())
    if provider_ids:
        named = of_route | {"names": write_list(provider_ids)}
        found.update(connection.execute(_ONLY_OF_PROVIDER, named).tuples().all())
    return found


def _set_matches(connection: Connection, matched: Sequence[tuple[str, str]]) -> None:
    if matched:
        connection.execute(
            update(ReceiptRow)
            .where(ReceiptRow.receipt_id == bindparam("b_receipt_id"))
            .values(attempt_id=bindparam("b_attempt_id")),
            [{"b_receipt_id": one, "b_attempt_id": attempt} for one, attempt in matched],
        )


def _load_summaries(
    connection: Connection, told: dict[str, str], carrier_only: frozenset[str]
) -> list[dict[str, Any]]:
    receipts: dict[str, list[ReceiptSummary]] = {}
    for attempt_id, state, level, is_permanent, code, country in connection.execute(
        _RECEIVED, told
    ):
        proven: EvidenceLevel = "carrier" if country in carrier_only else level
        receipts.setdefault(attempt_id, []).append(
            ReceiptSummary(state, proven, is_permanent, code)
        )
    return [
        {"b_attempt_id": attempt_id, **_summary_row(summarise(told))}
        for attempt_id, told in receipts.items()
    ]


def _summary_row(summary: ReceiptSummary | None) -> dict[str, Any]:
    assert summary is not None  # noqa: S101 - an attempt is listed for the sake of a receipt
    return {
        "state": summary.state,
        "level": summary.level,
        "is_permanent": summary.is_permanent,
        "code": summary.code,
    }
