"""What the app shows: to whom it belongs, in their language, kept nowhere else."""

import logging
import re

import pytest
from sqlalchemy import update
from starlette.routing import Route

from rollcall.ledger.app_devices import list_devices
from rollcall.ledger.chat_tables import Chat
from rollcall.ledger.engine import Ledger
from rollcall.portal.desk import Desk
from tests.integration.app.phone import (
    PUBLIC_URL,
    ROOT,
    Phone,
    SetClock,
    invitation,
    make_app_portal,
    open_phones,
)
from tests.integration.conversations import KEY, open_conversation

TOKYO = {"latitude": "35.68123456", "longitude": "139.76712345", "accuracy_m": "12"}


async def test_what_others_wrote_is_inert_text(enrolled: Phone, ledger: Ledger) -> None:
    opened = open_conversation(ledger)
    with ledger.write() as connection:
        told = update(Chat).where(Chat.chat_id == opened.chat.chat_id)
        connection.execute(told.values(title="<script>alert(1)</script>"))
    shown = (await enrolled.look()).text
    assert "<script>alert" not in shown
    assert "&lt;script&gt;alert(1)" in shown


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


PUBLIC = {"/app/offline", "/manifest.webmanifest", "/sw.js"}
"""What belongs to nobody; icons and assets besides, by name."""


async def test_every_address_asks_who_calls_or_is_public(ledger: Ledger) -> None:
    clock = SetClock()
    app = make_app_portal(Desk(ledger, KEY, PUBLIC_URL, clock))
    routes = [one for one in app.routes if isinstance(one, Route)]
    ours = [one for one in routes if one.path.startswith(("/app", "/manifest", "/sw"))]
    assert len(ours) == 17
    async with open_phones(ledger, clock) as (phone,):
        for route in ours:
            path = route.path_format.format(**dict.fromkeys(route.param_convertors, "stranger"))
            for method in sorted(route.methods or ()):
                form = {"consent": "city"} if method == "POST" else None
                answered = await phone.http.request(method, path, data=form)
                expected = {200} if path in PUBLIC else {403, 404, 410}
                assert answered.status_code in expected, (method, path)
                assert "stranger" not in answered.text
    assert list_devices(ledger) == []
