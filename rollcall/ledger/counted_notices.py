"""Messages that tell in which of several conversations somebody's text was counted.

They are accepted in the transaction that counts the text, so that none is forgotten, and sent by
`rollcall replies`: the portal that counts has no way out.
"""

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, select

from rollcall.domain.counted_notice import tell_counted
from rollcall.domain.message import FollowUp, MessageOptions, MessageRequest, digest_request
from rollcall.ledger.engine import Ledger
from rollcall.ledger.messages import NewMessage, accept_message_in
from rollcall.ledger.tables import Message

WORTH_TELLING: Final = timedelta(hours=6)
"""Later than this nobody knows any more which text is meant."""

_KEY_PREFIX: Final = "counted-"


def order_notice(connection: Connection, member: Any, text_id: str, now: datetime) -> None:
    """Accept the message that tells one member; within a transaction, safe to call twice.

    Args:
        connection: The transaction that counts the text.
        member: A row with `chat_id`, `message_id`, `title` and `person_id`.
        text_id: Of the text that was counted.
        now: When that was.
    """
    opened_by = select(Message.source, Message.as_of).where(Message.message_id == member.message_id)
    before = connection.execute(opened_by).one()
    request = MessageRequest(
        content=tell_counted(member.title),
        follow_up=FollowUp(message_id=member.message_id, who="member", person_id=member.person_id),
        options=MessageOptions(include_email=False, include_sms=True),
        notice_in=member.chat_id,
        expires_at=now + WORTH_TELLING,
        confirmed=True,
    )
    accept_message_in(
        connection,
        NewMessage(
            idempotency_key=f"{_KEY_PREFIX}{text_id}",
            request_digest=digest_request(request, before.source, None),
            request=request.model_dump(mode="json", exclude_none=True),
            source=before.source,
            uses_last_good=True,
            as_of=before.as_of,
            expires_at=request.expires_at,
            follows_message_id=member.message_id,
            kind=request.kind,
            chat_id=member.chat_id,
        ),
        now,
    )


def list_waiting_notices(ledger: Ledger) -> list[str]:
    """Return the ids of such messages that are not sent to the end yet, oldest first."""
    query = (
        select(Message.message_id)
        .where(
            Message.kind == "chat_notice",
            Message.state.in_(("accepted", "sending")),
            Message.stopped_at.is_(None),
            Message.idempotency_key.startswith(_KEY_PREFIX, autoescape=True),
        )
        .order_by(Message.accepted_at)
    )
    with ledger.read() as connection:
        return list(connection.execute(query).scalars())
