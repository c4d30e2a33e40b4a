"""Devices in the ledger: enrolled once, found by their token, and nobody once they are revoked."""

from datetime import timedelta

from sqlalchemy import select

from rollcall.domain.personal_links import digest_token
from rollcall.ledger.app_devices import (
    MOST_DEVICES,
    Enrolled,
    NewDevice,
    Subscription,
    enrol_device,
    find_device,
    forget_subscription,
    list_devices,
    note_contact,
    revoke_device,
    revoke_devices,
    set_consent,
    set_subscription,
)
from rollcall.ledger.app_tables import AppDevice
from rollcall.ledger.engine import Ledger
from tests.integration.ledger.records import NOW, at_once

MINUTE = timedelta(minutes=1)
PUSH = Subscription("https://push.example.org/one", "key", "secret")


def new_device(name: str = "phone", person_id: str = "p1", **changes: object) -> NewDevice:
    told = {
        "device_id": f"{person_id}-{name}",
        "person_id": person_id,
        "token_digest": digest_token(f"{person_id}-{name}"),
        "language": "ja",
        "allowed_at": NOW,
    }
    return NewDevice(**told | changes)  # type: ignore[arg-type]


def endpoints(ledger: Ledger) -> dict[str, str | None]:
    with ledger.read() as connection:
        query = select(AppDevice.device_id, AppDevice.push_endpoint)
        return {str(one): endpoint for one, endpoint in connection.execute(query)}


def test_device_is_found_by_its_token_which_is_not_stored(ledger: Ledger) -> None:
    assert enrol_device(ledger, new_device(), NOW) == "enrolled"
    assert enrol_device(ledger, new_device(), NOW + MINUTE) == "known"

    found = find_device(ledger, "p1-phone")
    assert found
    assert (found.person_id, found.language, found.location_consent) == ("p1", "ja", "none")
    assert (found.enrolled_at, found.last_contact_at, found.has_push) == (NOW, NOW, False)
    assert find_device(ledger, "p1-tablet") is None
    assert find_device(ledger, digest_token("p1-phone")) is None
    with ledger.read() as connection:
        (row,) = connection.execute(select(AppDevice.__table__)).all()
    assert "p1-phone" not in (row.token_digest, row.push_endpoint, row.push_auth)


def test_request_made_at_once_by_many_enrols_one_device(ledger: Ledger) -> None:
    told: list[Enrolled] = at_once(4, lambda _: enrol_device(ledger, new_device(), NOW))
    assert sorted(told) == ["enrolled", "known", "known", "known"]
    assert len(list_devices(ledger)) == 1


def test_revoked_device_is_nobody_and_its_request_enrols_it_no_more(ledger: Ledger) -> None:
    enrol_device(ledger, new_device(), NOW)
    enrol_device(ledger, new_device("tablet"), NOW)
    enrol_device(ledger, new_device(person_id="p2"), NOW)
    set_subscription(ledger, "p1-phone", PUSH)

    assert revoke_devices(ledger, "p1", NOW + MINUTE) == 2
    assert revoke_devices(ledger, "p1", NOW + MINUTE * 2) == 0

    assert find_device(ledger, "p1-phone") is None
    assert endpoints(ledger)["p1-phone"] is None
    assert [one.person_id for one in list_devices(ledger)] == ["p2"]
    assert not set_consent(ledger, "p1-phone", "precise")
    assert not set_subscription(ledger, "p1-phone", PUSH)
    assert enrol_device(ledger, new_device(), NOW + MINUTE * 3) == "refused"


def test_revocation_ends_links_that_were_given_out_before_it_and_no_others(ledger: Ledger) -> None:
    assert revoke_devices(ledger, "p1", NOW) == 0

    before, after = NOW - MINUTE, NOW + MINUTE
    assert enrol_device(ledger, new_device(allowed_at=before), after) == "refused"
    assert enrol_device(ledger, new_device(person_id="p2", allowed_at=before), after) == "enrolled"
    assert enrol_device(ledger, new_device(allowed_at=after), after) == "enrolled"


def test_owner_who_removes_a_device_may_enrol_another_by_the_same_link(ledger: Ledger) -> None:
    enrol_device(ledger, new_device(), NOW)
    assert revoke_device(ledger, "p1-phone", NOW)
    assert not revoke_device(ledger, "p1-phone", NOW)
    assert find_device(ledger, "p1-phone") is None
    assert enrol_device(ledger, new_device("tablet"), NOW) == "enrolled"
    assert enrol_device(ledger, new_device(), NOW) == "refused"


def test_browser_that_enrols_anew_is_one_device(ledger: Ledger) -> None:
    enrol_device(ledger, new_device(), NOW)
    enrol_device(ledger, new_device("again", replaces="p1-phone"), NOW)
    assert find_device(ledger, "p1-phone") is None
    assert [one.device_id for one in list_devices(ledger)] == ["p1-again"]


def test_one_device_too_many_replaces_that_which_was_silent_longest(ledger: Ledger) -> None:
    for number in range(MOST_DEVICES + 1):
        enrol_device(ledger, new_device(f"{number:02}"), NOW + MINUTE * number)
    told = [one.device_id for one in list_devices(ledger)]
    assert len(told) == MOST_DEVICES
    assert "p1-00" not in told


def test_contact_is_written_down_once_a_minute(ledger: Ledger) -> None:
    enrol_device(ledger, new_device(), NOW)
    device = find_device(ledger, "p1-phone")
    assert device
    assert not note_contact(ledger, device, NOW + MINUTE / 2)
    assert note_contact(ledger, device, NOW + MINUTE)
    assert not note_contact(ledger, device, NOW + MINUTE * 1.5)
    found = find_device(ledger, "p1-phone")
    assert found
    assert found.last_contact_at == NOW + MINUTE


def test_browser_that_is_somebody_elses_now_is_notified_for_them_only(ledger: Ledger) -> None:
    enrol_device(ledger, new_device(), NOW)
    enrol_device(ledger, new_device(person_id="p2"), NOW)
    assert set_subscription(ledger, "p1-phone", PUSH)
    assert set_subscription(ledger, "p2-phone", PUSH)
    assert endpoints(ledger) == {"p1-phone": None, "p2-phone": PUSH.endpoint}


def test_subscription_is_forgotten_unless_it_is_another_by_now(ledger: Ledger) -> None:
    enrol_device(ledger, new_device(), NOW)
    set_subscription(ledger, "p1-phone", PUSH)
    assert not forget_subscription(ledger, "p1-phone", "https://push.example.org/older")
    found = find_device(ledger, "p1-phone")
    assert found
    assert found.has_push
    assert forget_subscription(ledger, "p1-phone", PUSH.endpoint)
    assert not forget_subscription(ledger, "p1-phone")
