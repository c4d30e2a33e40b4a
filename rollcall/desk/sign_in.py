"""Who is at the dashboards: sign-ins become sessions, and a session says who acts.

The browser keeps a random token, the ledger its digest. What somebody may is looked up at every
request: whoever is removed, or gets another password, is out with their next click.
"""

import hashlib
import math
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from rollcall.clock import Clock
from rollcall.desk.passwords import is_right
from rollcall.desk.slowing import Slowing
from rollcall.desk.users import UserFile
from rollcall.domain.acts import Actor, Role
from rollcall.errors import InputError, NotAllowedError
from rollcall.ledger.audit import begin_entry, end_entry
from rollcall.ledger.desk_sessions import (
    SessionKind,
    SessionRecord,
    end_session,
    find_session,
    open_session,
)
from rollcall.ledger.engine import Ledger
from rollcall.settings import DashboardSettings

LOCAL_ADMIN: Final = Actor("local admin", "admin")
"""Whoever sits at this machine, where nobody has to sign in."""

_TOKEN_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Somebody at the dashboards.

    Attributes:
        session_id: Of their session.
        actor: Who acts when they do.
        kind: How they got in.
    """

    session_id: str
    actor: Actor
    kind: SessionKind


@dataclass(frozen=True, slots=True)
class Reception:
    """Lets people in, and knows who is in.

    Attributes:
        ledger: Where sessions are.
        users: The local users.
        settings: For how long a session counts, and what an identity provider's claims mean.
        clock: What tells the time.
        slowing: What makes those wait who guess.
    """

    ledger: Ledger
    users: UserFile
    settings: DashboardSettings
    clock: Clock
    slowing: Slowing

    def needs_sign_in(self) -> bool:
        """Tell whether anybody has to sign in: there are users, or an identity provider.

        Raises:
            ConfigError: The file of users cannot be read.
        """
        return self.settings.has_oidc or bool(self.users.list_all())

    def sign_in(self, name: str, password: str, address: str) -> str:
        """Return the token of a new session.

        Args:
            name: Of a local user, in any case.
            password: Theirs.
            address: Where they come from; mistakes are counted for each.

        Raises:
            InputError: One of the two is wrong, or was wrong too often just now.
            ConfigError: The file of users cannot be read.
        """
        user = self.users.find(name)
        counted_as = user.name if user else name.strip()[:100]
        if wait_s := self.slowing.wait_s(counted_as, address):
            raise InputError(f"too many mistakes: try again in {math.ceil(wait_s)} s")
        if not is_right(user.password_hash if user else None, password) or user is None:
            self.slowing.note_failure(counted_as, address)
            if user is not None:
                self._note(user.as_actor(), is_done=False)
            raise InputError("the name or the password is wrong")
        self.slowing.note_success(counted_as, address)
        self._note(user.as_actor(), is_done=True)
        return self._open(user.name, "local")

    def let_in(self, name: str, claimed: Iterable[str]) -> str:
        """Return the token of a session of somebody whom the identity provider has named.

        Args:
            name: How the provider calls them.
            claimed: The values of the claim that says what they may.

        Raises:
            NotAllowedError: None of them means anything here.
        """
        role = self._role_of(frozenset(claimed))
        if role is None:
            raise NotAllowedError(
                "you are signed in, but no role here is yours: ask whoever runs Rollcall"
            )
        limit = self.settings.oidc_sender_limit if role == "sender" else None
        self._note(Actor(name, role, limit), is_done=True)
        return self._open(name, "oidc", role, limit)

    def let_in_local(self) -> str:
        """Return the token of a session of whoever sits at this machine."""
        return self._open(LOCAL_ADMIN.name, "loopback", LOCAL_ADMIN.role)

    def find(self, token: str) -> SignedIn | None:
        """Return who shows a token, None if it lets nobody in (any more).

        Raises:
            ConfigError: The file of users cannot be read.
            LedgerError: The ledger does not answer.
        """
        return self.find_by_id(digest_token(token))

    def find_by_id(self, session_id: str) -> SignedIn | None:
        """Return whose session this is, None if it does not count (any more).

        Raises:
            ConfigError: The file of users cannot be read.
            LedgerError: The ledger does not answer.
        """
        session = find_session(self.ledger, session_id)
        if session is None or not session.counts(self.clock.now()):
            return None
        actor = self._actor_of(session)
        return SignedIn(session_id, actor, session.kind) if actor else None

    def sign_out(self, signed_in: SignedIn) -> None:
        """End a session."""
        end_session(self.ledger, signed_in.session_id, self.clock.now())
        entry_id = begin_entry(self.ledger, signed_in.actor, "sign_out", self.clock.now())
        end_entry(self.ledger, entry_id, "done")

    def _actor_of(self, session: SessionRecord) -> Actor | None:
        if session.kind == "local":
            user = self.users.find(session.name)
            if user is None or user.changed_at > session.started_at:
                return None
            return user.as_actor()
        if session.kind == "loopback" and self.needs_sign_in():
            return None  # users were added since: from now on it is they who come in
        if session.kind == "oidc" and not self.settings.has_oidc:
            return None
        return Actor(session.name, session.role or "viewer", session.people_limit)

    def _role_of(self, claimed: frozenset[str]) -> Role | None:
        by_role: tuple[tuple[Role, tuple[str, ...]], ...] = (
            ("admin", self.settings.oidc_admins),
            ("sender", self.settings.oidc_senders),
            ("viewer", self.settings.oidc_viewers),
        )
        return next((role for role, values in by_role if claimed.intersection(values)), None)

    def _open(
        self, name: str, kind: SessionKind, role: Role | None = None, limit: int | None = None
    ) -> str:
        token, now = secrets.token_urlsafe(_TOKEN_BYTES), self.clock.now()
        expires_at = now + timedelta(hours=self.settings.session_h)
        told = SessionRecord(digest_token(token), name, kind, role, limit, now, expires_at)
        open_session(self.ledger, told)
        return token

    def _note(self, actor: Actor, *, is_done: bool) -> None:
        entry_id = begin_entry(self.ledger, actor, "sign_in", self.clock.now())
        end_entry(self.ledger, entry_id, "done" if is_done else "refused")


def digest_token(token: str) -> str:
    """Return the id of the session that a token shows."""
    return hashlib.sha256(token.encode()).hexdigest()
