"""Devices: enrolled by a personal link, and nobody once they are revoked."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from rollcall.ledger.app_devices import list_devices, revoke_devices
from rollcall.ledger.app_reports import find_emergency, read_app_reports
from rollcall.ledger.app_tables import AppDevice
from rollcall.ledger.chats import archive_chat
from rollcall.ledger.engine import Ledger
from tests.integration.app.phone import (
    ROOT,
    Phone,
    SetClock,
    invitation,
)
from tests.integration.conversations import open_conversation
from tests.integration.ledger.records import NOW

HOUR = timedelta(hours=1)
TOKYO = {"latitude": "35.68123456", "longitude": "139.76712345", "accuracy_m": "12"}


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


async def test_owner_removes_the_app_from_a_device(enrolled: Phone, ledger: Ledger) -> None:
    left = await enrolled.send("/app/leave")
    assert left.status_code == 303
    assert "Max-Age=0" in left.headers["set-cookie"]
    assert list_devices(ledger) == []
    assert (await enrolled.look()).status_code == 403
