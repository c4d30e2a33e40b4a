"""When what is kept under a name was last used, and how many people that meant."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select

from rollcall.ledger.audiences import find_latest
from rollcall.ledger.engine import Ledger
from rollcall.ledger.tables import AudienceMember, Message, MessageFilter


@dataclass(frozen=True, slots=True)
class LastUse:
    """The latest message that was made with something.

    Attributes:
        message_id: Its id.
        accepted_at: When.
        people_count: Whom it meant.
    """

    message_id: str
    accepted_at: datetime
    people_count: int


def find_last_use_of_template(ledger: Ledger, template_id: str) -> LastUse | None:
    """Return the latest message made from a template; None where there is none."""
    return _find(ledger, Message.template_id == template_id)


def find_last_use_of_filter(ledger: Ledger, saved_filter_id: str) -> LastUse | None:
    """Return the latest message to a dynamic filter and nobody else; None where there is none."""
    used = select(MessageFilter.message_id).where(
        MessageFilter.saved_filter_id == saved_filter_id, MessageFilter.is_whole
    )
    return _find(ledger, Message.message_id.in_(used))


def _find(ledger: Ledger, made_with: ColumnElement[bool]) -> LastUse | None:
    with ledger.read() as connection:
        message_id = find_latest(connection, made_with)
        if message_id is None:
            return None
        accepted_at = select(Message.accepted_at).where(Message.message_id == message_id)
        people = select(func.count()).where(AudienceMember.message_id == message_id)
        return LastUse(
            message_id,
            connection.execute(accepted_at).scalar_one(),
            connection.execute(people).scalar_one(),
        )
