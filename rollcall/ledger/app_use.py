"""How many use the app, and how new what it reports is: in counts, of nobody in particular."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, not_, select

from rollcall.ledger.app_devices import is_revocation
from rollcall.ledger.app_tables import AppDevice, AppEmergency, AppLocation
from rollcall.ledger.engine import Ledger


@dataclass(frozen=True, slots=True)
class AppUse:
    """What there is of the app.

    Attributes:
        device_count: Devices that are enrolled and not revoked.
        people_count: Whose they are.
        locating_count: Devices whose owners agreed that their location is stored.
        notified_count: Devices that can be notified.
        contact_at: When one of them was last heard of.
        location_count: Locations that are kept.
        located_at: When the newest of them was reported.
        emergency_count: Emergencies that have not ended.
    """

    device_count: int
    people_count: int
    locating_count: int
    notified_count: int
    contact_at: datetime | None
    location_count: int
    located_at: datetime | None
    emergency_count: int


def read_app_use(ledger: Ledger) -> AppUse:
    """Count what the app reports; reads all of its devices and locations."""
    devices = select(
        func.count(),
        func.count(AppDevice.person_id.distinct()),
        func.count().filter(AppDevice.location_consent != "none"),
        func.count().filter(AppDevice.push_endpoint.is_not(None)),
        func.max(AppDevice.last_contact_at, type_=AppDevice.last_contact_at.type),
    ).where(AppDevice.revoked_at.is_(None), not_(is_revocation()))
    latest = func.max(AppLocation.reported_at, type_=AppLocation.reported_at.type)
    active = select(func.count()).where(AppEmergency.ended_at.is_(None))
    locations = select(func.count(AppLocation.location_id), latest)
    with ledger.read() as connection:
        told = connection.execute(devices).one()
        location_count, located_at = connection.execute(locations).one()
        emergency_count = connection.execute(active).scalar_one()
    device_count, people_count, locating_count, notified_count, contact_at = told
    return AppUse(
        device_count=device_count,
        people_count=people_count,
        locating_count=locating_count,
        notified_count=notified_count,
        contact_at=contact_at,
        location_count=location_count,
        located_at=located_at,
        emergency_count=emergency_count,
    )
