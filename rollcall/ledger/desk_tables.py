"""The ledger's tables of the desk: what was done there, who is signed in, what they write."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from rollcall.ledger.tables import Base, lean_index


class AuditEntry(Base):
    """One row per act of an administrator, recorded before it is begun; never removed.

    `action` is one of `rollcall.domain.acts.ACTIONS`, `subject_id` the id of what it is done to or
    has made: a message, a template, a user. `outcome` is `done`, `refused` (the actor may not) or
    `failed`; without one nobody knows, because its process died in between. No text is in it.
    """

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index("ix_audit_entries_begun_at", "begun_at", "entry_id"),
        Index("ix_audit_entries_actor", "actor", "begun_at"),
        lean_index("ix_audit_entries_subject_id", "subject_id", present="subject_id"),
    )

    entry_id: Mapped[str] = mapped_column(primary_key=True)
    begun_at: Mapped[datetime]
    actor: Mapped[str]
    role: Mapped[str]
    action: Mapped[str]
    subject_id: Mapped[str | None]
    people_count: Mapped[int | None]
    outcome: Mapped[str | None]


class DeskSession(Base):
    """One row per sign-in to the dashboards, by the digest of what the browser keeps.

    `role` and `people_limit` are those that an identity provider gave; of a local user the file of
    users says them at every request. It counts until `expires_at`, or `ended_at` if that is first.
    """

    __tablename__ = "desk_sessions"
    __table_args__ = (Index("ix_desk_sessions_expires_at", "expires_at"),)

    session_id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    kind: Mapped[str]
    role: Mapped[str | None]
    people_limit: Mapped[int | None]
    started_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class DraftRow(Base):
    """One row per draft of a message or chat; the message has the key `draft-` and its id.

    `kind` is `message` or `chat`, `body` in the shape that `rollcall send` or `rollcall chat open`
    reads, possibly incomplete, `owner` the name of whoever began it.
    """

    __tablename__ = "drafts"
    __table_args__ = (
        Index("ix_drafts_owner", "owner", "changed_at"),
        Index("ix_drafts_changed_at", "changed_at"),
    )

    draft_id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    owner: Mapped[str]
    body: Mapped[dict[str, Any]]
    template: Mapped[str | None]
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
