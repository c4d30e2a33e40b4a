"""What strangers learn, what members can do to others: nothing; and what browsers are told."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import event, func, select, update

from rollcall.domain.personal_links import PLACEHOLDER
from rollcall.ledger.chat_tables import Chat, ChatAnswer, ChatMember, ChatPost
from rollcall.ledger.chats import archive_chat
from rollcall.ledger.engine import Ledger
from rollcall.portal.entry_forms import ANSWER_BURST, REPLY_BURST
from rollcall.portal.guesses import ADDRESS_BURST, TOTAL_BURST
from rollcall.portal.requests import MOST_BYTES
from tests.integration.conversations import open_conversation
from tests.integration.portal.member import (
    Browser,
    SetClock,
    browser_of,
    read_nonce,
    speak,
    visiting,
)

UNKNOWN = "A" * 22
EVIL = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&amp;"


def count(ledger: Ledger, table: Any) -> int:
    with ledger.read() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


@pytest.fixture
def dead(ledger: Ledger, clock: SetClock) -> dict[str, str]:
    """Tokens that lead nowhere, by why; some are not even of the form of one."""
    archived, expired = open_conversation(ledger, key="a"), open_conversation(ledger, key="b")
    archive_chat(ledger, archived.chat.chat_id, clock.moment)
    with ledger.write() as connection:
        ended = update(Chat).where(Chat.chat_id == expired.chat.chat_id)
        connection.execute(ended.values(links_expire_at=clock.moment))
    return {
        "unknown": UNKNOWN,
        "archived": archived.tokens["p0000"],
        "expired": expired.tokens["p0000"],
        "placeholder": PLACEHOLDER,
        "short": "x",
        "long": "x" * 5_000,
        "odd": "%00%ff'--",
    }


@pytest.fixture
def statements(ledger: Ledger) -> Iterator[list[str]]:
    """What the ledger is asked, as it is asked."""
    seen: list[str] = []

    def note(*args: Any) -> None:
        seen.append(args[2])

    event.listen(ledger.engine, "before_cursor_execute", note)
    yield seen
    event.remove(ledger.engine, "before_cursor_execute", note)


@pytest.mark.parametrize("form", ["", "/state", "/answer", "/reply"])
async def test_dead_links_are_answered_alike_after_the_same_work(
    http: httpx.AsyncClient, dead: dict[str, str], statements: list[str], form: str
) -> None:
    answers, work = set(), set()
    for token in dead.values():
        statements.clear()
        if form in ("", "/state"):
            got = await http.get(f"/c/{token}{form}")
        else:
            got = await http.post(f"/c/{token}{form}", data={"answer": "ok", "text": "Hello"})
        answers.add((got.status_code, got.content, str(got.headers)))
        work.add(tuple(statements))
    assert len(answers) == len(work) == 1
    [(status, body, _)], [asked] = answers, work
    assert status == 410
    assert len([one for one in asked if one.lower().startswith("select")]) == 1
    for told in (b"Flood", b"Person", b"p0000"):
        assert told not in body


async def test_a_link_expires_at_its_moment(
    http: httpx.AsyncClient, ledger: Ledger, clock: SetClock
) -> None:
    opened = open_conversation(ledger, chat={"link_days": 2})
    member = browser_of(http, opened)
    nonce = await member.nonce()
    clock.moment += timedelta(days=2, microseconds=-1)
    assert (await member.look()).status_code == 200
    clock.moment += timedelta(microseconds=1)
    assert (await member.look()).status_code == 410
    assert (await member.answer("ok", nonce)).status_code == 410
    assert count(ledger, ChatAnswer) == 0


def test_links_expire_after_14_days_unless_it_is_said_otherwise(ledger: Ledger) -> None:
    chat = open_conversation(ledger).chat
    assert chat.links_expire_at - chat.opened_at == timedelta(days=14)


def test_no_token_stands_in_the_ledger(ledger: Ledger) -> None:
    opened = open_conversation(ledger)
    told = []
    for table in (Chat, ChatMember, ChatPost, ChatAnswer):
        with ledger.read() as connection:
            told += [str(row) for row in connection.execute(select(table.__table__))]
    assert len(told) >= 5
    assert not any(token in row for row in told for token in opened.tokens.values())


async def test_guesses_are_limited_and_members_behind_the_same_address_are_not(
    http: httpx.AsyncClient, ledger: Ledger, clock: SetClock
) -> None:
    member = browser_of(http, open_conversation(ledger))
    for _ in range(ADDRESS_BURST):
        assert (await http.get(f"/c/{UNKNOWN}")).status_code == 410
    limited = await http.get(f"/c/{UNKNOWN}")
    assert limited.status_code == 429
    assert int(limited.headers["retry-after"]) > 0
    assert (await member.look()).status_code == 200
    assert (await member.answer("ok")).status_code == 303

    elsewhere = await http.get(f"/c/{UNKNOWN}", headers={"x-forwarded-for": "198.51.100.7"})
    assert elsewhere.status_code == 410
    clock.moment += timedelta(minutes=5)
    assert (await http.get(f"/c/{UNKNOWN}")).status_code == 410


async def test_guesses_from_everywhere_together_are_limited_too(
    http: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    for n in range(TOTAL_BURST):
        address = {"x-forwarded-for": f"198.18.{n // 250}.{n % 250}"}
        assert (await http.get(f"/c/{UNKNOWN}", headers=address)).status_code == 410
    for n in range(3):
        address = {"x-forwarded-for": f"198.19.0.{n}"}
        assert (await http.get(f"/c/{UNKNOWN}", headers=address)).status_code == 429
    told = [one.getMessage() for one in caplog.records if one.name.startswith("rollcall")]
    assert told == ["many personal links that lead nowhere are tried"]  # once, not thrice
    assert UNKNOWN not in caplog.text


@pytest.mark.parametrize("form", ["", "/state", "/answer", "gone"])
async def test_browsers_are_told_to_run_nothing_keep_nothing_and_tell_nobody(
    http: httpx.AsyncClient, ledger: Ledger, form: str
) -> None:
    member = browser_of(http, open_conversation(ledger))
    if form == "/answer":
        got = await member.answer("ok")
    else:
        got = await http.get(f"/c/{UNKNOWN}" if form == "gone" else member.path + form)
    policy = dict(one.split(" ", 1) for one in got.headers["content-security-policy"].split("; "))
    assert policy.pop("default-src") == policy.pop("frame-ancestors") == "'none'"
    assert policy.pop("base-uri") == "'none'"
    assert set(policy) >= {"script-src", "style-src", "form-action", "connect-src", "img-src"}
    assert set(policy.values()) == {"'self'"}
    assert got.headers["referrer-policy"] == "no-referrer"
    assert got.headers["cache-control"] == "no-store"
    assert got.headers["x-robots-tag"] == "noindex"
    assert got.headers["x-content-type-options"] == "nosniff"
    assert "set-cookie" not in got.headers


async def test_the_page_needs_nothing_inline_and_nothing_from_elsewhere(
    http: httpx.AsyncClient, ledger: Ledger
) -> None:
    shown = (await browser_of(http, open_conversation(ledger)).look()).text
    assert re.findall(r"<style|\sstyle=|\son\w+=|javascript:|<script(?![^>]*\ssrc=)", shown) == []
    found = re.findall(r'(?:src|href|action)="([^"]*)"', shown)
    assert len(found) >= 4
    assert [one for one in found if not one.startswith("/rollcall/")] == []


async def test_what_members_write_is_inert(http: httpx.AsyncClient, ledger: Ledger) -> None:
    opened = open_conversation(ledger, chat={"members_see_replies": True})
    assert (await browser_of(http, opened).reply(f"{EVIL}\u202eevil")).status_code == 303
    shown = (await browser_of(http, opened, "p0001").look()).text
    assert "<script>alert" not in shown
    assert "<img" not in shown
    assert "&lt;script&gt;alert(1)" in shown
    assert "\u202e" not in shown


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("bell \x07 and \x00", "bell  and"), ("", ""), (" \n ", ""), ("x" * 4_001, "x" * 4_001),
        (f"{EVIL}\x1b", "&lt;script&gt;"),
    ],
)  # fmt: skip
async def test_what_is_no_text_is_refused_and_kept_in_the_form(
    http: httpx.AsyncClient, ledger: Ledger, text: str, kept: str
) -> None:
    refused = await browser_of(http, open_conversation(ledger)).reply(text)
    assert refused.status_code == 422
    form = re.search(r"<textarea[^>]*>(.*?)</textarea>", refused.text, flags=re.DOTALL)
    assert form
    assert form[1].startswith(kept)
    assert not set(form[1]) & set(map(chr, (0, 7, 27)))
    assert 'role="alert"' in refused.text
    assert 'aria-invalid="true"' in refused.text
    assert count(ledger, ChatPost) == 1


@pytest.mark.parametrize("extra", [0, 1])
async def test_bodies_over_64_kb_are_not_read(
    http: httpx.AsyncClient, ledger: Ledger, extra: int
) -> None:
    member = browser_of(http, open_conversation(ledger))
    start = f"nonce={await member.nonce()}&text=Hello&rest=".encode()
    body = start.ljust(MOST_BYTES + extra, b"x")
    form = {"content-type": "application/x-www-form-urlencoded"}
    got = await http.post(f"{member.path}/reply", content=body, headers=form)
    assert got.status_code == (413 if extra else 303)
    assert ("connection" in got.headers) is bool(extra)
    assert count(ledger, ChatPost) == 2 - extra


@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=x", "application/json", ""])
async def test_only_forms_are_read(http: httpx.AsyncClient, ledger: Ledger, kind: str) -> None:
    member = browser_of(http, open_conversation(ledger))
    got = await http.post(
        f"{member.path}/reply", content=b"text=Hello", headers={"content-type": kind}
    )
    assert got.status_code == 415


async def test_floods_of_one_member_are_refused_and_never_their_call_for_help(
    http: httpx.AsyncClient, ledger: Ledger, clock: SetClock
) -> None:
    opened = open_conversation(ledger)
    member = browser_of(http, opened)
    nonces = [await member.nonce() for _ in range(REPLY_BURST + 1)]
    for nonce in nonces[:-1]:
        assert (await member.reply("Hello", nonce)).status_code == 303
    refused = await member.reply("One more", nonces[-1])
    assert (refused.status_code, "One more" in refused.text) == (429, True)
    wait_s = int(refused.headers["retry-after"])
    assert (await member.answer("needs_help")).status_code == 303
    assert (await browser_of(http, opened, "p0001").reply("Hello")).status_code == 303
    clock.moment += timedelta(seconds=wait_s)
    assert (await member.reply("One more", read_nonce(refused.text))).status_code == 303


async def test_taps_without_end_are_refused(http: httpx.AsyncClient, ledger: Ledger) -> None:
    member = browser_of(http, open_conversation(ledger))
    nonce = await member.nonce()
    taps = [
        await member.send("answer", {"answer": "ok", "nonce": nonce, "tap": str(n)})
        for n in range(ANSWER_BURST + 1)
    ]
    assert [one.status_code for one in taps] == [303] * ANSWER_BURST + [429]


async def test_when_the_ledger_does_not_answer_nobody_is_told_that_it_was_saved(
    ledger: Ledger, clock: SetClock
) -> None:
    opened = open_conversation(ledger)
    speak(ledger, "en")
    async with visiting(ledger, clock, patience_s=0.2) as http:
        member = browser_of(http, opened)
        nonce = await member.nonce()
        with ledger.write() as connection:  # somebody else holds what is to be written
            connection.execute(update(ChatMember).values(version=ChatMember.version))
            unsaved = await member.reply("We are on the roof.", nonce, accept_language="en")
        assert unsaved.status_code == 503
        assert "Not saved: please try again" in unsaved.text
        assert "retry-after" in unsaved.headers
        await _send_again(member, unsaved.text)
    assert count(ledger, ChatPost) == 2


async def _send_again(member: Browser, html: str) -> None:
    """Send the form that stands on a page once more, until the ledger answers again."""
    text = re.search(r"<textarea[^>]*>(.*?)</textarea>", html)
    assert text
    for _ in range(300):
        if (await member.reply(text[1], read_nonce(html))).status_code == 303:
            return
    pytest.fail("it is never saved")
