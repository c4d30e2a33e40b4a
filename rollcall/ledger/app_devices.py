"""Devices with the app: enrolled by a personal link, found by their token, revoked."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, Connection, case, insert, select, update

from rollcall.domain.app_reports import LocationConsent
from rollcall.domain.chats import MOST_LINK_DAYS
from rollcall.domain.personal_links import digest_token
from rollcall.ledger.app_tables import AppDevice
from rollcall.ledger.engine import Ledger, insert_new

CONTACT_EVERY: Final = timedelta(minutes=1)
"""How often a contact of a device is written down: reading stays cheap."""

MOST_DEVICES: Final = 10
"""Of one person; one more, and that which was heard of least lately is revoked."""

REVOCATION_PREFIX: Final = "revocation-"
"""How the ids of rows begin that are no devices: all of somebody's were revoked then."""

REVOCATIONS_KEPT_FOR: Final = timedelta(days=MOST_LINK_DAYS)
"""So long some link from before a revocation may work, and be refused because of it alone."""

Enrolled = Literal["enrolled", "known", "refused"]
"""Enrolled now; enrolled by the same request before; or the link was given out before a revocation,
or the device that the same request enrolled is revoked."""


@dataclass(frozen=True, slots=True)
class NewDevice:
    """A device to be enrolled.

    Attributes:
        device_id: Derived from the request, so that a repeat is the same one.
        person_id: Whose.
        token_digest: Of the token that it will show.
        language: What it speaks, BCP 47.
        allowed_at: When the link was given out that allows it.
        replaces: Id of the device that this browser was until now.
    """

    device_id: str
    person_id: str
    token_digest: str
    language: str | None
    allowed_at: datetime
    replaces: str | None = None


@dataclass(frozen=True, slots=True)
class Device:
    """One enrolled device."""

    device_id: str
    person_id: str
    location_consent: LocationConsent
    language: str | None
    has_push: bool
    enrolled_at: datetime
    last_contact_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Subscription:
    """A Web Push subscription, as the browser gives it (RFC 8030, RFC 8291)."""

    endpoint: str
    p256dh: str
    auth: str


_COLUMNS: Final = (
    AppDevice.device_id,
    AppDevice.person_id,
    AppDevice.location_consent,
    AppDevice.language,
    case((AppDevice.push_endpoint.is_(None), 0), else_=1).label("has_push"),
    AppDevice.enrolled_at,
    AppDevice.last_contact_at,
    AppDevice.revoked_at,
)
_REVOKED: Final[dict[str, Any]] = {
    "token_digest": None,
    "push_endpoint": None,
    "push_p256dh": None,
    "push_auth": None,
}


def enrol_device(ledger: Ledger, new: NewDevice, now: datetime) -> Enrolled:
    """Enrol a device; safe to call twice. It reports no location until that is agreed to."""
    with ledger.write() as connection:
        ledger.serialise(connection, f"devices of {new.person_id}")
        if _is_revoked_since(connection, new.person_id, new.allowed_at):
            return "refused"
        row = {
            "device_id": new.device_id,
            "person_id": new.person_id,
            "token_digest": new.token_digest,
            "location_consent": "none",
            "language": new.language,
            "enrolled_at": now,
            "last_contact_at": now,
        }
        if not insert_new(connection, AppDevice, "device_id", [row]):
            return "known" if _is_active(connection, new.device_id) else "refused"
        _revoke(connection, AppDevice.device_id.in_(_surplus(connection, new)), now)
        return "enrolled"


def find_device(ledger: Ledger, token: str) -> Device | None:
    """Return the device that shows this token; None if there is none, or it is revoked."""
    query = select(*_COLUMNS).where(
        AppDevice.token_digest == digest_token(token), AppDevice.revoked_at.is_(None)
    )
    with ledger.read() as connection:
        row = connection.execute(query).one_or_none()
    return _device_from(row) if row else None


def note_contact(ledger: Ledger, device: Device, now: datetime) -> bool:
    """Write down that a device was heard of, unless that was done within the last minute.

    Returns:
        Whether it was written.
    """
    if now - device.last_contact_at < CONTACT_EVERY:
        return False
    heard = update(AppDevice).where(
        AppDevice.device_id == device.device_id,
        AppDevice.revoked_at.is_(None),
        AppDevice.last_contact_at <= now - CONTACT_EVERY,
    )
    with ledger.write() as connection:
        return connection.execute(heard.values(last_contact_at=now)).rowcount > 0


def set_consent(ledger: Ledger, device_id: str, consent: LocationConsent) -> bool:
    """Say how closely a device's location may be stored from now on; False if it is revoked."""
    return _change(ledger, device_id, {"location_consent": consent})


def set_subscription(ledger: Ledger, device_id: str, told: Subscription) -> bool:
    """Say how a device is notified; False if it is revoked.

    A browser has one subscription: whichever device it was before gets nothing any more.
    """
    with ledger.write() as connection:
        before = update(AppDevice).where(
            AppDevice.push_endpoint == told.endpoint, AppDevice.device_id != device_id
        )
        connection.execute(before.values(push_endpoint=None, push_p256dh=None, push_auth=None))
        return _change_in(
            connection,
            device_id,
            {
                "push_endpoint": told.endpoint,
                "push_p256dh": told.p256dh,
                "push_auth": told.auth,
            },
        )


def forget_subscription(ledger: Ledger, device_id: str, endpoint: str | None = None) -> bool:
    """Notify a device no more; with an endpoint, only if that is still how it is notified."""
    with ledger.write() as connection:
        known = update(AppDevice).where(
            AppDevice.device_id == device_id, AppDevice.push_endpoint.is_not(None)
        )
        if endpoint is not None:
            known = known.where(AppDevice.push_endpoint == endpoint)
        gone = known.values(push_endpoint=None, push_p256dh=None, push_auth=None)
        return connection.execute(gone).rowcount > 0


def revoke_device(ledger: Ledger, device_id: str, now: datetime) -> bool:
    """End one device, as its owner wishes; links may enrol it anew. Safe to call twice.

    Returns:
        Whether this call did.
    """
    with ledger.write() as connection:
        return _revoke(connection, AppDevice.device_id == device_id, now) > 0


def revoke_devices(ledger: Ledger, person_id: str, now: datetime) -> int:
    """End all devices of a person, and links given out before now; return how many devices."""
    with ledger.write() as connection:
        ledger.serialise(connection, f"devices of {person_id}")
        count = _revoke(connection, AppDevice.person_id == person_id, now)
        told = f"{person_id}\n{now.isoformat()}".encode()
        row = {
            "device_id": REVOCATION_PREFIX + hashlib.sha256(told).hexdigest()[:32],
            "person_id": person_id,
            "location_consent": "none",
            "enrolled_at": now,
            "last_contact_at": now,
            "revoked_at": now,
        }
        connection.execute(insert(AppDevice).values(row))
        return count


def is_revocation() -> ColumnElement[bool]:
    """Tell, in a query of devices, whether a row is none, but says since when links are refused."""
    return AppDevice.device_id.startswith(REVOCATION_PREFIX)


def list_devices(ledger: Ledger) -> list[Device]:
    """Return the devices that are not revoked, by person, the latest heard of first."""
    query = (
        select(*_COLUMNS)
        .where(AppDevice.revoked_at.is_(None))
        .order_by(AppDevice.person_id, AppDevice.last_contact_at.desc(), AppDevice.device_id)
    )
    with ledger.read() as connection:
        return [_device_from(row) for row in connection.execute(query)]


def _is_revoked_since(connection: Connection, person_id: str, allowed_at: datetime) -> bool:
    query = select(AppDevice.device_id).where(
        AppDevice.person_id == person_id,
        is_revocation(),
        AppDevice.revoked_at >= allowed_at,
    )
    return connection.execute(query.limit(1)).first() is not None


def _is_active(connection: Connection, device_id: str) -> bool:
    query = select(AppDevice.revoked_at).where(AppDevice.device_id == device_id)
    return connection.execute(query).scalar_one() is None


def _surplus(connection: Connection, new: NewDevice) -> list[str]:
    """Return which devices give way to a new one."""
    query = (
        select(AppDevice.device_id)
        .where(AppDevice.person_id == new.person_id, AppDevice.revoked_at.is_(None))
        .where(AppDevice.device_id != new.device_id)
        .order_by(AppDevice.last_contact_at.desc(), AppDevice.device_id)
        .offset(MOST_DEVICES - 1)
    )
    surplus = list(connection.execute(query).scalars())
    return [*surplus, new.replaces] if new.replaces else surplus


def _revoke(connection: Connection, which: Any, now: datetime) -> int:
    active = update(AppDevice).where(which, AppDevice.revoked_at.is_(None))
    return connection.execute(active.values(revoked_at=now, **_REVOKED)).rowcount


def _change(ledger: Ledger, device_id: str, values: dict[str, Any]) -> bool:
    with ledger.write() as connection:
        return _change_in(connection, device_id, values)


def _change_in(connection: Connection, device_id: str, values: dict[str, Any]) -> bool:
    active = update(AppDevice).where(
        AppDevice.device_id == device_id, AppDevice.revoked_at.is_(None)
    )
    return connection.execute(active.values(values)).rowcount > 0


def _device_from(row: Any) -> Device:
    return Device(**row._asdict() | {"has_push": bool(row.has_push)})
