"""People who share a number get one SMS: one delivery leads, the others are as it is."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, exists, func, select, update
from sqlalchemy.orm import aliased

from rollcall.ledger.engine import Ledger
from rollcall.ledger.lists import in_list, write_list
from rollcall.ledger.tables import AudienceMember, Delivery


def find_shared_numbers(connection: Connection, message_id: str) -> set[str]:
    """Return the numbers that several recipients of a message have."""
    query = (
        select(AudienceMember.phone)
        .where(AudienceMember.message_id == message_id, AudienceMember.phone.is_not(None))
        .group_by(AudienceMember.phone)
        .having(func.count() > 1)
    )
    return {phone for phone in connection.execute(query).scalars() if phone}


def mirror_shared(connection: Connection, delivery_ids: Sequence[str]) -> None:
    """Copy status and reason to the deliveries that others stand for; safe to call twice.

    Args:
        connection: A transaction that writes, in which the others were settled.
        delivery_ids: Deliveries that changed; those that stand for nobody cost an index look-up.
    """
    _mirror(connection, in_list(Delivery.same_as, "ids"), ids=write_list(delivery_ids))


def has_shared(ledger: Ledger, message_id: str) -> bool:
    """Tell whether any delivery of a message stands for others too."""
    query = select(exists().where(Delivery.message_id == message_id, Delivery.same_as.is_not(None)))
    with ledger.read() as connection:
        return bool(connection.execute(query).scalar())


def settle_shared(ledger: Ledger, message_id: str) -> None:
    """Bring all deliveries of a message that others stand for in line with those."""
    with ledger.write() as connection:
        mirror_message(connection, message_id)


def mirror_message(connection: Connection, message_id: str) -> None:
    """Copy status and reason to all deliveries of a message that others stand for."""
    _mirror(connection, (Delivery.message_id == message_id) & Delivery.same_as.is_not(None))


def _mirror(connection: Connection, which: ColumnElement[bool], **told: str) -> None:
    leader = aliased(Delivery)
    is_leader = leader.delivery_id == Delivery.same_as
    mirrored = update(Delivery).where(which)
    connection.execute(
        mirrored.values(
            status=select(leader.status).where(is_leader).scalar_subquery(),
            reason=select(leader.reason).where(is_leader).scalar_subquery(),
        ),
        told,
    )
