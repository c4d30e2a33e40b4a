"""The ledger's tables of the app: devices, and what people report with them."""

from datetime import datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from rollcall.ledger.tables import Base, lean_index


class AppDevice(Base):
    """One row per enrolled device; revoked, it finds nobody and gets nothing any more.

    `push_…` is its Web Push subscription (RFC 8030, RFC 8291). `location_consent`: `none`, `city`
    or `precise`. A row whose id begins with `revocation-` is no device: an administrator revoked
    all of a person's then, and links given out before enrol none any more.
    """

    __tablename__ = "app_devices"
    __table_args__ = (
        Index("ix_app_devices_person_id", "person_id"),
        lean_index("uq_app_devices_token", "token_digest", present="token_digest", unique=True),
    )

    device_id: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[str]
    token_digest: Mapped[str | None]
    push_endpoint: Mapped[str | None]
    push_p256dh: Mapped[str | None]
    push_auth: Mapped[str | None]
    location_consent: Mapped[str]
    language: Mapped[str | None]
    enrolled_at: Mapped[datetime]
    last_contact_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class AppLocation(Base):
    """One row per location report; coordinates in WGS 84 degrees, of city level rounded."""

    __tablename__ = "app_locations"
    __table_args__ = (Index("ix_app_locations_person_id", "person_id", "reported_at"),)

    location_id: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[str]
    latitude: Mapped[float]
    longitude: Mapped[float]
    accuracy_m: Mapped[float | None]
    reported_at: Mapped[datetime]


class AppEmergency(Base):
    """One row per emergency that somebody opened with the app."""

    __tablename__ = "app_emergencies"
    __table_args__ = (Index("ix_app_emergencies_person_id", "person_id"),)

    emergency_id: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[str]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
