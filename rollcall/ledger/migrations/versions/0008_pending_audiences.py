"""Audiences that are frozen and not recorded to the last recipient yet.

Until now an audience was frozen as rows, and recorded in one piece. A message that was frozen and
not recorded when the ledger is upgraded becomes a pending one: nobody in it is left out.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from rollcall.domain.message import MessageRequest
from rollcall.domain.recipient_packing import pack_recipients
from rollcall.ledger.recording import recipient_from
from rollcall.ledger.tables import AudienceMember, PendingAudience

revision = "0008"
down_revision = "0007"

_MESSAGES = sa.table(
    "messages",
    sa.column("message_id", sa.Text),
    sa.column("state", sa.Text),
    sa.column("audience_digest", sa.Text),
    sa.column("request", sa.JSON),
)
_DELIVERIES = sa.table("deliveries", sa.column("message_id", sa.Text))
_MEMBERS = sa.table("chat_members", sa.column("message_id", sa.Text))


def upgrade() -> None:
    """Add the table, with the audiences that were frozen and not recorded."""
    op.create_table(
        "pending_audiences",
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("people", sa.LargeBinary, nullable=False),
        sa.Column("reasons", sa.JSON, nullable=False),
        sa.Column("channels", sa.JSON, nullable=False),
        sa.Column("people_count", sa.Integer, nullable=False),
        sa.Column("canary_count", sa.Integer, nullable=False),
        sa.Column("recorded_count", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("message_id", name="pk_pending_audiences"),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["messages.message_id"],
            name="fk_pending_audiences_messages",
        ),
    )
    is_unrecorded = sa.and_(
        _MESSAGES.c.audience_digest.is_not(None),
        _MESSAGES.c.state.in_(("accepted", "sending")),
        ~sa.exists().where(_DELIVERIES.c.message_id == _MESSAGES.c.message_id),
    )
    frozen = sa.select(_MESSAGES.c.message_id, _MESSAGES.c.request).where(is_unrecorded)
    for message_id, request in op.get_bind().execute(frozen).all():
        _make_pending(message_id, request)


def downgrade() -> None:
    """Drop it.

    A message in the middle of being recorded would lose the people in it: finish or stop it first.
    """
    op.drop_table("pending_audiences")


def _make_pending(message_id: str, request: dict[str, Any]) -> None:
    """Turn the rows of a frozen audience into a pending one."""
    connection = op.get_bind()
    mine = AudienceMember.message_id == message_id
    rows = connection.execute(
        sa.select(AudienceMember.__table__).where(mine).order_by(AudienceMember.person_id)
    ).mappings()
    recipients = [recipient_from(row) for row in rows]
    packed = pack_recipients(recipients)
    channels: tuple[str, ...] = MessageRequest.model_validate(request).channels()
    told = {
        "message_id": message_id,
        "people": packed.people,
        "reasons": packed.reasons,
        "channels": [one for one in channels if one != "push"] or ["push"],
        "people_count": len(recipients),
        "canary_count": packed.canary_count,
        "recorded_count": 0,
    }
    connection.execute(sa.insert(PendingAudience).values(told))
    # they are recorded anew, as members of its conversation too
    connection.execute(sa.delete(_MEMBERS).where(_MEMBERS.c.message_id == message_id))
    connection.execute(sa.delete(AudienceMember).where(mine))
    unfrozen = sa.update(_MESSAGES).where(_MESSAGES.c.message_id == message_id)
    connection.execute(unfrozen.values(audience_digest=None))
