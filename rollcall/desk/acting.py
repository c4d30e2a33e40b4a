"""Asks whether somebody may do something, and records it: the frame around every act."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from rollcall.clock import Clock
from rollcall.domain.acts import Action, Actor, Role
from rollcall.errors import ConfigError, InputError, NotAllowedError
from rollcall.ledger.audit import begin_entry, end_entry
from rollcall.ledger.engine import Ledger

_WHAT: Final[dict[Role, str]] = {
    "viewer": "look at this",
    "sender": "send, stop or change anything",
    "admin": "do this",
}


@dataclass(slots=True)
class Noted:
    """What is recorded of an act at its end.

    Attributes:
        subject_id: What it was done to, or has made.
        people_count: To how many people.
    """

    subject_id: str | None = None
    people_count: int | None = None


@dataclass(frozen=True, slots=True)
class Acting:
    """Lets people act.

    Attributes:
        ledger: Where acts are recorded.
        clock: What tells the time.
    """

    ledger: Ledger
    clock: Clock

    def require(self, actor: Actor, least: Role) -> None:
        """Make sure that somebody may do what a role may.

        Raises:
            NotAllowedError: They may not.
        """
        if not actor.may(least):
            raise NotAllowedError(f"a {actor.role} may not {_WHAT[least]}: ask an admin")

    def require_within_limit(self, actor: Actor, people_count: int, noted: Noted) -> None:
        """Make sure that somebody may send to so many people, and note how many they are.

        Raises:
            NotAllowedError: They are more than the actor may send to.
        """
        noted.people_count = people_count
        if actor.limit is not None and people_count > actor.limit:
            raise NotAllowedError(
                f"this goes to {people_count:,} people, and you may send to "
                f"{actor.limit:,} at once: ask an admin"
            )

    @contextmanager
    def act(
        self, actor: Actor, least: Role, action: Action, subject_id: str | None = None
    ) -> Iterator[Noted]:
        """Let somebody act, if they may, and record it; what is noted is recorded with it.

        A mistake is recorded as `failed`. Of a fault that may have left something done nothing is
        recorded but that it was begun.

        Args:
            actor: Who acts.
            least: The role that it takes.
            action: What they do.
            subject_id: To what.

        Raises:
            NotAllowedError: They may not; that is recorded, too.
        """
        entry_id = begin_entry(self.ledger, actor, action, self.clock.now(), subject_id)
        noted = Noted()
        try:
            self.require(actor, least)
            yield noted
        except NotAllowedError:
            end_entry(self.ledger, entry_id, "refused", people_count=noted.people_count)
            raise
        except (InputError, ConfigError):
            end_entry(self.ledger, entry_id, "failed", people_count=noted.people_count)
            raise
        end_entry(
            self.ledger,
            entry_id,
            "done",
            subject_id=noted.subject_id,
            people_count=noted.people_count,
        )
