"""Part of a message's frozen audience: those it reached, or those it did not."""

from dataclasses import replace

from sqlalchemy import ColumnElement, exists, func, select

from rollcall.domain.audience import Audience, Reason, Recipient
from rollcall.domain.chats import ANSWERS
from rollcall.domain.message import Followed, FollowUp
from rollcall.domain.reach import MAY_HAVE_IT, REACHED
from rollcall.errors import SelectionError
from rollcall.ledger.chat_tables import ChatMember
from rollcall.ledger.engine import Ledger
from rollcall.ledger.messages import MessageRecord, load_message
from rollcall.ledger.recording import CHUNK_ROWS, recipient_from
from rollcall.ledger.tables import AudienceMember, Delivery

_NOBODY = {
    "reached": "nobody has or may have a copy of it",
    "not_reached": "it reached everybody it was meant for",
    "members": "nobody is in its conversation",
    "not_ok": "everybody has answered OK",
    "not_answered": "everybody has answered",
    "member": "this person is no member of its conversation",
}


def select_followed(ledger: Ledger, follow_up: FollowUp) -> Audience:
    """Return whom a follow-up goes to, as they were frozen for the message before.

    Names, addresses and reasons are those of then, with a reason more.

    Raises:
        InputError: There is no such message.
        SelectionError: It is not known yet whom it did not reach, or there is nobody to follow up,
            or retention has removed who they were.
    """
    message = load_message(ledger, follow_up.message_id)
    if follow_up.who not in ("reached", "not_reached"):
        _require_members(message)
    _require_settled(message, follow_up.who)
    recipients = tuple(_read(ledger, follow_up))
    _require_known(load_message(ledger, follow_up.message_id))  # after they were read
    if not recipients:
        raise SelectionError(
            f"there is nobody to follow up message {message.message_id} with: "
            f"{_NOBODY[follow_up.who]}; nothing was sent"
        )
    return Audience(message.as_of, recipients, ())


def count_followed(ledger: Ledger, follow_up: FollowUp) -> int:
    """Return how many people a follow-up would go to, were it sent now."""
    query = (
        select(func.count())
        .select_from(AudienceMember)
        .where(AudienceMember.message_id == follow_up.message_id, _is_meant(follow_up))
    )
    with ledger.read() as connection:
        return connection.execute(query).scalar_one()


def _require_settled(message: MessageRecord, who: Followed) -> None:
    if message.audience_digest is None:
        raise SelectionError(
            f"message {message.message_id} is {message.state} and has no audience to follow up "
            "yet: not everybody in it is recorded"
        )
    if who == "not_reached" and message.state in ("accepted", "sending"):
        raise SelectionError(
            f"message {message.message_id} is still being sent: whom it does not reach is not "
            f"known yet; wait for it, resume it, or `rollcall stop {message.message_id}` first"
        )


def _require_known(message: MessageRecord) -> None:
    if message.erased_at is not None:
        raise SelectionError(
            f"message {message.message_id} cannot be followed up: who its recipients were was "
            "removed by retention; nothing was sent"
        )


def _require_members(message: MessageRecord) -> None:
    """Tell apart that everybody has answered, that nobody was asked, and that they will be."""
    if not message.opens_conversation:
        raise SelectionError(
            f"message {message.message_id} asked nobody whether they are OK: it opened no chat"
        )
    if message.audience_digest is None:
        raise SelectionError(
            f"chat {message.chat_id} is still being opened and has not all its members yet: wait "
            f"for it, or `rollcall resume {message.message_id}`; nothing was sent"
        )


def _read(ledger: Ledger, follow_up: FollowUp) -> list[Recipient]:
    query = (
        select(AudienceMember.__table__)
        .where(AudienceMember.message_id == follow_up.message_id, _is_meant(follow_up))
        .order_by(AudienceMember.person_id)
        .execution_options(yield_per=CHUNK_ROWS)
    )
    reason: Reason = {"by": "follow_up", "message_id": follow_up.message_id}
    with ledger.read() as connection, connection.execute(query) as rows:
        recipients = map(recipient_from, rows.mappings())
        return [replace(one, via=(*one.via, reason)) for one in recipients]


def _is_meant(follow_up: FollowUp) -> ColumnElement[bool]:
    who = follow_up.who
    if who in ("reached", "not_reached"):
        return _has_copy(who)
    answers = {"not_ok": ("none", "needs_help"), "not_answered": ("none",)}.get(who, ANSWERS)
    is_member = exists().where(
        ChatMember.message_id == AudienceMember.message_id,
        ChatMember.person_id == AudienceMember.person_id,
        ChatMember.answer.in_(answers),
    )
    if follow_up.person_id is None:
        return is_member
    return is_member & (AudienceMember.person_id == follow_up.person_id)


def _has_copy(who: Followed) -> ColumnElement[bool]:
    statuses = MAY_HAVE_IT if who == "reached" else REACHED
    has_one = exists().where(
        Delivery.message_id == AudienceMember.message_id,
        Delivery.person_id == AudienceMember.person_id,
        Delivery.status.in_(statuses),
    )
    return has_one if who == "reached" else ~has_one
