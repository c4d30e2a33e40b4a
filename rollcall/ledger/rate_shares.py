"""Who sends over a route at this moment: together all processes keep its limit.

Each process that uses a limited route keeps a row alive, and takes an equal share of the limit. One
that comes counts itself from the start and the others count it within a second; one that dies is
forgotten when its lease ends.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, func, select, update

from rollcall.ledger.engine import Ledger, insert_new
from rollcall.ledger.tables import RateShare

SHARE_LEASE_S: Final = 5.0
"""How long a process that says nothing still counts."""

RENEW_SHARE_EVERY_S: Final = 1.0


def renew_shares(
    ledger: Ledger, owner: str, route_ids: Collection[str], now: datetime
) -> dict[str, int]:
    """Keep this process's place on routes, and count who uses each of them.

    Returns:
        For each route how many processes use it, this one included.

    Raises:
        LedgerError: The ledger does not answer.
    """
    if not route_ids:
        return {}
    until = now + timedelta(seconds=SHARE_LEASE_S)
    rows = [{"route_id": one, "owner": owner, "lease_until": until} for one in sorted(route_ids)]
    with ledger.write() as connection:
        connection.execute(delete(RateShare).where(RateShare.lease_until < now))
        insert_new(connection, RateShare, ("route_id", "owner"), rows)
        mine = (RateShare.owner == owner) & RateShare.route_id.in_(route_ids)
        connection.execute(update(RateShare).where(mine).values(lease_until=until))
        query = (
            select(RateShare.route_id, func.count())
            .where(RateShare.route_id.in_(route_ids))
            .group_by(RateShare.route_id)
        )
        return dict(connection.execute(query).tuples().all())


def release_shares(ledger: Ledger, owner: str) -> None:
    """Leave all routes to the others.

    Raises:
        LedgerError: The ledger does not answer; the lease ends by itself.
    """
    with ledger.write() as connection:
        connection.execute(delete(RateShare).where(RateShare.owner == owner))
