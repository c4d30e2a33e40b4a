"""Who is signed in to the dashboards: sessions that end by themselves, or at once when ended."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from sqlalchemy import delete, insert, select, update

from rollcall.domain.acts import Role
from rollcall.ledger.desk_tables import DeskSession
from rollcall.ledger.engine import Ledger

SessionKind = Literal["local", "oidc", "loopback"]
"""local: by the file of users. oidc: by an identity provider. loopback: nobody has to sign in."""

FORGOTTEN_AFTER: Final = timedelta(days=7)
"""How long a session is kept that counts no more."""


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """One sign-in.

    Attributes:
        session_id: Digest of the token that the browser keeps.
        name: Who signed in.
        kind: How.
        role: What an identity provider says that they may; None where the file of users does.
        people_limit: Likewise, to how many they may send.
        started_at: When they signed in.
        expires_at: Until when it counts at most.
        ended_at: When it was ended before.
    """

    session_id: str
    name: str
    kind: SessionKind
    role: Role | None
    people_limit: int | None
    started_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None

    def counts(self, now: datetime) -> bool:
        """Tell whether whoever shows it is let in."""
        return self.ended_at is None and now < self.expires_at


def open_session(ledger: Ledger, session: SessionRecord) -> None:
    """Record a sign-in; forget those that counted long ago."""
    row = {name: getattr(session, name) for name in SessionRecord.__slots__}
    with ledger.write() as connection:
        forgotten = DeskSession.expires_at < session.started_at - FORGOTTEN_AFTER
        connection.execute(delete(DeskSession).where(forgotten))
        connection.execute(insert(DeskSession).values(row))


def find_session(ledger: Ledger, session_id: str) -> SessionRecord | None:
    """Return a session, whether it counts or not."""
    query = select(DeskSession.__table__).where(DeskSession.session_id == session_id)
    with ledger.read() as connection:
        row = connection.execute(query).one_or_none()
    return SessionRecord(**row._asdict()) if row else None


def end_session(ledger: Ledger, session_id: str, now: datetime) -> None:
    """End a session at once; one that has ended already stays as it is."""
    ended = update(DeskSession).where(
        DeskSession.session_id == session_id, DeskSession.ended_at.is_(None)
    )
    with ledger.write() as connection:
        connection.execute(ended.values(ended_at=now))


def end_sessions_of(ledger: Ledger, name: str, now: datetime) -> None:
    """End every session of a local user, as when they are removed or their password changes."""
    ended = update(DeskSession).where(
        DeskSession.name == name, DeskSession.kind == "local", DeskSession.ended_at.is_(None)
    )
    with ledger.write() as connection:
        connection.execute(ended.values(ended_at=now))
