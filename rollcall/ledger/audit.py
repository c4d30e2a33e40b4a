"""Who did what at the desk, and when: recorded before it is done, so that nothing is done unheard.

The entry is committed first, its outcome after the act, as attempts are: where a process dies in
between, the entry says that it was begun and that nobody knows its end.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, insert, literal, select, tuple_, update

from rollcall.domain.acts import Action, Actor, Outcome, Role
from rollcall.ledger.desk_tables import AuditEntry
from rollcall.ledger.engine import Ledger
from rollcall.ledger.tables import UtcDateTime


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One act.

    Attributes:
        entry_id: Its own id.
        begun_at: When it was begun.
        actor: Who did it.
        role: What they were at that moment.
        action: What they did.
        subject_id: What it was done to, or what it made; None where that came to nothing.
        people_count: To how many people, where that was counted.
        outcome: None: its process died before it was known.
    """

    entry_id: str
    begun_at: datetime
    actor: str
    role: Role
    action: Action
    subject_id: str | None
    people_count: int | None
    outcome: Outcome | None


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """Which entries are meant; those of everybody where nothing is said.

    Attributes:
        actor: Whose.
        action: Of which kind.
        subject_id: About what.
        since: Not before then.
    """

    actor: str | None = None
    action: Action | None = None
    subject_id: str | None = None
    since: datetime | None = None


AuditMark = tuple[datetime, str]
"""The entry after which a page begins: its moment and id."""


def begin_entry(
    ledger: Ledger, actor: Actor, action: Action, now: datetime, subject_id: str | None = None
) -> str:
    """Record that somebody begins to do something; return the id of the entry."""
    entry_id = uuid.uuid4().hex
    row = {
        "entry_id": entry_id,
        "begun_at": now,
        "actor": actor.name,
        "role": actor.role,
        "action": action,
        "subject_id": subject_id,
    }
    with ledger.write() as connection:
        connection.execute(insert(AuditEntry).values(row))
    return entry_id


def end_entry(
    ledger: Ledger,
    entry_id: str,
    outcome: Outcome,
    *,
    subject_id: str | None = None,
    people_count: int | None = None,
) -> None:
    """Record what an act has come to; what is None stays as it was."""
    known = {"outcome": outcome, "subject_id": subject_id, "people_count": people_count}
    values = {name: value for name, value in known.items() if value is not None}
    with ledger.write() as connection:
        connection.execute(update(AuditEntry).where(AuditEntry.entry_id == entry_id).values(values))


def read_entries(
    ledger: Ledger, asked: AuditQuery, limit: int, after: AuditMark | None = None
) -> list[AuditRecord]:
    """Return a page of entries, newest first.

    Args:
        ledger: Where they are.
        asked: Which are meant.
        limit: How many at most.
        after: The mark of the last one of the page before; None: the first page.
    """
    query = (
        select(AuditEntry.__table__)
        .where(*_conditions(asked))
        .order_by(AuditEntry.begun_at.desc(), AuditEntry.entry_id.desc())
        .limit(limit)
    )
    if after is not None:
        mark = tuple_(AuditEntry.begun_at, AuditEntry.entry_id)
        begun_at, entry_id = literal(after[0], UtcDateTime()), literal(after[1])
        query = query.where(mark < tuple_(begun_at, entry_id))
    with ledger.read() as connection:
        return [AuditRecord(**row._asdict()) for row in connection.execute(query)]


def list_actors(ledger: Ledger) -> list[str]:
    """Return everybody who ever did anything, by name; a look into the index for each."""
    first = select(AuditEntry.actor).order_by(AuditEntry.actor).limit(1)
    names: list[str] = []
    with ledger.read() as connection:
        found = connection.execute(first).scalar_one_or_none()
        while found is not None:
            names.append(found)
            later = first.where(AuditEntry.actor > found)
            found = connection.execute(later).scalar_one_or_none()
    return names


def _conditions(asked: AuditQuery) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [
        getattr(AuditEntry, name) == value
        for name in ("actor", "action", "subject_id")
        if (value := getattr(asked, name)) is not None
    ]
    if asked.since is not None:
        conditions.append(AuditEntry.begun_at >= asked.since)
    return conditions
