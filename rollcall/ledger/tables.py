"""The ledger's tables: the queue and the truth of every send.

Facts (attempts) are appended; the status of a delivery is what `rollcall.domain.delivery` folds
them into, stored beside them so that it can be counted and claimed by index.
"""

from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import (
    JSON,
    DateTime,
    Dialect,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    MetaData,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC datetime on both back ends; SQLite has no time zones and stores it bare."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Store in UTC; refuse a naive datetime, whose moment nobody knows."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a datetime without offset reached the ledger")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return it aware, in UTC."""
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


MISSED: Final = "status IN ('not_delivered', 'unconfirmed', 'not_attempted', 'stopped')"
"""Of a delivery: nobody may have got it. Those are few, looked for, and in an index of their own; a
query that is to use it says the same, word by word."""


class Base(DeclarativeBase):
    """Common ground of all tables: named constraints, text without length, UTC datetimes."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    # RUF012: SQLAlchemy's own declaration, never mutated
    type_annotation_map = {str: Text(), datetime: UtcDateTime(), dict[str, Any]: JSON()}  # noqa: RUF012


def lean_index(name: str, *columns: str, present: str, unique: bool = False) -> Index:
    """Return an index of the rows that have a value in `present`; the others cost nothing."""
    is_present = text(f"{present} IS NOT NULL")
    return Index(
        name, *columns, unique=unique, sqlite_where=is_present, postgresql_where=is_present
    )


class Message(Base):
    """One row per message accepted from an administrator.

    `state`: accepted → sending → sent; or refused, when its selection or data cannot be meant and
    nothing was sent. `template_id` stays when the template is deleted, `template_name` when it is
    renamed: they say what the message was made from. `chat_id` is the conversation that the links
    in its texts lead to. `erased_at`: from then on retention removes its personal data, until
    `erasure_ended_at`.
    """

    __tablename__ = "messages"
    __table_args__ = (
        lean_index("ix_messages_chat_id", "chat_id", present="chat_id"),
        Index(
            "ix_messages_open",
            "accepted_at",
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
    )

    message_id: Mapped[str] = mapped_column(primary_key=True)
    idempotency_key: Mapped[str] = mapped_column(unique=True)
    request_digest: Mapped[str]
    kind: Mapped[str]
    state: Mapped[str]
    request: Mapped[dict[str, Any]]
    source: Mapped[str]
    uses_last_good: Mapped[bool]
    as_of: Mapped[datetime]
    accepted_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    reason: Mapped[str | None]
    source_version: Mapped[str | None]
    audience_digest: Mapped[str | None]
    template_id: Mapped[str | None]
    template_name: Mapped[str | None]
    stopped_at: Mapped[datetime | None]
    follows_message_id: Mapped[str | None]
    recipients_digest: Mapped[str | None] = mapped_column(index=True)
    chat_id: Mapped[str | None]
    erased_at: Mapped[datetime | None]
    erasure_ended_at: Mapped[datetime | None]


class LegalHold(Base):
    """One row per message or chat whose data must be kept, however old it is."""

    __tablename__ = "legal_holds"

    held_id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    held_at: Mapped[datetime]


class AudienceMember(Base):
    """One row per recipient of a message, frozen with the reasons when it was selected."""

    __tablename__ = "audience_members"

    message_id: Mapped[str] = mapped_column(ForeignKey("messages.message_id"), primary_key=True)
    person_id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    email: Mapped[str | None]
    phone: Mapped[str | None]
    language: Mapped[str | None]
    home_country: Mapped[str | None]
    position: Mapped[dict[str, Any]]
    via: Mapped[list[dict[str, Any]]] = mapped_column(JSON)


class PendingAudience(Base):
    """One row per message whose frozen audience is not recorded to the last recipient yet.

    `people` and `reasons` are who is meant and why (`rollcall.domain.recipient_packing`), in the
    order they are recorded, the canaries first; `recorded_count` of them are.
    """

    __tablename__ = "pending_audiences"

    message_id: Mapped[str] = mapped_column(ForeignKey("messages.message_id"), primary_key=True)
    people: Mapped[bytes]
    reasons: Mapped[list[Any]] = mapped_column(JSON)
    channels: Mapped[list[str]] = mapped_column(JSON)
    people_count: Mapped[int]
    canary_count: Mapped[int]
    recorded_count: Mapped[int]


class Content(Base):
    """One row per distinct rendered text of a message; people who get the same share it."""

    __tablename__ = "contents"

    message_id: Mapped[str] = mapped_column(ForeignKey("messages.message_id"), primary_key=True)
    content_digest: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str | None]
    text: Mapped[str]
    html: Mapped[str | None]
    segment_count: Mapped[int | None]


class Delivery(Base):
    """One row per message, recipient and channel; those with a `next_attempt_at` are the queue.

    An accepted delivery whose receipt is awaited is in the queue too, due when its deadline ends.
    `country` is the number's. `is_canary`: it is sent ahead of the rest, over all healthy routes.
    `same_as` names the delivery to the same number that stands for this one too.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        ForeignKeyConstraint(
            ["message_id", "person_id"],
            ["audience_members.message_id", "audience_members.person_id"],
        ),
        UniqueConstraint("message_id", "person_id", "channel"),
        lean_index(
            "ix_deliveries_queue",
            "message_id",
            "channel",
            "attempt_count",
            "next_attempt_at",
            "delivery_id",
            present="next_attempt_at",
        ),
        lean_index("ix_deliveries_same_as", "same_as", present="same_as"),
        lean_index("ix_deliveries_followers", "message_id", present="same_as"),
        Index(
            "ix_deliveries_missed",
            "message_id",
            "status",
            "person_id",
            sqlite_where=text(MISSED),
            postgresql_where=text(MISSED),
        ),
    )

    delivery_id: Mapped[str] = mapped_column(primary_key=True)
    message_id: Mapped[str]
    person_id: Mapped[str]
    channel: Mapped[str]
    address: Mapped[str | None]
    content_digest: Mapped[str | None]
    status: Mapped[str]
    reason: Mapped[str | None]
    attempt_count: Mapped[int]
    next_attempt_at: Mapped[datetime | None]
    lease_owner: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    country: Mapped[str | None]
    is_canary: Mapped[bool] = mapped_column(default=False)
    same_as: Mapped[str | None]
    is_opted_out: Mapped[bool] = mapped_column(default=False)


class Attempt(Base):
    """One row per try, committed before the network call; no `outcome` while it is in flight.

    The `receipt_…` columns are what its receipts amount to (`rollcall.domain.receipts.summarise`).
    """

    __tablename__ = "attempts"
    __table_args__ = (
        UniqueConstraint("delivery_id", "number"),
        lean_index("ix_attempts_provider_id", "provider_id", "route_id", present="provider_id"),
        lean_index("ix_attempts_finished_at", "route_id", "finished_at", present="finished_at"),
    )

    attempt_id: Mapped[str] = mapped_column(primary_key=True)
    delivery_id: Mapped[str] = mapped_column(ForeignKey("deliveries.delivery_id"))
    number: Mapped[int]
    route_id: Mapped[str]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
    reason: Mapped[str | None]
    provider_id: Mapped[str | None]
    provider_code: Mapped[str | None]
    retry_after_s: Mapped[float | None]
    receipt_state: Mapped[str | None]
    receipt_level: Mapped[str | None]
    receipt_is_permanent: Mapped[bool | None]
    receipt_code: Mapped[str | None]


class Receipt(Base):
    """One row per distinct report of a provider, as it came; `attempt_id` once it is matched."""

    __tablename__ = "receipts"
    __table_args__ = (
        Index("ix_receipts_attempt_id", "attempt_id"),
        Index("ix_receipts_received_at", "received_at"),
        Index("ix_receipts_provider_id", "provider_id", "route_id"),
    )

    receipt_id: Mapped[str] = mapped_column(primary_key=True)
    route_id: Mapped[str]
    source: Mapped[str]
    reference: Mapped[str | None]
    provider_id: Mapped[str | None]
    attempt_id: Mapped[str | None]
    state: Mapped[str]
    level: Mapped[str]
    is_permanent: Mapped[bool]
    code: Mapped[str | None]
    occurred_at: Mapped[datetime | None]
    received_at: Mapped[datetime]


class OptOut(Base):
    """One row per number whose owner asked for no more texts; removed when they ask for them."""

    __tablename__ = "opt_outs"

    address: Mapped[str] = mapped_column(primary_key=True)
    source: Mapped[str]
    route_id: Mapped[str | None]
    opted_out_at: Mapped[datetime]


class RateShare(Base):
    """One row per route and process that sends over it: together they keep the route's limit."""

    __tablename__ = "rate_shares"

    route_id: Mapped[str] = mapped_column(primary_key=True)
    owner: Mapped[str] = mapped_column(primary_key=True)
    lease_until: Mapped[datetime]


class SavedFilter(Base):
    """One row per dynamic filter; `folded_name` keeps names apart that differ in case only."""

    __tablename__ = "saved_filters"

    saved_filter_id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    folded_name: Mapped[str] = mapped_column(unique=True)
    selection: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]


class Template(Base):
    """One row per kind and name: the settings of a message, to be used again."""

    __tablename__ = "templates"
    __table_args__ = (UniqueConstraint("kind", "folded_name"),)

    template_id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    name: Mapped[str]
    folded_name: Mapped[str]
    settings: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]


class MessageFilter(Base):
    """One row per message and dynamic filter it used, directly or through another, as it was then.

    `is_whole`: the selection of the message is this dynamic filter and nothing else. The filter
    itself may be changed, renamed or deleted afterwards.
    """

    __tablename__ = "message_filters"

    message_id: Mapped[str] = mapped_column(ForeignKey("messages.message_id"), primary_key=True)
    saved_filter_id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    selection: Mapped[dict[str, Any]]
    is_whole: Mapped[bool]
