"""The app over ASGI: who may come in, what is asked of them, what lands in the ledger."""

import logging
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from rollcall.ledger.app_devices import list_devices, revoke_devices
from rollcall.ledger.app_reports import find_emergency, read_app_reports
from rollcall.ledger.app_tables import AppDevice
from rollcall.ledger.chat_tables import Chat
from rollcall.ledger.chats import archive_chat
from rollcall.ledger.engine import Ledger
from tests.integration.conversations import open_conversation
from tests.integration.ledger.outages import outage_of
from tests.integration.ledger.records import NOW
from tests.integration.portal.phone import (
    PUSH_KEY,
    ROOT,
    Phone,
    SetClock,
    invitation,
    open_phones,
)

HOUR = timedelta(hours=1)
TOKYO = {"latitude": "35.68123456", "longitude": "139.76712345", "accuracy_m": "12"}
ENDPOINT = "https://push.example.org/send/0123456789"
P256DH, AUTH = "B" + "A" * 86, "A" * 22


@pytest.fixture
def set_clock() -> SetClock:
    return SetClock()


@pytest.fixture
async def phone(ledger: Ledger, set_clock: SetClock) -> AsyncIterator[Phone]:
    async with open_phones(ledger, set_clock) as (opened,):
        yield opened


@pytest.fixture
async def enrolled(phone: Phone) -> Phone:
    await phone.use(invitation("p0000"))
    return phone


def locations(ledger: Ledger) -> list[Any]:
    return read_app_reports(ledger, NOW + HOUR).locations.rows()


async def test_link_enrols_a_device_whose_cookie_is_its_own(phone: Phone, ledger: Ledger) -> None:
    enrolled = await phone.enrol(invitation("p0000"))
    assert (enrolled.status_code, enrolled.headers["location"]) == (303, f"{ROOT}/app")
    cookie = enrolled.headers["set-cookie"]
    name, _, token = cookie.partition(";")[0].partition("=")
    assert name == "__Host-rollcall-device"
    told = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert told >= {"httponly", "secure", "samesite=strict", "path=/"}
    (device,) = list_devices(ledger)
    assert (device.person_id, device.language) == ("p0000", "en")
    with ledger.read() as connection:
        (row,) = connection.execute(select(AppDevice.__table__)).all()
    assert token not in map(str, row)


async def test_looking_at_a_link_enrols_nobody(phone: Phone, ledger: Ledger) -> None:
    for _ in range(3):
        assert (await phone.look(f"/app/join/{invitation('p0000')}")).status_code == 200
    assert list_devices(ledger) == []


async def test_request_whose_answer_was_lost_enrols_the_same_device(
    phone: Phone, ledger: Ledger
) -> None:
    token = invitation("p0000")
    await phone.look(f"/app/join/{token}")
    first = await phone.send("/app/enrol", token=token)
    phone.http.cookies.clear()
    again = await phone.send("/app/enrol", token=token)
    assert again.headers["set-cookie"] == first.headers["set-cookie"]
    assert len(list_devices(ledger)) == 1


async def test_browser_that_enrols_as_somebody_else_is_theirs_alone(
    enrolled: Phone, ledger: Ledger
) -> None:
    await enrolled.use(invitation("p0001"))
    assert [one.person_id for one in list_devices(ledger)] == ["p0001"]


async def test_personal_link_of_a_chat_enrols_until_it_is_dead(
    phone: Phone, ledger: Ledger, set_clock: SetClock
) -> None:
    opened = open_conversation(ledger)
    await phone.use(opened.tokens["p0001"])
    assert [one.person_id for one in list_devices(ledger)] == ["p0001"]
    archive_chat(ledger, opened.chat.chat_id, NOW)
    assert (await phone.look(f"/app/join/{opened.tokens['p0002']}")).status_code == 410
    other = open_conversation(ledger, key="other")
    set_clock.moment = other.chat.links_expire_at
    assert (await phone.look(f"/app/join/{other.tokens['p0002']}")).status_code == 410


async def test_links_that_enrol_nobody_get_one_answer(phone: Phone, ledger: Ledger) -> None:
    expired = invitation("p0000", NOW - 25 * HOUR)
    forged = invitation("p0000")[:-1] + "_"
    archived = open_conversation(ledger)
    archive_chat(ledger, archived.chat.chat_id, NOW)
    told = {
        (one.status_code, one.text)
        for token in (expired, forged, "A" * 22, archived.tokens["p0000"], "nothing")
        for one in (await phone.look(f"/app/join/{token}"),)
    }
    assert len(told) == 1
    assert told.pop()[0] == 410


async def test_link_given_out_before_a_revocation_enrols_nobody(
    phone: Phone, ledger: Ledger, set_clock: SetClock
) -> None:
    token = invitation("p0000")
    await phone.look(f"/app/join/{token}")
    revoke_devices(ledger, "p0000", NOW + HOUR)
    set_clock.moment = NOW + 2 * HOUR
    assert (await phone.send("/app/enrol", token=token)).status_code == 410
    await phone.use(invitation("p0000", set_clock.moment))


async def test_guesses_are_limited_and_a_good_link_is_let_in_all_the_same(phone: Phone) -> None:
    answers = [(await phone.look(f"/app/join/{'A' * 22}")).status_code for _ in range(40)]
    assert set(answers) == {410, 429}
    assert answers[0] == 410
    await phone.use(invitation("p0000"))


@pytest.mark.parametrize("pasted", ["{0}", " https://safe.example.org/rollcall/app/join/{0} \n"])
async def test_link_can_be_pasted(phone: Phone, pasted: str) -> None:
    token = invitation("p0000")
    stranger = await phone.look()
    assert stranger.status_code == 403
    led = await phone.send("/app/join", link=pasted.format(token))
    assert (led.status_code, led.headers["location"]) == (303, f"{ROOT}/app/join/{token}")
    for nonsense in ("", "https://elsewhere.example.org/", "//[", "a b", "\ud7ff\nx"):
        assert (await phone.send("/app/join", link=nonsense)).status_code == 410


async def test_revoked_device_is_a_stranger_at_every_door(enrolled: Phone, ledger: Ledger) -> None:
    await enrolled.send("/app/consent", consent="precise")
    revoke_devices(ledger, "p0000", NOW)
    for path in ("/app", "/app/emergency", "/app/chats/c1", "/app/vapid"):
        assert (await enrolled.look(path)).status_code == 403
    for path in ("/app/location", "/app/emergency", "/app/consent", "/app/subscription"):
        assert (await enrolled.send(path, consent="city", **TOKYO)).status_code == 403
    assert locations(ledger) == []
    assert find_emergency(ledger, "p0000") is None


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


async def test_what_others_wrote_is_inert_text(enrolled: Phone, ledger: Ledger) -> None:
    opened = open_conversation(ledger)
    with ledger.write() as connection:
        told = update(Chat).where(Chat.chat_id == opened.chat.chat_id)
        connection.execute(told.values(title="<script>alert(1)</script>"))
    shown = (await enrolled.look()).text
    assert "<script>alert" not in shown
    assert "&lt;script&gt;alert(1)" in shown


async def test_location_is_stored_as_closely_as_was_agreed_to(
    enrolled: Phone, ledger: Ledger
) -> None:
    async def report(key: str) -> Any:
        answered = await enrolled.send("/app/location", by_script=True, key=key, **TOKYO)
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
    answered = await enrolled.send("/app/subscription", by_script=True, **told)
    assert answered.json() == {"notified": True}
    assert list_devices(ledger)[0].has_push
    assert (await enrolled.send("/app/subscription/forget", by_script=True)).status_code == 200
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


async def test_owner_removes_the_app_from_a_device(enrolled: Phone, ledger: Ledger) -> None:
    left = await enrolled.send("/app/leave")
    assert left.status_code == 303
    assert "Max-Age=0" in left.headers["set-cookie"]
    assert list_devices(ledger) == []
    assert (await enrolled.look()).status_code == 403


@pytest.mark.parametrize("language", ["ar", "de", "es", "fr", "ja"])
async def test_pages_are_in_the_language_of_the_browser(enrolled: Phone, language: str) -> None:
    for path in ("/app", "/app/emergency", "/app/offline"):
        shown = (await enrolled.look(path, accept_language=f"{language}-XX,en;q=0.5")).text
        direction = "rtl" if language == "ar" else "ltr"
        assert f'<html lang="{language}" dir="{direction}">' in shown
        assert "emergency" not in re.sub(r"<[^>]*>", "", shown)


async def test_every_page_is_kept_by_nobody_and_runs_nothing_foreign(enrolled: Phone) -> None:
    pages = [
        await enrolled.look(path)
        for path in ("/app", "/app/emergency", f"/app/join/{invitation('p1')}", "/app/join/no")
    ]
    for shown in (*pages, await enrolled.send("/app/consent", consent="city")):
        told = shown.headers
        assert "default-src 'none'" in told["content-security-policy"]
        assert "unsafe" not in told["content-security-policy"]
        assert told["cache-control"] == "no-store"
        assert told["referrer-policy"] == "no-referrer"
        assert told["x-robots-tag"] == "noindex"
        assert not re.search(r"""<[^>]+\s(style|on\w+)=|(src|href)="https?:""", shown.text)
    assert max(len(one.content) for one in pages) < 10_000


async def test_body_that_is_too_large_or_no_form_is_refused(enrolled: Phone) -> None:
    answered = await enrolled.send("/app/consent", consent="x" * 70_000)
    assert (answered.status_code, answered.headers["connection"]) == (413, "close")
    assert (await enrolled.http.post("/app/consent", json={})).status_code == 415


async def test_app_is_installable(phone: Phone) -> None:
    manifest = await phone.look("/manifest.webmanifest")
    told = manifest.json()
    assert manifest.headers["content-type"] == "application/manifest+json"
    assert (told["start_url"], told["scope"], told["display"]) == (
        f"{ROOT}/app",
        f"{ROOT}/",
        "standalone",
    )
    for icon in told["icons"]:
        shown = await phone.look(icon["src"].removeprefix(ROOT))
        assert (shown.status_code, shown.headers["content-type"]) == (200, icon["type"])
        if icon["type"] == "image/png":
            size = int.from_bytes(shown.content[16:20], "big")
            assert icon["sizes"] == f"{size}x{size}"
    assert (await phone.look("/app/icons/icon-180.png")).status_code == 200
    assert (await phone.look("/app/icons/draw_icons.py")).status_code == 404
    worker = await phone.look("/sw.js")
    assert worker.headers["content-type"].startswith("text/javascript")
    kept = re.search(r'"kept": \[([^\]]+)\]', worker.text)
    assert kept
    for path in re.findall(r'"([^"]+)"', kept[1]):
        assert (await phone.look(path.removeprefix(ROOT))).status_code == 200


async def test_nothing_personal_reaches_a_log(
    phone: Phone, ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    opened = open_conversation(ledger)
    token = invitation("p0000")
    await phone.use(token)
    cookie = phone.http.cookies.get("__Host-rollcall-device")
    await phone.send("/app/consent", consent="precise")
    await phone.send("/app/location", **TOKYO)
    await phone.send("/app/location", **TOKYO | {"latitude": "200"})
    await phone.send("/app/emergency")
    await phone.look(f"/app/chats/{opened.chat.chat_id}")
    await phone.look("/app/join/AAAA")
    assert cookie
    ours = [
        record.getMessage() + str(record.__dict__)
        for record in caplog.records
        if not record.name.startswith(("httpx", "httpcore"))  # the telephone's own
    ]
    for secret in (token, cookie, opened.tokens["p0000"], "35.68", "139.76", "Person 0"):
        assert not [one for one in ours if secret in one], secret


async def test_ledger_that_does_not_answer_is_told_and_nothing_is_claimed(
    enrolled: Phone, ledger: Ledger
) -> None:
    with outage_of(ledger, "app_devices"):
        answered = await enrolled.send("/app/emergency")
        assert answered.status_code == 503
        assert answered.headers["retry-after"]
        assert "Not saved" in answered.text
    assert (await enrolled.send("/app/emergency")).status_code == 303
