"""Who asked for no more texts, by number: asked before a routine message is recorded."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import Connection, delete, select

from rollcall.ledger.engine import Ledger, insert_new
from rollcall.ledger.lists import in_list, write_list
from rollcall.ledger.tables import OptOut

OptOutSource = Literal["inbound", "operator"]
"""Who said so: the owner of the number by a text of theirs, or an operator on their behalf."""

_OPTED_OUT: Final = select(OptOut.address).where(in_list(OptOut.address, "addresses"))


@dataclass(frozen=True, slots=True)
class OptOutRecord:
    """One number whose owner wants no more texts.

    Attributes:
        address: The number, E.164.
        source: Who said so.
        route_id: The route whose number got the text; None from an operator.
        opted_out_at: When it was first said (aware).
    """

    address: str
    source: OptOutSource
    route_id: str | None
    opted_out_at: datetime


def opt_out(connection: Connection, record: OptOutRecord) -> bool:
    """Record that a number gets no more texts; keeps what was recorded first.

    Args:
        connection: A transaction that writes.
        record: The number, E.164, with who said so and when.

    Returns:
        Whether it is new.
    """
    return bool(insert_new(connection, OptOut, "address", [asdict(record)]))


def opt_in(connection: Connection, address: str) -> bool:
    """Forget that a number gets no more texts; safe to call twice.

    Args:
        connection: A transaction that writes.
        address: The number, E.164.

    Returns:
        Whether it was opted out.
    """
    return connection.execute(delete(OptOut).where(OptOut.address == address)).rowcount == 1


def list_opt_outs(ledger: Ledger) -> list[OptOutRecord]:
    """Return everybody who gets no more texts, the latest first."""
    query = select(OptOut.__table__).order_by(OptOut.opted_out_at.desc(), OptOut.address)
    with ledger.read() as connection:
        return [_record(row) for row in connection.execute(query).mappings()]


def opted_out_among(connection: Connection, addresses: Collection[str]) -> set[str]:
    """Return which of some numbers get no more texts.

    Args:
        connection: Any transaction.
        addresses: Numbers, E.164; hundreds of thousands will do.
    """
    return set(connection.execute(_OPTED_OUT, {"addresses": write_list(addresses)}).scalars())


def _record(row: Any) -> OptOutRecord:
    return OptOutRecord(row["address"], row["source"], row["route_id"], row["opted_out_at"])
