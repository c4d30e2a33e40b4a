from dataclasses import replace
from datetime import timedelta

from rollcall.domain.push import PushSubscription
from rollcall.ledger.engine import Ledger
from rollcall.ledger.push_subscriptions import (
    MOST_DEVICES,
    drop_subscription,
    find_notified,
    find_subscriptions,
    list_notified,
)
from tests.integration.devices import add_device, read_endpoints
from tests.integration.ledger.records import NOW


def a_subscription(device_id: str) -> PushSubscription:
    return PushSubscription(device_id, f"https://push.example.org/{device_id}", "key", "auth")


def test_notifications_go_to_every_device_of_a_person_and_to_nobody_elses(ledger: Ledger) -> None:
    phone, tablet, other = map(a_subscription, ("phone", "tablet", "other"))
    add_device(ledger, "p1", phone, contact_at=NOW)
    add_device(ledger, "p1", tablet, contact_at=NOW + timedelta(hours=1))
    add_device(ledger, "p2", other)
    assert find_subscriptions(ledger, ["p1", "p3"]) == {"p1": [tablet, phone]}
    assert find_subscriptions(ledger, []) == {}


def test_a_revoked_device_and_one_without_subscription_get_nothing(ledger: Ledger) -> None:
    add_device(ledger, "p1", a_subscription("lost"), revoked_at=NOW)
    add_device(ledger, "p1", a_subscription("muted"))
    assert drop_subscription(ledger, "muted", "https://push.example.org/muted")
    assert find_subscriptions(ledger, ["p1"]) == {}


def test_of_countless_devices_those_heard_of_latest_are_notified(ledger: Ledger) -> None:
    for number in range(MOST_DEVICES + 5):
        contact_at = NOW + timedelta(minutes=number)
        add_device(ledger, "p1", a_subscription(f"d{number:02}"), contact_at=contact_at)
    found = find_subscriptions(ledger, ["p1"])["p1"]
    assert [one.device_id for one in found] == [f"d{number:02}" for number in range(14, 4, -1)]


def test_a_device_that_was_enrolled_twice_is_notified_once(ledger: Ledger) -> None:
    before = a_subscription("phone")
    anew = replace(before, device_id="phone-again")
    add_device(ledger, "p1", before, contact_at=NOW)
    add_device(ledger, "p1", anew, contact_at=NOW + timedelta(days=1))
    assert find_subscriptions(ledger, ["p1"]) == {"p1": [anew]}


def test_a_subscription_is_dropped_once_and_the_one_that_follows_stays(ledger: Ledger) -> None:
    gone = a_subscription("phone")
    add_device(ledger, "p1", gone)
    assert drop_subscription(ledger, "phone", gone.endpoint)
    assert not drop_subscription(ledger, "phone", gone.endpoint)
    assert read_endpoints(ledger) == {"phone": None}

    anew = replace(a_subscription("tablet"), endpoint="https://push.example.org/new")
    add_device(ledger, "p1", anew)
    assert not drop_subscription(ledger, "tablet", "https://push.example.org/old")
    assert find_subscriptions(ledger, ["p1"]) == {"p1": [anew]}


def test_who_can_be_notified_is_known(ledger: Ledger) -> None:
    add_device(ledger, "p0001", a_subscription("phone"))
    add_device(ledger, "p0001", a_subscription("tablet"))
    add_device(ledger, "p0002", a_subscription("lost"), revoked_at=NOW)
    assert find_notified(ledger, ["p0000", "p0001", "p0002"]) == {"p0001"}
    assert find_notified(ledger, ["p0002"]) == set()
    assert list_notified(ledger) == {"p0001"}
