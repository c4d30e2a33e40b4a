"""The member's page: what it shows, what it takes, and what it makes of the same thing twice."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from rollcall.ledger.chat_tables import ChatAnswer, ChatMember, ChatPost
from rollcall.ledger.chats import archive_chat
from rollcall.ledger.engine import Ledger
from tests.integration.conversations import Conversation, open_conversation
from tests.integration.portal.member import ROOT, Browser, SetClock, visiting


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
async def http(ledger: Ledger, clock: SetClock) -> AsyncIterator[httpx.AsyncClient]:
    async with visiting(ledger, clock) as http:
        yield http


def browser_of(http: httpx.AsyncClient, opened: Conversation, person: str = "p0000") -> Browser:
    return Browser(http, opened.tokens[person])


def count(ledger: Ledger, table: Any) -> int:
    with ledger.read() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def answer_of(ledger: Ledger, person: str = "p0000") -> tuple[str, str | None]:
    query = select(ChatMember.answer, ChatMember.answered_via)
    with ledger.read() as connection:
        return tuple(connection.execute(query.where(ChatMember.person_id == person)).one())


async def test_the_page_shows_the_post_and_the_two_buttons(
    http: httpx.AsyncClient, ledger: Ledger
) -> None:
    shown = await browser_of(http, open_conversation(ledger)).look(accept_language="en")
    assert shown.status_code == 200
    for told in ("Flood in Example City", "Are you safe?", "You have not answered yet."):
        assert told in shown.text
    assert 'value="ok">' in shown.text
    assert 'value="needs_help">' in shown.text
    assert 'name="text"' in shown.text


async def test_an_answer_is_recorded_shown_and_can_be_changed(
    http: httpx.AsyncClient, ledger: Ledger
) -> None:
    member = browser_of(http, open_conversation(ledger))
    answered = await member.answer("ok")
    assert (answered.status_code, answered.headers["location"]) == (303, ROOT + member.path)
    assert answer_of(ledger) == ("ok", "page")
    assert 'class="state ok"' in (await member.look()).text

    await member.answer("needs_help")
    assert answer_of(ledger) == ("needs_help", "page")
    assert 'class="state help"' in (await member.look()).text
    assert count(ledger, ChatAnswer) == 2


async def test_a_form_sent_twice_is_one_entry(http: httpx.AsyncClient, ledger: Ledger) -> None:
    member = browser_of(http, open_conversation(ledger))
    nonce = await member.nonce()
    for _ in range(3):
        assert (await member.reply("We are on the roof.", nonce)).status_code == 303
        assert (await member.answer("ok", nonce)).status_code == 303
    assert count(ledger, ChatAnswer) == 1
    assert count(ledger, ChatPost) == 2  # with the first post of the chat


async def test_one_page_takes_both_answers(http: httpx.AsyncClient, ledger: Ledger) -> None:
    member = browser_of(http, open_conversation(ledger))
    nonce = await member.nonce()
    await member.answer("ok", nonce)
    await member.answer("needs_help", nonce)
    assert answer_of(ledger)[0] == "needs_help"


async def test_an_archived_chat_is_gone_for_its_members(
    http: httpx.AsyncClient, ledger: Ledger, clock: SetClock
) -> None:
    opened = open_conversation(ledger)
    member = browser_of(http, opened)
    nonce = await member.nonce()
    archive_chat(ledger, opened.chat.chat_id, clock.moment + timedelta(hours=1))
    for gone in (await member.look(), await member.answer("ok", nonce), await member.state()):
        assert gone.status_code == 410
        assert "Flood" not in gone.text
    assert count(ledger, ChatAnswer) == 0
