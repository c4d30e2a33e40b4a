"""What people do with the app, and what lands in the ledger."""

from datetime import timedelta
from typing import Any

import pytest

from rollcall.ledger.app_devices import list_devices
from rollcall.ledger.app_reports import find_emergency, read_app_reports
from rollcall.ledger.chats import archive_chat
from rollcall.ledger.engine import Ledger
from tests.integration.app.phone import (
    PUSH_KEY,
    ROOT,
    Phone,
    SetClock,
    invitation,
    open_phones,
)
from tests.integration.conversations import open_conversation
from tests.integration.ledger.outages import outage_of
from tests.integration.ledger.records import NOW

HOUR = timedelta(hours=1)
TOKYO = {"latitude": "35.68123456", "longitude": "139.76712345", "accuracy_m": "12"}
ENDPOINT = "https://push.example.org/send/0123456789"
P256DH, AUTH = "B" + "A" * 86, "A" * 22


def locations(ledger: Ledger) -> list[Any]:
    return read_app_reports(ledger, NOW + HOUR).locations.rows()


async def test_chats_are_listed_and_lead_to_the_persons_own_page(
    enrolled: Phone, ledger: Ledger
) -> None:
    opened = open_conversation(ledger)
    shown = await enrolled.look()
    assert "Flood in Example City" in shown.text
    assert "Please answer: are you OK?" in shown.text
    assert opened.tokens["p0000"] not in shown.text

    led = await enrolled.look(f"/app/chats/{opened.chat.chat_id}")
    assert (led.status_code, led.headers["location"]) == (
        303,
        f"{ROOT}/c/{opened.tokens['p0000']}",
    )
    assert (await enrolled.look("/app/chats/c0000")).status_code == 404
    archive_chat(ledger, opened.chat.chat_id, NOW)
    assert (await enrolled.look(f"/app/chats/{opened.chat.chat_id}")).status_code == 404
    assert "Flood" not in (await enrolled.look()).text


async def test_location_is_stored_as_closely_as_was_agreed_to(
    enrolled: Phone, ledger: Ledger
) -> None:
    async def report(key: str) -> Any:
        answered = await enrolled.call("/app/location", key=key, **TOKYO)
        assert answered.status_code == 200
        return answered.json()

    assert await report("1") == {"stored": "none"}
    assert locations(ledger) == []
    assert 'id="report"' not in (await enrolled.look()).text

    assert (await enrolled.send("/app/consent", consent="city")).status_code == 303
    assert 'id="report"' in (await enrolled.look()).text
    assert await report("2") == {"stored": "city"}
    ((_, latitude, longitude, accuracy_m, at),) = locations(ledger)
    assert (latitude, longitude, accuracy_m, at) == (35.7, 139.8, 8_000.0, NOW)

    await enrolled.send("/app/consent", consent="precise")
    assert await report("3") == {"stored": "precise"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"latitude": "91"},
        {"longitude": "nan"},
        {"latitude": "here"},
        {"accuracy_m": "-1"},
        {"latitude": ""},
    ],
)
async def test_what_is_no_place_is_refused(
    enrolled: Phone, ledger: Ledger, wrong: dict[str, str]
) -> None:
    await enrolled.send("/app/consent", consent="precise")
    answered = await enrolled.send("/app/location", **TOKYO | wrong)
    assert answered.status_code == 422
    assert locations(ledger) == []
    assert (await enrolled.send("/app/consent", consent="always")).status_code == 422


async def test_emergency_is_opened_after_a_question_and_ended_by_its_owner(
    enrolled: Phone, ledger: Ledger
) -> None:
    asked = await enrolled.look("/app/emergency")
    assert "Do you have an emergency?" in asked.text
    assert "does not call the police" in asked.text
    assert find_emergency(ledger, "p0000") is None

    for _ in range(2):
        opened = await enrolled.send("/app/emergency")
        assert (opened.status_code, opened.headers["location"]) == (303, f"{ROOT}/app/emergency")
    active = find_emergency(ledger, "p0000")
    assert active
    assert active.started_at == NOW
    shown = await enrolled.look("/app/emergency")
    assert "I am safe again" in shown.text
    assert "Your emergency is open" in (await enrolled.look()).text

    await enrolled.send("/app/safe", emergency_id="another")
    assert find_emergency(ledger, "p0000") == active
    assert (await enrolled.send("/app/safe", emergency_id=active.emergency_id)).status_code == 303
    assert find_emergency(ledger, "p0000") is None


async def test_emergency_is_never_refused_for_its_number(enrolled: Phone, ledger: Ledger) -> None:
    told = [(await enrolled.send("/app/consent", consent="none")).status_code for _ in range(40)]
    assert set(told) == {303, 429}
    assert (await enrolled.send("/app/emergency")).status_code == 303
    assert find_emergency(ledger, "p0000")


async def test_form_of_another_site_or_device_changes_nothing(
    enrolled: Phone, ledger: Ledger, set_clock: SetClock
) -> None:
    own = enrolled.nonce
    async with open_phones(ledger, set_clock) as (other,):
        await other.use(invitation("p0001"))
        enrolled.nonce = other.nonce
    assert (await enrolled.send("/app/emergency")).status_code == 403
    enrolled.nonce = ""
    assert (await enrolled.send("/app/emergency")).status_code == 403
    enrolled.nonce = own
    for headers in (
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://elsewhere.example.org"},
    ):
        enrolled.sent_headers = headers
        assert (await enrolled.send("/app/emergency")).status_code == 403
        assert (await enrolled.send("/app/enrol", token=invitation("p1"))).status_code == 403
    assert find_emergency(ledger, "p0000") is None
    enrolled.sent_headers = {"origin": "null"}
    assert (await enrolled.send("/app/emergency")).status_code == 303


async def test_contact_is_noted_by_every_request_but_once_a_minute(
    enrolled: Phone, ledger: Ledger, set_clock: SetClock
) -> None:
    def contact() -> Any:
        return list_devices(ledger)[0].last_contact_at - NOW

    set_clock.moment = NOW + timedelta(seconds=59)
    await enrolled.look()
    assert contact() == timedelta(0)
    set_clock.moment = NOW + timedelta(seconds=61)
    await enrolled.send("/app/consent", consent="city")
    assert contact() == timedelta(seconds=61)


async def test_device_subscribes_to_notifications_and_ends_it(
    enrolled: Phone, ledger: Ledger
) -> None:
    assert (await enrolled.look("/app/vapid")).json() == {"public_key": PUSH_KEY}
    told = {"endpoint": ENDPOINT, "p256dh": P256DH, "auth": AUTH}
    answered = await enrolled.call("/app/subscription", **told)
    assert answered.json() == {"notified": True}
    assert list_devices(ledger)[0].has_push
    assert (await enrolled.call("/app/subscription/forget")).status_code == 200
    assert not list_devices(ledger)[0].has_push


@pytest.mark.parametrize(
    "wrong",
    [
        {"endpoint": "http://push.example.org/"},
        {"endpoint": "https://127.0.0.1/"},
        {"endpoint": "https://[::1]/"},
        {"endpoint": "https://localhost/"},
        {"endpoint": "https://user@push.example.org/"},
        {"endpoint": "https://push.example.org/a b"},
        {"endpoint": "https://[push"},
        {"endpoint": "https://push.example.org/" + "a" * 1000},
        {"p256dh": "AAAA"},
        {"auth": "no base64!"},
        {"auth": ""},
    ],
)
async def test_subscription_that_leads_nowhere_is_refused(
    enrolled: Phone, ledger: Ledger, wrong: dict[str, str]
) -> None:
    told = {"endpoint": ENDPOINT, "p256dh": P256DH, "auth": AUTH} | wrong
    assert (await enrolled.send("/app/subscription", **told)).status_code == 422
    assert not list_devices(ledger)[0].has_push


async def test_without_a_push_key_there_are_no_notifications(
    ledger: Ledger, set_clock: SetClock
) -> None:
    async with open_phones(ledger, set_clock, push_key=None) as (phone,):
        await phone.use(invitation("p0000"))
        assert (await phone.look("/app/vapid")).status_code == 404
        told = {"endpoint": ENDPOINT, "p256dh": P256DH, "auth": AUTH}
        assert (await phone.send("/app/subscription", **told)).status_code == 404
        assert 'id="push"' not in (await phone.look()).text


async def test_ledger_that_does_not_answer_is_told_and_nothing_is_claimed(
    enrolled: Phone, ledger: Ledger
) -> None:
    with outage_of(ledger, "app_devices"):
        answered = await enrolled.send("/app/emergency")
        assert answered.status_code == 503
        assert answered.headers["retry-after"]
        assert "Not saved" in answered.text
    assert (await enrolled.send("/app/emergency")).status_code == 303
