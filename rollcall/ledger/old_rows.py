"""Rows that are deleted by their age alone: what the app reported, receipts, taken texts, drafts.

Each is deleted some hundred at a time, in the order of their keys, so that nobody waits for the
ledger and a run that is cut off has deleted what it has. They are searched without holding anybody
up, and deleted only if they are due still.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, delete, exists, func, not_, or_, select
from sqlalchemy.orm import InstrumentedAttribute, aliased

from rollcall.ledger.app_devices import is_revocation
from rollcall.ledger.app_tables import AppDevice, AppEmergency, AppLocation
from rollcall.ledger.chat_tables import TakenText
from rollcall.ledger.compaction import owe_compaction
from rollcall.ledger.desk_tables import DraftRow
from rollcall.ledger.drafts import is_of_draft
from rollcall.ledger.engine import Ledger
from rollcall.ledger.retention import GIVE_WAY_S, DueCount
from rollcall.ledger.tables import Attempt, Delivery, Message, Receipt

CHUNK_ROWS: Final = 1_000
"""Rows in one transaction."""


@dataclass(frozen=True, slots=True)
class OldRows:
    """Rows of one table that are due.

    Attributes:
        key: The table's primary key.
        dated: When a row came to be, or was over.
        which: Which rows are due.
    """

    key: InstrumentedAttribute[str]
    dated: InstrumentedAttribute[Any]
    which: ColumnElement[bool]


def old_locations(before: datetime) -> OldRows:
    """Return the locations that were reported before a moment and that nothing rests on any more.

    Somebody's latest one stays while they have the app: without it they would be looked for where
    they work. It goes with their last device.
    """
    later, device = aliased(AppLocation), aliased(AppDevice)
    is_superseded = exists().where(
        later.person_id == AppLocation.person_id, later.reported_at > AppLocation.reported_at
    )
    has_app = exists().where(device.person_id == AppLocation.person_id, device.revoked_at.is_(None))
    is_old = AppLocation.reported_at < before
    return OldRows(
        AppLocation.location_id,
        AppLocation.reported_at,
        and_(is_old, or_(is_superseded, not_(has_app))),
    )


def old_emergencies(before: datetime) -> OldRows:
    """Return the emergencies that ended before a moment; an active one never is old."""
    which = AppEmergency.ended_at < before
    return OldRows(AppEmergency.emergency_id, AppEmergency.ended_at, which)


def old_devices(before: datetime) -> OldRows:
    """Return the devices that were revoked before a moment."""
    which = and_(AppDevice.revoked_at < before, not_(is_revocation()))
    return OldRows(AppDevice.device_id, AppDevice.revoked_at, which)


def old_revocations(before: datetime) -> OldRows:
    """Return the revocations of all of somebody's devices before a moment.

    No sooner than `REVOCATIONS_KEPT_FOR` after them: until then they alone refuse links that were
    given out before.
    """
    which = and_(AppDevice.revoked_at < before, is_revocation())
    return OldRows(AppDevice.device_id, AppDevice.revoked_at, which)


def old_receipts(before: datetime) -> OldRows:
    """Return the receipts that came before a moment and decide nothing.

    Those that belong to no attempt, and of messages that lost their personal data those that were
    overtaken ("accepted" before "delivered"). What a status rests on stays: another report of the
    same attempt, however late, is folded with it.
    """
    of_removed = (
        select(Attempt.attempt_id)
        .join(Delivery, Delivery.delivery_id == Attempt.delivery_id)
        .join(Message, Message.message_id == Delivery.message_id)
        .where(
            Attempt.attempt_id == Receipt.attempt_id,
            Attempt.receipt_state != Receipt.state,
            Message.erased_at.is_not(None),
        )
        .exists()
    )
    decides_nothing = or_(Receipt.attempt_id.is_(None), of_removed)
    which = and_(Receipt.received_at < before, decides_nothing)
    return OldRows(Receipt.receipt_id, Receipt.received_at, which)


def old_taken_texts(before: datetime) -> OldRows:
    """Return the marks of texts that no provider hands over again after so long."""
    return OldRows(TakenText.text_id, TakenText.taken_at, TakenText.taken_at < before)


def old_drafts(before: datetime) -> OldRows:
    """Return the drafts that were last changed before a moment.

    And those that are sent and whose messages lost their personal data: they say the same.
    """
    is_removed = exists().where(is_of_draft(), Message.erased_at.is_not(None))
    which = or_(DraftRow.changed_at < before, is_removed)
    return OldRows(DraftRow.draft_id, DraftRow.changed_at, which)


def count_old(ledger: Ledger, old: OldRows) -> DueCount:
    """Count the rows that are due."""
    query = select(func.count(), func.min(old.dated)).where(old.which)
    with ledger.read() as connection:
        return DueCount(*connection.execute(query).one())


def delete_old(ledger: Ledger, old: OldRows, pause: Callable[[float], None] = time.sleep) -> int:
    """Delete the rows that are due; safe to call again.

    Args:
        ledger: Where they are.
        old: Which rows.
        pause: Waits between transactions, for so many seconds.

    Returns:
        How many.
    """
    count, after = 0, ""
    while keys := _find(ledger, old, after):
        with ledger.write() as connection:
            gone = delete(old.key.class_).where(old.key.in_(keys), old.which)
            count += connection.execute(gone).rowcount
            owe_compaction(connection)
        after = keys[-1]
        pause(GIVE_WAY_S)
    return count


def _find(ledger: Ledger, old: OldRows, after: str) -> list[str]:
    """Return the next keys; outside the transaction that writes, for a whole table may be read."""
    query = select(old.key).where(old.which, old.key > after).order_by(old.key)
    with ledger.read() as connection:
        return list(connection.execute(query.limit(CHUNK_ROWS)).scalars())
