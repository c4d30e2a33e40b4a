"""Which dispatchers there are, on all machines."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, select

from rollcall.ledger.engine import Ledger, insert_new
from rollcall.ledger.leases import is_dead
from rollcall.ledger.run_tables import Dispatcher

SEEN_EVERY_S: Final = 5.0
"""How often a dispatcher says that it is there, in seconds."""

AWAY_AFTER_S: Final = 24.0
"""After how long without a sign it is called away."""

FORGOTTEN_AFTER: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DispatcherRecord:
    """One dispatcher as it told of itself.

    Attributes:
        owner: Its process (`rollcall.ledger.leases.new_owner`).
        host: The machine's name.
        version: Rollcall's version.
        address: Where its health is asked, `host:port`.
        started_at: When it started.
        seen_at: When it last gave a sign.
        prefect: `answers`, `away`, or None where none is configured; `undeployed` where it answers
            and the deployments cannot be made.
    """

    owner: str
    host: str
    version: str
    address: str | None
    started_at: datetime
    seen_at: datetime
    prefect: str | None

    def is_there(self, now: datetime) -> bool:
        """Tell whether it gave a sign of late, and its process is not known to be gone."""
        return self.seen_at > now - timedelta(seconds=AWAY_AFTER_S) and not is_dead(self.owner)


def say_present(ledger: Ledger, told: DispatcherRecord) -> None:
    """Record that a dispatcher is there; forget those of whom nothing was heard for a day."""
    row = {name: getattr(told, name) for name in DispatcherRecord.__slots__}
    with ledger.write() as connection:
        connection.execute(delete(Dispatcher).where(Dispatcher.owner == told.owner))
        forgotten = Dispatcher.seen_at < told.seen_at - FORGOTTEN_AFTER
        connection.execute(delete(Dispatcher).where(forgotten))
        insert_new(connection, Dispatcher, "owner", [row])


def say_gone(ledger: Ledger, owner: str) -> None:
    """Record that a dispatcher has ended."""
    with ledger.write() as connection:
        connection.execute(delete(Dispatcher).where(Dispatcher.owner == owner))


def list_dispatchers(ledger: Ledger) -> list[DispatcherRecord]:
    """Return all that were heard of within a day, the last started first."""
    query = select(Dispatcher.__table__).order_by(Dispatcher.started_at.desc())
    with ledger.read() as connection:
        return [DispatcherRecord(**row._asdict()) for row in connection.execute(query)]


def is_any_there(ledger: Ledger, now: datetime) -> bool:
    """Tell whether any dispatcher gave a sign of late."""
    return any(one.is_there(now) for one in list_dispatchers(ledger))
