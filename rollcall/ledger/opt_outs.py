"""Who asked for no more texts, by number: asked before a routine message is recorded."""

from collections.abc import Collection
from typing import Final

from sqlalchemy import Connection, select

from rollcall.ledger.tables import OptOut

CHUNK: Final = 5_000
"""Numbers asked for in one query; SQLite takes 32,766 parameters, PostgreSQL 65,535."""


def opted_out_among(connection: Connection, addresses: Collection[str]) -> set[str]:
    """Return those numbers (E.164) whose owners asked for no more texts."""
    asked = list(addresses)
    found: set[str] = set()
    for start in range(0, len(asked), CHUNK):
        query = select(OptOut.address).where(OptOut.address.in_(asked[start : start + CHUNK]))
        found.update(connection.execute(query).scalars())
    return found
