"""People who share a number get one SMS: one delivery leads, the others are as it is."""

from collections.abc import Collection, Sequence
from typing import Final

from sqlalchemy import ColumnElement, Connection, Update, exists, select, update
from sqlalchemy.orm import aliased

from rollcall.ledger.engine import Ledger
from rollcall.ledger.lists import in_list, write_list
from rollcall.ledger.pending import is_pending
from rollcall.ledger.prepared import Prepared
from rollcall.ledger.tables import Delivery


def find_leaders(ledger: Ledger, message_id: str, numbers: Collection[str]) -> dict[str, str]:
    """Return which delivery leads, by number; those that nobody was texted at are missing."""
    query = select(Delivery.address, Delivery.delivery_id).where(
        Delivery.message_id == message_id,
        in_list(Delivery.address, "numbers"),
        Delivery.channel == "sms",
        Delivery.same_as.is_(None),
        Delivery.status != "not_attempted",
    )
    with ledger.read() as connection:
        rows = connection.execute(query, {"numbers": write_list(numbers)})
        return {str(address): delivery_id for address, delivery_id in rows}


def mirror_shared(connection: Connection, delivery_ids: Sequence[str]) -> None:
    """Copy status and reason to the deliveries that others stand for; safe to call twice.

    Args:
        connection: A transaction that writes, in which the others were settled.
        delivery_ids: Deliveries that changed; those that stand for nobody cost an index look-up.
    """
    _MIRRORED_OF.execute(connection, ids=write_list(delivery_ids))


def has_shared(ledger: Ledger, message_id: str) -> bool:
    """Tell whether any delivery stands for others too, or may when all are recorded."""
    query = select(exists().where(Delivery.message_id == message_id, Delivery.same_as.is_not(None)))
    with ledger.read() as connection:
        if is_pending(connection, message_id):
            return True
        return bool(connection.execute(query).scalar())


def settle_shared(ledger: Ledger, message_id: str) -> None:
    """Bring all deliveries of a message that others stand for in line with those."""
    with ledger.write() as connection:
        mirror_message(connection, message_id)


def mirror_message(connection: Connection, message_id: str) -> None:
    """Copy status and reason to all deliveries of a message that others stand for."""
    connection.execute(_mirror((Delivery.message_id == message_id) & Delivery.same_as.is_not(None)))


def _mirror(which: ColumnElement[bool]) -> Update:
    leader = aliased(Delivery)
    is_leader = leader.delivery_id == Delivery.same_as
    return (
        update(Delivery)
        .where(which)
        .values(
            status=select(leader.status).where(is_leader).scalar_subquery(),
            reason=select(leader.reason).where(is_leader).scalar_subquery(),
        )
    )


_MIRRORED_OF: Final = Prepared(_mirror(in_list(Delivery.same_as, "ids")))
