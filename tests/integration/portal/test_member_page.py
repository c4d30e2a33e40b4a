"""The member's page: what it shows, what it takes, and what it makes of the same thing twice."""

import re
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from rollcall.ledger.chat_tables import ChatAnswer, ChatMember, ChatPost
from rollcall.ledger.chats import archive_chat
from rollcall.ledger.engine import Ledger
from rollcall.ledger.entries import NewPost, record_entries
from tests.integration.conversations import open_conversation
from tests.integration.ledger.records import NOW
from tests.integration.portal.member import ROOT, SetClock, browser_of, speak


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
    member = browser_of(http, open_conversation(ledger))
    speak(ledger, "en")
    shown = await member.look()
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


@pytest.mark.parametrize(
    ("late_s", "stands"),
    [("0", "ok"), ("1200", "needs_help"), ("-5", "needs_help"), ("9" * 12, "needs_help")],
)
async def test_an_ok_kept_on_the_device_undoes_no_call_for_help_made_since(
    http: httpx.AsyncClient, ledger: Ledger, late_s: str, stands: str
) -> None:
    member = browser_of(http, open_conversation(ledger))
    nonce = await member.nonce()
    await member.answer("needs_help")
    await member.send("answer", {"answer": "ok", "nonce": nonce, "late_s": late_s})
    assert answer_of(ledger) == (stands, "page")
    assert count(ledger, ChatAnswer) == 2


async def test_a_call_for_help_that_came_late_counts_all_the_same(
    http: httpx.AsyncClient, ledger: Ledger
) -> None:
    member = browser_of(http, open_conversation(ledger))
    nonce = await member.nonce()
    await member.answer("ok")
    await member.send("answer", {"answer": "needs_help", "nonce": nonce, "late_s": "3"})
    assert answer_of(ledger) == ("needs_help", "page")


async def test_help_asked_for_again_from_an_old_page_counts_again(
    http: httpx.AsyncClient, ledger: Ledger, clock: SetClock
) -> None:
    member = browser_of(http, open_conversation(ledger))
    nonce = await member.nonce()
    for said in ("needs_help", "ok", "needs_help"):
        await member.answer(said, nonce)
        clock.moment += timedelta(minutes=5)
    assert answer_of(ledger) == ("needs_help", "page")


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


async def test_scanners_and_previews_change_nothing(
    http: httpx.AsyncClient, ledger: Ledger
) -> None:
    member = browser_of(http, open_conversation(ledger))
    nonce = await member.nonce()
    for path in ("", "/answer", "/reply", "/state"):
        for method in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE"):
            query = {"answer": "ok", "text": "Hello", "nonce": nonce}
            await http.request(method, member.path + path, params=query)
    assert answer_of(ledger) == ("none", None)
    assert (count(ledger, ChatAnswer), count(ledger, ChatPost)) == (0, 1)


async def test_a_form_that_was_not_issued_is_refused_and_its_text_kept(
    http: httpx.AsyncClient, ledger: Ledger
) -> None:
    opened = open_conversation(ledger)
    member, other = browser_of(http, opened), browser_of(http, opened, "p0001")
    for nonce in ("", "A" * 28, await other.nonce()):
        assert (await member.answer("ok", nonce)).status_code == 403
        refused = await member.reply("We are on the roof.", nonce)
        assert (refused.status_code, "We are on the roof." in refused.text) == (403, True)
    assert (count(ledger, ChatAnswer), count(ledger, ChatPost)) == (0, 1)


async def test_another_site_cannot_answer_for_a_member(
    http: httpx.AsyncClient, ledger: Ledger
) -> None:
    member = browser_of(http, open_conversation(ledger))
    assert (await member.answer("ok", sec_fetch_site="cross-site")).status_code == 403
    assert (await member.answer("ok", origin="https://evil.example")).status_code == 403
    assert (await member.answer("ok", sec_fetch_site="same-origin")).status_code == 303


@pytest.mark.parametrize("said", ["", "none", "OK", "ok\x00", "maybe"])
async def test_only_the_two_answers_are_taken(
    http: httpx.AsyncClient, ledger: Ledger, said: str
) -> None:
    member = browser_of(http, open_conversation(ledger))
    assert (await member.answer(said)).status_code == 422
    assert answer_of(ledger)[0] == "none"


async def test_a_chat_that_does_not_ask_takes_no_answer(
    http: httpx.AsyncClient, ledger: Ledger
) -> None:
    member = browser_of(http, open_conversation(ledger, ok_request=False))
    assert "/answer" not in (await member.look()).text
    assert (await member.answer("ok")).status_code == 422
    assert count(ledger, ChatAnswer) == 0


async def test_the_page_of_a_one_way_message_shows_its_text_and_takes_answers_only(
    http: httpx.AsyncClient, ledger: Ledger
) -> None:
    member = browser_of(http, open_conversation(ledger, one_way=True))
    shown = (await member.look()).text
    assert "Are you safe?" in shown
    assert "<textarea" not in shown
    assert (await member.reply("Hello")).status_code == 422
    assert (await member.answer("ok")).status_code == 303
    assert answer_of(ledger)[0] == "ok"
    assert count(ledger, ChatPost) == 1


async def test_a_script_gets_the_page_at_once(http: httpx.AsyncClient, ledger: Ledger) -> None:
    member = browser_of(http, open_conversation(ledger))
    answered = await member.answer("ok", x_fetch="1")
    assert answered.status_code == 200
    assert 'class="state ok"' in answered.text


async def test_taps_of_a_script_on_one_page_are_entries_of_their_own(
    http: httpx.AsyncClient, ledger: Ledger
) -> None:
    member = browser_of(http, open_conversation(ledger))
    nonce = await member.nonce()
    for tap, said in (("1", "ok"), ("2", "needs_help"), ("3", "ok"), ("3", "ok")):
        await member.send("answer", {"answer": said, "nonce": nonce, "tap": tap})
    assert answer_of(ledger)[0] == "ok"
    assert count(ledger, ChatAnswer) == 3


async def test_state_changes_with_the_page_and_only_then(
    http: httpx.AsyncClient, ledger: Ledger
) -> None:
    member = browser_of(http, open_conversation(ledger))
    before = (await member.state()).text
    assert f'data-state="{before}"' in (await member.look()).text
    assert (await member.state()).text == before
    await member.answer("ok")
    assert (await member.state()).text != before


async def test_long_chats_are_shown_page_by_page(http: httpx.AsyncClient, ledger: Ledger) -> None:
    opened = open_conversation(ledger)
    entries = [
        NewPost(opened.chat.chat_id, "p0000", f"reply {n:03}", "page", str(n)) for n in range(65)
    ]
    for n, entry in enumerate(entries):
        record_entries(ledger, [entry], NOW + timedelta(seconds=n + 1))
    member = browser_of(http, opened)
    pages = [(await member.look(f"?skip={skip}")).text for skip in (0, 30, 60)]
    shown = [re.findall(r"reply (\d{3})", page) for page in pages]
    assert shown == [
        [f"{n:03}" for n in range(35, 65)],
        [f"{n:03}" for n in range(5, 35)],
        [f"{n:03}" for n in range(5)],
    ]
    assert [f"{ROOT}{member.path}?skip=30" in pages[0], "?skip=90" in pages[2]] == [True, False]
