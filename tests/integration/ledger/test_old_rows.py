"""Rows that go by their age alone: what nothing rests on, and nothing else."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select

from rollcall.domain.personal_links import digest_token
from rollcall.domain.receipts import Receipt
from rollcall.ledger.app_devices import (
    REVOCATIONS_KEPT_FOR,
    NewDevice,
    enrol_device,
    revoke_devices,
)
from rollcall.ledger.app_reports import end_emergency, open_emergency
from rollcall.ledger.app_tables import AppLocation
from rollcall.ledger.compaction import compact, is_compaction_owed
from rollcall.ledger.engine import Ledger
from rollcall.ledger.erasing_texts import ErasedPerson
from rollcall.ledger.erasure import erase_rows
from rollcall.ledger.log import count_statuses
from rollcall.ledger.messages import load_message
from rollcall.ledger.old_rows import (
    OldRows,
    count_old,
    delete_old,
    old_devices,
    old_emergencies,
    old_locations,
    old_receipts,
    old_revocations,
)
from rollcall.ledger.receipts import record_receipts
from rollcall.ledger.recording import derive_delivery_id
from rollcall.ledger.retention import DueCount
from rollcall.ledger.tables import Message
from tests.integration.devices import add_device
from tests.integration.ledger.database_dump import dump
from tests.integration.ledger.records import NOW, read_attempts
from tests.integration.ledger.test_push_subscriptions import a_subscription
from tests.integration.ledger.test_retention import LATER, remove, send_one


def add_location(ledger: Ledger, person_id: str, at: datetime) -> None:
    row = {
        "location_id": f"{person_id}-{at:%j}",
        "person_id": person_id,
        "latitude": 1.0,
        "longitude": 2.0,
        "reported_at": at,
    }
    with ledger.write() as connection:
        connection.execute(insert(AppLocation).values(row))


def sweep(ledger: Ledger, old: OldRows) -> int:
    count = count_old(ledger, old).count
    assert delete_old(ledger, old, pause=lambda _: None) == count
    assert count_old(ledger, old) == DueCount(0, None)
    return count


def test_the_latest_location_of_who_has_the_app_stays_however_old(ledger: Ledger) -> None:
    add_device(ledger, "p1", a_subscription("p1"))
    add_device(ledger, "p2", a_subscription("p2"), revoked_at=NOW)
    for person_id in ("p1", "p2"):
        add_location(ledger, person_id, NOW)
        add_location(ledger, person_id, NOW + timedelta(days=1))
    old = old_locations(LATER)
    assert count_old(ledger, old) == DueCount(3, NOW)
    assert sweep(ledger, old) == 3
    assert "p1-328" in dump(ledger)


def test_nobody_is_held_up_where_nothing_is_old(ledger: Ledger) -> None:
    with ledger.write():  # whoever would write, too, waits half a minute and fails
        assert delete_old(ledger, old_receipts(LATER), pause=lambda _: None) == 0


def test_what_is_taken_away_owes_compaction_until_it_is_done(ledger: Ledger) -> None:
    message_id = send_one(ledger)
    add_location(ledger, "p1", NOW)
    assert compact(ledger)
    always = ledger.backend == "postgresql"  # which holds up nobody
    assert is_compaction_owed(ledger) == always
    delete_old(ledger, old_locations(LATER), pause=lambda _: None)
    assert is_compaction_owed(ledger)
    assert compact(ledger)
    with ledger.read() as connection:
        connection.execute(select(Message.message_id)).all()
        assert remove(ledger) == 1
        assert compact(ledger) == always
    assert is_compaction_owed(ledger)
    assert compact(ledger)
    assert is_compaction_owed(ledger) == always
    assert load_message(ledger, message_id).erasure_ended_at


def test_an_emergency_that_goes_on_is_never_old(ledger: Ledger) -> None:
    ended = open_emergency(ledger, "p1", "a", NOW)
    end_emergency(ledger, "p1", ended.emergency_id, NOW)
    going_on = open_emergency(ledger, "p2", "b", NOW)
    assert sweep(ledger, old_emergencies(LATER)) == 1
    assert going_on.emergency_id in dump(ledger)


def test_devices_go_some_time_after_they_were_revoked(ledger: Ledger) -> None:
    add_device(ledger, "p1", a_subscription("p1"))
    add_device(ledger, "p2", a_subscription("p2"), revoked_at=NOW)
    assert sweep(ledger, old_devices(NOW)) == 0
    assert sweep(ledger, old_devices(LATER)) == 1


def enrol_by_old_link(ledger: Ledger, now: datetime) -> str:
    """Enrol by a link that was given out before `NOW`, as one of a chat that is open."""
    new = NewDevice("p1-new", "p1", digest_token("new"), "en", allowed_at=NOW - timedelta(days=1))
    return enrol_device(ledger, new, now)


def test_a_link_from_before_a_revocation_enrols_nobody_while_it_may_work(ledger: Ledger) -> None:
    """However soon devices go, and also once all else of the person is erased."""
    add_device(ledger, "p1", a_subscription("p1"))
    revoke_devices(ledger, "p1", NOW)
    soon = NOW + timedelta(days=10)
    assert sweep(ledger, old_devices(soon)) == 1

    who = ErasedPerson("p1", "erased-1", frozenset())
    assert erase_rows(ledger, who, (), soon).is_revoked
    assert enrol_by_old_link(ledger, soon) == "refused"

    assert not erase_rows(ledger, who, (), NOW + REVOCATIONS_KEPT_FOR).is_revoked
    revoke_devices(ledger, "p2", NOW)
    assert sweep(ledger, old_revocations(LATER)) == 1


def test_receipts_go_but_for_those_that_a_status_rests_on(ledger: Ledger) -> None:
    message_id = send_one(ledger)
    [attempt] = read_attempts(ledger, derive_delivery_id(message_id, "p0000", "sms"))

    def report(state: Any, reference: str, now: datetime) -> None:
        told = Receipt(state, reference, level="handset" if state == "delivered" else "carrier")
        record_receipts(ledger, "alpha", "webhook", [told], now)

    report("accepted", attempt.attempt_id, NOW)
    report("delivered", attempt.attempt_id, NOW)
    report("delivered", "of-nothing-we-know", NOW)
    assert sweep(ledger, old_receipts(LATER)) == 1  # the unknown one; the message is whole
    remove(ledger)
    assert sweep(ledger, old_receipts(LATER)) == 1

    report("accepted", attempt.attempt_id, LATER)  # the provider repeats itself, months later

    assert count_statuses(ledger, message_id) == {"sms": {"delivered": 1}}
