"""Erase one person from the ledger: what stays of them are rows under an id that tells nobody.

Texts first, while it is still known what to look for in them; then the person's own rows, message
by message; what the app reported last. Each is a transaction of its own: whoever dies in between is
followed by another call, which finds what is left.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, delete, exists, insert, not_, select, update

from rollcall.domain.chats import chat_id_of
from rollcall.domain.removal import ERASED, REMOVED
from rollcall.ledger.app_devices import REVOCATIONS_KEPT_FOR, is_revocation
from rollcall.ledger.app_tables import AppDevice, AppEmergency, AppLocation
from rollcall.ledger.chat_tables import ChatAnswer, ChatMember, CheckInRound
from rollcall.ledger.compaction import owe_compaction
from rollcall.ledger.drafts import forget_sent_drafts
from rollcall.ledger.engine import Ledger
from rollcall.ledger.erasing_texts import ErasedPerson, erase_texts, may_change
from rollcall.ledger.naming import is_meant_anywhere, list_naming
from rollcall.ledger.pending import list_pending, load_pending
from rollcall.ledger.retention import GONE_OF_MEMBER
from rollcall.ledger.tables import (
    Attempt,
    AudienceMember,
    Delivery,
    Message,
    OptOut,
)

_OF_APP = (AppDevice, AppLocation, AppEmergency)


@dataclass(frozen=True, slots=True)
class LedgerTraces:
    """What a ledger holds of somebody.

    Attributes:
        memberships: Their name, address and number in every message that was for them, by its id.
        has_app: Whether the app reported anything of them.
        is_meant: Whether a setting or a message's request means them by their id.
    """

    memberships: dict[str, frozenset[str]]
    has_app: bool
    is_meant: bool

    @property
    def terms(self) -> frozenset[str]:
        """Names, addresses and numbers."""
        return frozenset().union(*self.memberships.values())

    @property
    def is_nothing(self) -> bool:
        """Whether the ledger holds nothing of them."""
        return not (self.memberships or self.has_app or self.is_meant)


@dataclass(frozen=True, slots=True)
class LedgerErasure:
    """What erasing somebody has come to.

    Attributes:
        message_count: Messages that hold them no more.
        left_message_ids: Messages that do still: they are not over, or are held.
        has_emergency: Whether they have an open emergency: then what the app reports is left.
        named_in: What else names them and is left to be changed: dynamic filters and so on.
        is_opted_out: Whether a number of theirs is opted out; that is kept.
        is_revoked: Whether links from before all their devices were revoked may work still: that
            they are refused is kept.
    """

    message_count: int
    left_message_ids: tuple[str, ...]
    has_emergency: bool
    named_in: tuple[str, ...]
    is_opted_out: bool
    is_revoked: bool


def find_traces(ledger: Ledger, person_id: str) -> LedgerTraces:
    """Return what the ledger holds of somebody; it reads all audiences."""
    columns = (AudienceMember.name, AudienceMember.email, AudienceMember.phone)
    members = select(AudienceMember.message_id, *columns).where(
        AudienceMember.person_id == person_id
    )
    with ledger.read() as connection:
        rows = connection.execute(members.order_by(AudienceMember.message_id)).all()
        has_app = any(
            connection.execute(select(exists().where(one.person_id == person_id))).scalar()
            for one in _OF_APP
        )
    terms = {row.message_id: frozenset(_told(*row[1:])) for row in rows}
    terms |= _find_pending(ledger, person_id)
    return LedgerTraces(terms, has_app, is_meant_anywhere(ledger, person_id))


def _find_pending(ledger: Ledger, person_id: str) -> dict[str, frozenset[str]]:
    """Return the same of messages that are being recorded: those are not over, and keep them."""
    return {
        message_id: frozenset(_told(one.name, one.email, one.phone))
        for message_id in list_pending(ledger)
        if (pending := load_pending(ledger, message_id))
        for one in pending.recipients
        if one.person_id == person_id
    }


def _told(*values: str | None) -> Iterator[str]:
    return (one for one in values if one and one not in (REMOVED, ERASED))


def erase_from_texts(ledger: Ledger, who: ErasedPerson, now: datetime) -> set[str]:
    """Take somebody out of the texts of all messages that are over and not held; safe to repeat.

    Also out of whom a message was for, of which nothing else is left: retention keeps that.

    Returns:
        The ids of the messages that name them still.
    """
    with ledger.read() as connection:
        query = select(Message.message_id).order_by(Message.message_id)
        message_ids = list(connection.execute(query).scalars())
    return {one for one in message_ids if not erase_texts(ledger, who, one, now)}


def erase_rows(
    ledger: Ledger, who: ErasedPerson, message_ids: Iterable[str], now: datetime
) -> LedgerErasure:
    """Let somebody's rows stand under another id, where messages are over and not held.

    Safe to call again. To be called after `erase_from_texts`: from then on the ledger does not know
    any more what to look for in texts.

    Args:
        ledger: Where they are.
        who: The person.
        message_ids: Messages that were for them.
        now: The present moment.
    """
    became = {one: _erase_membership(ledger, who, one, now) for one in message_ids}
    _erase_rounds(ledger, who)
    forget_sent_drafts(ledger, lambda body: who.rewrite_request(body) != body)
    has_emergency = not _erase_app(ledger, who.person_id, now)
    return LedgerErasure(
        sum(became.values()),
        tuple(sorted(one for one, is_gone in became.items() if not is_gone)),
        has_emergency,
        tuple(list_naming(ledger, who)),
        _is_opted_out(ledger, who),
        _is_revoked(ledger, who.person_id),
    )


def _erase_membership(ledger: Ledger, who: ErasedPerson, message_id: str, now: datetime) -> bool:
    """Let a person's rows of one message stand under an id that tells nobody.

    The new rows are made before the old ones go: what refers to them is moved in between.
    """
    with ledger.write() as connection:
        if not may_change(connection, message_id, now):
            return False
        mine = (message_id, who.person_id)
        told = {"name": ERASED, "person_id": who.pseudonym, **GONE_OF_MEMBER}
        _copy_row(connection, AudienceMember, "message_id", mine, told)
        of_person = and_(Delivery.message_id == message_id, Delivery.person_id == who.person_id)
        tries = Attempt.delivery_id.in_(select(Delivery.delivery_id).where(of_person))
        connection.execute(update(Attempt).where(tries).values(reason=None))
        moved = {"person_id": who.pseudonym, "address": None, "reason": None}
        connection.execute(update(Delivery).where(of_person).values(moved))
        _move_member(connection, who, message_id)
        _delete_row(connection, AudienceMember, "message_id", mine)
        return True


def _move_member(connection: Connection, who: ErasedPerson, message_id: str) -> None:
    mine = (chat_id_of(message_id), who.person_id)
    told = {
        "person_id": who.pseudonym,
        "token_digest": None,
        "reply_digest": None,
        "phone": None,
        "next_chase_at": None,
    }
    _copy_row(connection, ChatMember, "chat_id", mine, told)
    answers = and_(ChatAnswer.chat_id == mine[0], ChatAnswer.person_id == mine[1])
    connection.execute(update(ChatAnswer).where(answers).values(person_id=who.pseudonym))
    _delete_row(connection, ChatMember, "chat_id", mine)


def _copy_row(
    connection: Connection, table: Any, key: str, of: tuple[str, str], changes: dict[str, Any]
) -> None:
    query = select(table.__table__).where(_is_row(table, key, of))
    row = connection.execute(query).one_or_none()
    if row is not None:
        connection.execute(insert(table).values(row._asdict() | changes))


def _delete_row(connection: Connection, table: Any, key: str, of: tuple[str, str]) -> None:
    connection.execute(delete(table).where(_is_row(table, key, of)))


def _is_row(table: Any, key: str, of: tuple[str, str]) -> Any:
    return and_(getattr(table, key) == of[0], table.person_id == of[1])


def _erase_rounds(ledger: Ledger, who: ErasedPerson) -> None:
    """Replace the person among those who were missing from check-ins."""
    key = (CheckInRound.check_in_id, CheckInRound.due_at, CheckInRound.time_zone)
    query = select(*key, CheckInRound.missed).where(CheckInRound.settled_at.is_not(None))
    with ledger.write() as connection:
        for *of, missed in connection.execute(query).all():
            if who.person_id in missed:
                told = [who.pseudonym if one == who.person_id else one for one in missed]
                mine = and_(*(column == one for column, one in zip(key, of, strict=True)))
                connection.execute(update(CheckInRound).where(mine).values(missed=told))


def _erase_app(ledger: Ledger, person_id: str, now: datetime) -> bool:
    """Delete what the app reported, unless the person calls for help with it at this moment.

    That all their devices were revoked stays while a link from before may work: else whoever has
    the link would be enrolled as them again.
    """
    is_needed = and_(is_revocation(), AppDevice.revoked_at > now - REVOCATIONS_KEPT_FOR)
    is_open = exists().where(AppEmergency.person_id == person_id, AppEmergency.ended_at.is_(None))
    with ledger.write() as connection:
        ledger.serialise(connection, f"emergency of {person_id}")
        ledger.serialise(connection, f"devices of {person_id}")
        if connection.execute(select(is_open)).scalar():
            return False
        for table in _OF_APP:
            gone = delete(table).where(table.person_id == person_id)
            connection.execute(gone.where(not_(is_needed)) if table is AppDevice else gone)
        owe_compaction(connection)
        return True


def _is_revoked(ledger: Ledger, person_id: str) -> bool:
    query = select(AppDevice.device_id).where(AppDevice.person_id == person_id, is_revocation())
    with ledger.read() as connection:
        return connection.execute(query.limit(1)).first() is not None


def _is_opted_out(ledger: Ledger, who: ErasedPerson) -> bool:
    query = select(OptOut.address).where(OptOut.address.in_(who.terms))
    with ledger.read() as connection:
        return connection.execute(query).first() is not None
