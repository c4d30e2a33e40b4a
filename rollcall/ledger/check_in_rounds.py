"""Rounds of check-ins in the ledger: each moment and time zone is asked once, and settled once.

A round and the message that asks are recorded in one transaction: of two that look at once, or of
one that dies in between, one asks.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Row, and_, insert, select, update

from rollcall.ledger.chasing import Silent
from rollcall.ledger.chat_tables import Chat, ChatMember, CheckInRound
from rollcall.ledger.check_ins import lock_running
from rollcall.ledger.engine import Ledger
from rollcall.ledger.messages import MessageRecord, NewMessage, accept_message_in
from rollcall.ledger.tables import AudienceMember, Message

_AROUND: Final = timedelta(hours=60)
"""Moments of one local day are at most 26 hours apart over all time zones, and a day that a gap has
moved some more: farther away lies another day."""

ANSWERS_FOR: Final = timedelta(days=15)
"""How long answers may come: personal links work for 14 days."""


class RoundKey(NamedTuple):
    """What there is one round of."""

    check_in_id: str
    due_at: datetime
    time_zone: str


@dataclass(frozen=True, slots=True)
class NewRound:
    """A round that is due.

    Attributes:
        key: Which one.
        closes_at: From when on who has not answered is missing.
        person_ids: Who is meant.
    """

    key: RoundKey
    closes_at: datetime
    person_ids: Sequence[str]


@dataclass(frozen=True, slots=True)
class RoundRecord:
    """One round, as its row says; without a message nobody was asked."""

    check_in_id: str
    due_at: datetime
    time_zone: str
    message_id: str | None
    closes_at: datetime
    settled_at: datetime | None
    missed: list[str]

    @property
    def key(self) -> RoundKey:
        """Return what there is one of."""
        return RoundKey(self.check_in_id, self.due_at, self.time_zone)


class Asked(NamedTuple):
    """Somebody who was asked, and what they have answered; a name once the audience is frozen."""

    person_id: str
    name: str | None
    answer: str
    answered_at: datetime | None


class HelpWanted(NamedTuple):
    """Somebody who has answered a check-in that they need help."""

    check_in_id: str
    person_id: str
    name: str
    answered_at: datetime


def open_round(
    ledger: Ledger,
    new: NewRound,
    is_same_day: Callable[[datetime, str], bool],
    make: Callable[[Sequence[str]], NewMessage],
    now: datetime,
) -> MessageRecord | None:
    """Ask a round, unless it was asked or the check-in has ended.

    Args:
        ledger: Where to.
        new: The round.
        is_same_day: Tells of another round's moment and zone whether it stands for the same day:
            who was asked then, and lives in another zone now, is not asked again.
        make: Makes the message to those who are left; it calls nothing that waits.
        now: The present moment.

    Returns:
        The message; None where there is nobody to ask.
    """
    with ledger.write() as connection:
        if not _may_open(connection, new.key):
            return None
        asked = _read_asked_around(connection, new.key, is_same_day)
        left = [one for one in new.person_ids if one not in asked]
        if not left:
            return None
        record, _ = accept_message_in(connection, make(left), now)
        row = _row_of(new) | {"message_id": record.message_id, "missed": []}
        connection.execute(insert(CheckInRound).values(row))
        return record


def skip_round(
    ledger: Ledger,
    new: NewRound,
    notice: NewMessage | None,
    now: datetime,
) -> bool:
    """Record that a round was not asked in time, and tell so, once.

    Returns:
        Whether this call did.
    """
    with ledger.write() as connection:
        if not _may_open(connection, new.key):
            return False
        if notice is not None:
            accept_message_in(connection, notice, now)
        row = _row_of(new) | {"settled_at": now, "missed": sorted(new.person_ids)}
        connection.execute(insert(CheckInRound).values(row))
        return True


def settle_round(
    ledger: Ledger,
    key: RoundKey,
    make: Callable[[Sequence[Silent]], NewMessage | None],
    now: datetime,
) -> list[str] | None:
    """Record who has not answered a round that has closed, and tell so, once.

    Returns:
        Who is missing; None where it was settled before.
    """
    with ledger.write() as connection:
        query = select(*_COLUMNS).where(_is_round(key), CheckInRound.settled_at.is_(None))
        row = connection.execute(query.with_for_update()).one_or_none()
        if row is None or row.message_id is None:
            return None
        asked = read_asked_in(connection, row.message_id)
        silent = [
            Silent(one.person_id, one.name or one.person_id)
            for one in asked
            if one.answer == "none"
        ]
        missed = sorted(one.person_id for one in silent)
        settled = update(CheckInRound).where(_is_round(key))
        connection.execute(settled.values(settled_at=now, missed=missed))
        notice = make(silent) if silent else None
        if notice is not None:
            accept_message_in(connection, notice, now)
        return missed


def list_rounds(ledger: Ledger, check_in_id: str, limit: int = 50) -> list[RoundRecord]:
    """Return the latest rounds of a check-in, newest first."""
    query = (
        select(*_COLUMNS)
        .where(CheckInRound.check_in_id == check_in_id)
        .order_by(CheckInRound.due_at.desc(), CheckInRound.time_zone)
        .limit(limit)
    )
    with ledger.read() as connection:
        return [_record_from(row) for row in connection.execute(query)]


def list_closed(ledger: Ledger, now: datetime) -> list[RoundRecord]:
    """Return the rounds that have closed and are not settled, of ended check-ins too."""
    query = (
        select(*_COLUMNS)
        .where(CheckInRound.settled_at.is_(None), CheckInRound.closes_at <= now)
        .order_by(CheckInRound.closes_at, CheckInRound.check_in_id, CheckInRound.time_zone)
    )
    with ledger.read() as connection:
        return [_record_from(row) for row in connection.execute(query)]


def list_spent_chats(ledger: Ledger, settled_by: datetime) -> list[str]:
    """Return the conversations of rounds that were settled by a moment and are not archived."""
    query = (
        select(Chat.chat_id)
        .join(CheckInRound, CheckInRound.message_id == Chat.message_id)
        .where(Chat.archived_at.is_(None), CheckInRound.settled_at <= settled_by)
        .order_by(CheckInRound.settled_at, Chat.chat_id)
    )
    with ledger.read() as connection:
        return list(connection.execute(query).scalars())


def list_help_wanted(ledger: Ledger, now: datetime) -> list[HelpWanted]:
    """Return who says in answer to a check-in that they need help, whenever they said so."""
    query = (
        select(
            CheckInRound.check_in_id,
            ChatMember.person_id,
            AudienceMember.name,
            ChatMember.answered_at,
        )
        .join(Chat, Chat.message_id == CheckInRound.message_id)
        .join(ChatMember, ChatMember.chat_id == Chat.chat_id)
        .join(AudienceMember, _is_member())
        .where(CheckInRound.due_at > now - ANSWERS_FOR, ChatMember.answer == "needs_help")
        .order_by(ChatMember.answered_at, ChatMember.person_id)
    )
    with ledger.read() as connection:
        return [HelpWanted(*row) for row in connection.execute(query)]


def read_asked(ledger: Ledger, message_id: str) -> list[Asked]:
    """Return everybody whom a round asked, and what they have answered."""
    with ledger.read() as connection:
        return read_asked_in(connection, message_id)


def read_asked_in(connection: Connection, message_id: str) -> list[Asked]:
    """Do as `read_asked`, within a transaction.

    Who was meant and is no member yet has not been asked by anybody, and counts as silent.
    """
    query = (
        select(ChatMember.person_id, AudienceMember.name, ChatMember.answer, ChatMember.answered_at)
        .join(AudienceMember, _is_member())
        .where(ChatMember.message_id == message_id)
    )
    members = {row.person_id: Asked(*row) for row in connection.execute(query)}
    meant = _read_meant(connection, [message_id])
    return [members.get(one, Asked(one, None, "none", None)) for one in sorted(meant)]


def known_keys(ledger: Ledger, keys: Sequence[str]) -> set[str]:
    """Return those of some idempotency keys that stand for a message."""
    query = select(Message.idempotency_key).where(Message.idempotency_key.in_(keys))
    with ledger.read() as connection:
        return set(connection.execute(query).scalars()) if keys else set()


_COLUMNS: Final = tuple(getattr(CheckInRound, name) for name in RoundRecord.__dataclass_fields__)


def _is_member() -> Any:
    return and_(
        AudienceMember.message_id == ChatMember.message_id,
        AudienceMember.person_id == ChatMember.person_id,
    )


def _is_round(key: RoundKey) -> Any:
    return and_(
        CheckInRound.check_in_id == key.check_in_id,
        CheckInRound.due_at == key.due_at,
        CheckInRound.time_zone == key.time_zone,
    )


def _may_open(connection: Connection, key: RoundKey) -> bool:
    """Tell whether a round is still to be opened; until this is committed nobody else opens it."""
    if not lock_running(connection, key.check_in_id):
        return False
    found = select(CheckInRound.check_in_id).where(_is_round(key))
    return connection.execute(found).first() is None


def _read_asked_around(
    connection: Connection, key: RoundKey, is_same_day: Callable[[datetime, str], bool]
) -> set[str]:
    """Return who was asked for the same local day, in whatever zone they were then."""
    query = select(CheckInRound.due_at, CheckInRound.time_zone, CheckInRound.message_id).where(
        CheckInRound.check_in_id == key.check_in_id,
        CheckInRound.due_at.between(key.due_at - _AROUND, key.due_at + _AROUND),
        CheckInRound.message_id.is_not(None),
    )
    rows = connection.execute(query).all()
    return _read_meant(
        connection, [row.message_id for row in rows if is_same_day(row.due_at, row.time_zone)]
    )


def _read_meant(connection: Connection, message_ids: Sequence[str]) -> set[str]:
    query = select(Message.request).where(Message.message_id.in_(message_ids))
    requests = connection.execute(query).scalars() if message_ids else ()
    return {one for request in requests for one in request["selection"]["people"]}


def _row_of(new: NewRound) -> dict[str, Any]:
    return {**new.key._asdict(), "closes_at": new.closes_at}


def _record_from(row: Row[Any]) -> RoundRecord:
    return RoundRecord(**row._asdict())
