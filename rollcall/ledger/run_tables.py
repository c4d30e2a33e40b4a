"""The ledger's tables of who works: runs under a lease, and the dispatchers that start them."""

from datetime import datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from rollcall.ledger.tables import Base, lean_index


class Run(Base):
    """One row per process that works on a message, or runs another flow, while it does.

    It is there while its lease holds (`lease_until`); then it has an `ended_at` and an `end`:
    `done`; `failed`, it ended with a fault; `lost`, its process is gone. `flow_run_id` is the run
    in Prefect; `told_at`, when Prefect was known to know of its end. `lets_rest`: a bad end of it
    lets the message rest; not of one that takes part in what others lead.
    """

    __tablename__ = "runs"
    __table_args__ = (
        Index("ix_runs_message_id", "message_id"),
        lean_index("ix_runs_lease_until", "lease_until", present="lease_until"),
    )

    run_id: Mapped[str] = mapped_column(primary_key=True)
    message_id: Mapped[str | None]
    flow_run_id: Mapped[str | None]
    owner: Mapped[str]
    started_at: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    end: Mapped[str | None]
    told_at: Mapped[datetime | None]
    lets_rest: Mapped[bool]


class Dispatcher(Base):
    """One row per dispatcher that runs, or was killed; `address` is where its health is asked."""

    __tablename__ = "dispatchers"

    owner: Mapped[str] = mapped_column(primary_key=True)
    host: Mapped[str]
    version: Mapped[str]
    address: Mapped[str | None]
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    prefect: Mapped[str | None]
