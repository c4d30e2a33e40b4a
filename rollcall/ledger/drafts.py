"""Drafts in the ledger: what somebody writes survives their browser, its page and our restart.

What a draft has become is not written into it: the message that its key stands for tells. So there
is no moment at which a message is accepted and its draft does not know.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Select, delete, func, select, update

from rollcall.domain.drafts import (
    Body,
    Draft,
    Edit,
    key_of,
    rename_filter_in,
    require_storable,
)
from rollcall.errors import InputError
from rollcall.ledger.compaction import owe_compaction
from rollcall.ledger.desk_tables import DraftRow
from rollcall.ledger.engine import Ledger, insert_new
from rollcall.ledger.tables import Message

MOST_LISTED: Final = 100
"""Drafts in one list, the newest."""

MOST_OF_ONE: Final = 500
"""Drafts of one owner; nobody writes so many, but a program might."""


@dataclass(frozen=True, slots=True)
class DraftAccess:
    """Whose drafts somebody may see: their own, or everybody's.

    Attributes:
        name: Theirs.
        sees_all: Whether they see all others' too.
    """

    name: str
    sees_all: bool = False


def open_draft(ledger: Ledger, draft: Draft) -> Draft:
    """Record a new draft; the same id twice is one draft, as it was first recorded.

    Raises:
        InputError: The id is somebody else's draft's, they have too many, or it is too large.
    """
    require_storable(draft.body)
    row = {
        "draft_id": draft.draft_id,
        "kind": draft.kind,
        "owner": draft.owner,
        "body": draft.body,
        "template": draft.template,
        "created_at": draft.created_at,
        "changed_at": draft.changed_at,
    }
    with ledger.write() as connection:
        _require_room(connection, draft.owner)
        insert_new(connection, DraftRow, "draft_id", [row])
        return _find(connection, draft.draft_id, DraftAccess(draft.owner))


def load_draft(ledger: Ledger, draft_id: str, access: DraftAccess) -> Draft:
    """Return one draft.

    Raises:
        InputError: There is none, or it is not for them.
    """
    with ledger.read() as connection:
        return _find(connection, draft_id, access)


def change_draft(
    ledger: Ledger, draft_id: str, edit: Edit, access: DraftAccess, now: datetime
) -> Draft:
    """Change a draft as it is at this moment, whatever was shown to whoever changes it.

    Two who change different parts at once both have theirs. `edit` may be called again.

    Raises:
        InputError: There is none, it is not for them, it is sent already, or it grew too large;
            and what `edit` raises.
    """
    with ledger.write() as connection:
        mine = DraftRow.draft_id == draft_id
        connection.execute(select(DraftRow.draft_id).where(mine).with_for_update())
        draft = _find(connection, draft_id, access)
        if draft.message_id is not None:
            raise InputError(f"this is sent already, as message {draft.message_id}")
        body = edit(draft.body)
        if body == draft.body:
            return draft
        require_storable(body)
        connection.execute(update(DraftRow).where(mine).values(body=body, changed_at=now))
        return replace(draft, body=body, changed_at=now)


def list_drafts(ledger: Ledger, access: DraftAccess) -> list[Draft]:
    """Return the drafts somebody may see that are not sent, the last changed first."""
    query = (
        _query(access).where(_is_unsent()).order_by(DraftRow.changed_at.desc(), DraftRow.draft_id)
    )
    with ledger.read() as connection:
        return [_draft(row) for row in connection.execute(query.limit(MOST_LISTED))]


def delete_draft(ledger: Ledger, draft_id: str, access: DraftAccess) -> None:
    """Forget a draft; the message it has become, if any, stays.

    Raises:
        InputError: There is none, or it is not for them.
    """
    with ledger.write() as connection:
        _find(connection, draft_id, access)
        connection.execute(delete(DraftRow).where(DraftRow.draft_id == draft_id))
        owe_compaction(connection)


def forget_sent_drafts(ledger: Ledger, is_meant: Callable[[Body], bool]) -> int:
    """Delete the drafts that are sent and hold what is looked for: their messages say the same.

    Args:
        ledger: Where they are.
        is_meant: Tells whether a body holds it.

    Returns:
        How many.
    """
    sent = select(DraftRow.draft_id, DraftRow.body).join(Message, is_of_draft())
    with ledger.write() as connection:
        rows = connection.execute(sent.where(Message.state != "refused")).all()
        meant = [row.draft_id for row in rows if is_meant(row.body)]
        if meant:
            connection.execute(delete(DraftRow).where(DraftRow.draft_id.in_(meant)))
            owe_compaction(connection)
        return len(meant)


def rename_filter_in_drafts(connection: Connection, old: str, new: str) -> None:
    """Let every draft that uses a dynamic filter by its old name use it by the new one."""
    query = select(DraftRow.draft_id, DraftRow.body).order_by(DraftRow.draft_id).with_for_update()
    for row in connection.execute(query).all():
        renamed = rename_filter_in(row.body, old, new)
        if renamed != row.body:
            mine = DraftRow.draft_id == row.draft_id
            connection.execute(update(DraftRow).where(mine).values(body=renamed))


def _find(connection: Connection, draft_id: str, access: DraftAccess) -> Draft:
    found = _query(access).where(DraftRow.draft_id == draft_id)
    row = connection.execute(found).one_or_none()
    if row is None:
        raise InputError("there is no such draft, or it is somebody else's")
    return _draft(row)


def _query(access: DraftAccess) -> Select[Any]:
    told = (DraftRow.__table__, Message.message_id, Message.state, Message.reason)
    query = select(*told).select_from(DraftRow).outerjoin(Message, is_of_draft())
    return query if access.sees_all else query.where(DraftRow.owner == access.name)


def is_of_draft() -> ColumnElement[bool]:
    """Tell whether a message is what a draft has become, refused or not."""
    return Message.idempotency_key == key_of("") + DraftRow.draft_id


def _is_unsent() -> ColumnElement[bool]:
    return func.coalesce(Message.state, "refused") == "refused"


def _require_room(connection: Connection, owner: str) -> None:
    mine = select(func.count()).select_from(DraftRow).where(DraftRow.owner == owner)
    if connection.execute(mine).scalar_one() >= MOST_OF_ONE:
        raise InputError(f"you have {MOST_OF_ONE} drafts already: delete some first")


def _draft(row: Row[Any]) -> Draft:
    is_refused = row.state == "refused"
    return Draft(
        draft_id=row.draft_id,
        kind=row.kind,
        owner=row.owner,
        body=row.body,
        created_at=row.created_at,
        changed_at=row.changed_at,
        template=row.template,
        message_id=None if is_refused else row.message_id,
        refusal=row.reason if is_refused else None,
    )
