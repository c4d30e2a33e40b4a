"""Devices of the app as tests put them into a ledger."""

from datetime import datetime

from sqlalchemy import insert, select, update

from rollcall.domain.push import PushSubscription
from rollcall.ledger.app_tables import AppDevice
from rollcall.ledger.engine import Ledger
from tests.integration.ledger.records import NOW


def add_device(
    ledger: Ledger,
    person_id: str,
    subscription: PushSubscription,
    *,
    contact_at: datetime = NOW,
    revoked_at: datetime | None = None,
) -> None:
    """Enrol a device that takes notifications."""
    row = {
        "device_id": subscription.device_id,
        "person_id": person_id,
        "push_endpoint": subscription.endpoint,
        "push_p256dh": subscription.p256dh,
        "push_auth": subscription.auth,
        "location_consent": "none",
        "enrolled_at": NOW,
        "last_contact_at": contact_at,
        "revoked_at": revoked_at,
    }
    with ledger.write() as connection:
        connection.execute(insert(AppDevice).values(row))


def read_endpoints(ledger: Ledger) -> dict[str, str | None]:
    """Return the endpoints of all devices, by their ids."""
    query = select(AppDevice.device_id, AppDevice.push_endpoint)
    with ledger.read() as connection:
        return {row.device_id: row.push_endpoint for row in connection.execute(query)}


def revoke_device(ledger: Ledger, device_id: str) -> None:
    """Revoke a device, as when it is lost."""
    revoked = update(AppDevice).where(AppDevice.device_id == device_id)
    with ledger.write() as connection:
        connection.execute(revoked.values(revoked_at=NOW))
