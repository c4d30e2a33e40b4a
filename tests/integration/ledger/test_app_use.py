"""How many use the app: whoever is revoked does not, and an order to revoke is no device."""

from datetime import timedelta

from rollcall.domain.app_reports import Fix
from rollcall.ledger.app_devices import (
    enrol_device,
    revoke_devices,
    set_consent,
    set_subscription,
)
from rollcall.ledger.app_reports import open_emergency, record_location
from rollcall.ledger.app_use import AppUse, read_app_use
from rollcall.ledger.engine import Ledger
from tests.integration.ledger.records import NOW
from tests.integration.ledger.test_app_devices import PUSH, new_device

LATER = NOW + timedelta(hours=1)


def test_nobody_uses_an_app_that_nobody_has(ledger: Ledger) -> None:
    assert read_app_use(ledger) == AppUse(0, 0, 0, 0, None, 0, None, 0)


def test_devices_and_what_they_report_are_counted(ledger: Ledger) -> None:
    enrol_device(ledger, new_device(), NOW)
    enrol_device(ledger, new_device("tablet"), NOW)
    enrol_device(ledger, new_device(person_id="p2"), LATER)
    enrol_device(ledger, new_device(person_id="p3"), LATER)
    revoke_devices(ledger, "p3", LATER)
    set_consent(ledger, "p1-phone", "city")
    set_subscription(ledger, "p1-phone", PUSH)
    record_location(ledger, "p1-phone", Fix(35.0, 139.0, 9.0), "one", NOW)
    record_location(ledger, "p1-phone", Fix(35.0, 139.0, 9.0), "two", LATER)
    open_emergency(ledger, "p2", "help", NOW)
    assert read_app_use(ledger) == AppUse(
        device_count=3,
        people_count=2,
        locating_count=1,
        notified_count=1,
        contact_at=LATER,
        location_count=2,
        located_at=LATER,
        emergency_count=1,
    )
