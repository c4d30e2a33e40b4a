"""Who sees what: with `members_see_replies` off nothing of others reaches a member's browser."""

from typing import Any

import httpx
import pytest
from sqlalchemy import event

from rollcall.ledger.engine import Ledger
from rollcall.ledger.entries import NewAnswer, NewPost, record_entries
from tests.integration.conversations import Conversation, open_conversation
from tests.integration.ledger.records import NOW
from tests.integration.portal.member import Browser, browser_of, read_nonce

SAID = "We are on the roof."


def let_another_speak(ledger: Ledger, opened: Conversation, times: int = 1) -> None:
    chat_id = opened.chat.chat_id
    entries: list[NewAnswer | NewPost] = []
    for n in range(times):
        entries.append(NewPost(chat_id, "p0001", SAID, "page", str(n)))
        entries.append(NewAnswer(chat_id, "p0001", "needs_help", "page", str(n)))
    record_entries(ledger, entries, NOW)


async def everything(member: Browser) -> list[tuple[int, bytes, Any]]:
    """Return all that a member's browser gets, but for the nonce, which is random."""
    page = await member.look()
    nonce = read_nonce(page.text).encode()
    got = [page, await member.state(), await member.look("?skip=1")]
    got.append(await member.look("?skip=30"))
    parts = []
    for one in got:
        found = one.content
        if b'name="nonce"' in found:
            found = found.replace(read_nonce(one.text).encode(), b"")
        headers = {k: v for k, v in one.headers.items() if k != "date"}
        parts.append((one.status_code, found.replace(nonce, b""), headers))
    return parts


@pytest.mark.parametrize("one_way", [False, True])
async def test_what_others_reply_changes_not_one_byte(
    http: httpx.AsyncClient, ledger: Ledger, *, one_way: bool
) -> None:
    opened = open_conversation(ledger, one_way=one_way)
    member = browser_of(http, opened)
    before = await everything(member)

    let_another_speak(ledger, opened, times=40)

    assert await everything(member) == before
    assert SAID.encode() not in before[0][1]
    assert b"Person 1" not in before[0][1]


async def test_what_others_reply_is_not_even_read(http: httpx.AsyncClient, ledger: Ledger) -> None:
    """Nor can it be timed: a page takes the same statements and the same rows."""
    opened = open_conversation(ledger)
    member = browser_of(http, opened)
    seen: list[str] = []

    def note(*args: Any) -> None:
        seen.append(args[2])

    await member.look()
    event.listen(ledger.engine, "before_cursor_execute", note)
    await everything(member)
    before, seen[:] = list(seen), []
    let_another_speak(ledger, opened, times=40)
    seen.clear()
    await everything(member)
    event.remove(ledger.engine, "before_cursor_execute", note)
    assert seen == before


async def test_with_it_on_everybody_sees_replies_and_by_whom(
    http: httpx.AsyncClient, ledger: Ledger
) -> None:
    opened = open_conversation(ledger, chat={"members_see_replies": True})
    member = browser_of(http, opened)
    before = (await member.state()).text
    let_another_speak(ledger, opened)
    shown = (await member.look()).text
    assert f">{SAID}</p>" in shown
    assert "<bdi>Person 1</bdi>" in shown
    assert (await member.state()).text != before


async def test_answers_and_numbers_of_others_are_never_shown(
    http: httpx.AsyncClient, ledger: Ledger
) -> None:
    opened = open_conversation(ledger, chat={"members_see_replies": True})
    member = browser_of(http, opened)
    before = await everything(member)
    said = NewAnswer(opened.chat.chat_id, "p0001", "needs_help", "page", "1")
    record_entries(ledger, [said], NOW)
    assert await everything(member) == before


async def test_members_see_their_own_replies_and_the_administrators_posts(
    http: httpx.AsyncClient, ledger: Ledger
) -> None:
    opened = open_conversation(ledger)
    member, other = browser_of(http, opened), browser_of(http, opened, "p0001")
    await member.reply(SAID)
    told = NewPost(opened.chat.chat_id, None, "Help is coming.", "administrator", "1")
    record_entries(ledger, [told], NOW)
    assert SAID in (await member.look()).text
    for one in (member, other):
        assert "Help is coming." in (await one.look()).text
    assert SAID not in (await other.look()).text
