"""The ledger's counters: what messages and days have come to, without reading deliveries."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON
from sqlalchemy.orm import Mapped, mapped_column

from rollcall.ledger.tables import Base


class DeliveryCount(Base):
    """One row per message, channel, status and writer: how many deliveries that one has added.

    Written by triggers of `deliveries` (revision 0009), in the very transaction that writes those:
    no code can forget it. `part` is the connection on PostgreSQL, so that two that write at once
    never wait for each other's row; 0 on SQLite, where one writes at a time. The sum over the parts
    counts; a part by itself may be negative.
    """

    __tablename__ = "delivery_counts"

    message_id: Mapped[str] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(primary_key=True)
    part: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    delivery_count: Mapped[int]


class CountedDay(Base):
    """One row per day, in UTC, that was over when its tries were counted.

    `sums` is what they came to (`rollcall.domain.deliverability`): counts by channel, route and
    country, nothing of anybody. All of it follows from other rows: it may be deleted, and is
    counted again then.
    """

    __tablename__ = "counted_days"

    day: Mapped[str] = mapped_column(primary_key=True)
    counted_at: Mapped[datetime]
    sums: Mapped[list[Any]] = mapped_column(JSON)
