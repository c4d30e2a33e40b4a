"""What people report with the app, in the ledger: where they are, and emergencies."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import polars as pl
from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    Text,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    type_coerce,
    update,
)
from sqlalchemy.orm import aliased

from rollcall.domain.app_reports import (
    CONTACT_SCHEMA,
    EMERGENCY_SCHEMA,
    LOCATION_SCHEMA,
    AppReports,
    Fix,
    LocationConsent,
    Schema,
)
from rollcall.ledger.app_tables import AppDevice, AppEmergency, AppLocation
from rollcall.ledger.engine import Ledger, insert_new
from rollcall.ledger.tables import UtcDateTime

CHUNK_ROWS: Final = 50_000
"""Rows that are objects of Python at a time."""


@dataclass(frozen=True, slots=True)
class Emergency:
    """One emergency, as its row says."""

    emergency_id: str
    person_id: str
    started_at: datetime
    ended_at: datetime | None


def record_location(
    ledger: Ledger, device_id: str, fix: Fix, key: str, now: datetime
) -> LocationConsent:
    """Record where a device is, no closer than its owner agreed to; safe to call twice.

    Args:
        ledger: Where to.
        device_id: Which device.
        fix: Where it says it is.
        key: What makes a repeat the same report.
        now: When that was.

    Returns:
        How closely it was recorded; `none`: it was not, nobody agreed or the device is revoked.
    """
    with ledger.write() as connection:
        told = connection.execute(
            select(AppDevice.person_id, AppDevice.location_consent).where(
                AppDevice.device_id == device_id, AppDevice.revoked_at.is_(None)
            )
        ).one_or_none()
        kept = fix.coarsened(told.location_consent) if told else None
        if told is None or kept is None:
            return "none"
        row = {
            "location_id": _derive_id("location", told.person_id, key),
            "person_id": told.person_id,
            "latitude": kept.latitude,
            "longitude": kept.longitude,
            "accuracy_m": kept.accuracy_m,
            "reported_at": now,
        }
        insert_new(connection, AppLocation, "location_id", [row])
        consent: LocationConsent = told.location_consent
        return consent


def open_emergency(ledger: Ledger, person_id: str, key: str, now: datetime) -> Emergency:
    """Open an emergency, unless the person has an active one: a repeat is the same one.

    A repeat of a request whose emergency has ended since opens another one: a call for help that
    was not meant can be taken back, one that is not heard cannot.
    """
    with ledger.write() as connection:
        ledger.serialise(connection, f"emergency of {person_id}")
        active = _find_active(connection, person_id)
        if active is not None:
            return active
        emergency_id = _derive_id("emergency", person_id, key)
        if _is_taken(connection, emergency_id):
            emergency_id = _derive_id("emergency", person_id, key, now.isoformat())
        new = Emergency(emergency_id, person_id, now, None)
        row = {"emergency_id": emergency_id, "person_id": person_id, "started_at": now}
        connection.execute(insert(AppEmergency).values(row))
        return new


def end_emergency(ledger: Ledger, person_id: str, emergency_id: str, now: datetime) -> bool:
    """End one emergency of a person, never another that began since; safe to call twice.

    Returns:
        Whether this call did.
    """
    active = update(AppEmergency).where(
        AppEmergency.emergency_id == emergency_id,
        AppEmergency.person_id == person_id,
        AppEmergency.ended_at.is_(None),
    )
    with ledger.write() as connection:
        return connection.execute(active.values(ended_at=now)).rowcount > 0


def end_emergencies(ledger: Ledger, person_id: str, now: datetime) -> int:
    """End whatever emergency of a person is open, as somebody else knows that they are safe.

    Returns:
        How many this call ended; 0: none was open.
    """
    active = update(AppEmergency).where(
        AppEmergency.person_id == person_id, AppEmergency.ended_at.is_(None)
    )
    with ledger.write() as connection:
        ledger.serialise(connection, f"emergency of {person_id}")
        return connection.execute(active.values(ended_at=now)).rowcount


def list_emergencies(ledger: Ledger) -> list[Emergency]:
    """Return the active emergencies, those that began first first."""
    query = (
        select(AppEmergency.__table__)
        .where(AppEmergency.ended_at.is_(None))
        .order_by(AppEmergency.started_at, AppEmergency.emergency_id)
    )
    with ledger.read() as connection:
        return [Emergency(**row._asdict()) for row in connection.execute(query)]


def find_emergency(ledger: Ledger, person_id: str) -> Emergency | None:
    """Return the active emergency of a person, if there is one."""
    with ledger.read() as connection:
        return _find_active(connection, person_id)


def read_app_reports(ledger: Ledger, as_of: datetime) -> AppReports:
    """Return what was reported with the app by a moment, as a selection takes it into account.

    Of a device's contacts the ledger knows the latest only; it may be later than the moment.

    Raises:
        LedgerError: The ledger does not answer.
    """
    with ledger.read() as connection:
        return AppReports(
            contacts=_read(connection, _contacts_by(as_of), CONTACT_SCHEMA),
            locations=_read(connection, _locations_by(as_of), LOCATION_SCHEMA).unique("person_id"),
            emergencies=_read(connection, _emergencies_at(as_of), EMERGENCY_SCHEMA),
        )


def mark_app_reports(ledger: Ledger) -> tuple[object, ...]:
    """Return what is different once anybody reports where they are, or opens or ends an emergency.

    Raises:
        LedgerError: The ledger does not answer.
    """
    locations = select(func.count(), func.max(AppLocation.reported_at))
    emergencies = select(
        func.count(), func.count(AppEmergency.ended_at), func.max(AppEmergency.started_at)
    )
    with ledger.read() as connection:
        return (*connection.execute(locations).one(), *connection.execute(emergencies).one())


def _contacts_by(as_of: datetime) -> Select[Any]:
    return (
        select(AppDevice.person_id, func.max(AppDevice.last_contact_at))
        .where(AppDevice.enrolled_at <= as_of)
        .where(or_(AppDevice.revoked_at.is_(None), AppDevice.revoked_at > as_of))
        .group_by(AppDevice.person_id)
    )


def _locations_by(as_of: datetime) -> Select[Any]:
    """Select the latest report of everybody: that after which the index has none.

    Of two at one instant it selects both. A window over all reports costs three times as much.
    """
    later = aliased(AppLocation)
    has_later = exists().where(
        later.person_id == AppLocation.person_id,
        later.reported_at > AppLocation.reported_at,
        later.reported_at <= as_of,
    )
    columns = (getattr(AppLocation, name) for name in LOCATION_SCHEMA)
    return select(*columns).where(AppLocation.reported_at <= as_of, ~has_later)


def _emergencies_at(as_of: datetime) -> Select[Any]:
    """Select the active ones; their ids are kept apart from those of the source."""
    return (
        select(
            literal("app-") + AppEmergency.emergency_id,
            AppEmergency.person_id,
            AppEmergency.started_at,
            AppEmergency.ended_at,
        )
        .where(AppEmergency.started_at <= as_of)
        .where(or_(AppEmergency.ended_at.is_(None), AppEmergency.ended_at > as_of))
        .order_by(AppEmergency.started_at, AppEmergency.emergency_id)
    )


def _read(connection: Connection, query: Select[Any], schema: Schema) -> pl.DataFrame:
    """Return the rows of a query; moments are read by Polars, a third of the time of doing it here.

    SQLite keeps them as texts of one form (`UtcDateTime`), PostgreSQL's driver has moments.
    """
    columns = (type_coerce(one, Text) if _is_moment(one) else one for one in query.subquery().c)
    rows = connection.execute(select(*columns).execution_options(yield_per=CHUNK_ROWS))
    chunks = [_make_frame(chunk, schema) for chunk in rows.partitions()]
    return pl.concat(chunks) if chunks else pl.DataFrame(schema=schema)


def _make_frame(rows: Sequence[Row[Any]], schema: Schema) -> pl.DataFrame:
    columns = zip(schema.items(), zip(*rows, strict=True), strict=True)
    return pl.DataFrame([_make_series(name, dtype, told) for (name, dtype), told in columns])


def _make_series(
    name: str, dtype: pl.DataType | type[pl.DataType], told: Sequence[Any]
) -> pl.Series:
    if not isinstance(dtype, pl.Datetime):
        return pl.Series(name, told, dtype=dtype)
    read = pl.Series(name, told)
    if isinstance(read.dtype, pl.String):
        return read.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us", time_zone="UTC")
    return read.cast(dtype)


def _is_moment(one: ColumnElement[Any]) -> bool:
    return isinstance(one.type, UtcDateTime)


def _find_active(connection: Connection, person_id: str) -> Emergency | None:
    query = (
        select(AppEmergency.__table__)
        .where(AppEmergency.person_id == person_id, AppEmergency.ended_at.is_(None))
        .order_by(AppEmergency.started_at)
    )
    row = connection.execute(query).first()
    return Emergency(**row._asdict()) if row else None


def _is_taken(connection: Connection, emergency_id: str) -> bool:
    query = select(AppEmergency.emergency_id).where(AppEmergency.emergency_id == emergency_id)
    return connection.execute(query).first() is not None


def _derive_id(kind: str, *parts: str) -> str:
    """Return the same id for the same report: a repeat finds it taken."""
    return hashlib.sha256("\n".join((kind, *parts)).encode()).hexdigest()[:32]
