"""The chat of `rollcall demo`: part of the sample is asked, and some answer on their own page."""

import asyncio
import re
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Final

import httpx

from rollcall.cli.chat_text import print_members, print_needs
from rollcall.cli.output import Format, console, print_notice
from rollcall.cli.send import confirmed, run_to_end
from rollcall.clock import parse_instant
from rollcall.domain.chat_request import parse_chat
from rollcall.domain.chats import Answer
from rollcall.domain.needs import Need
from rollcall.errors import RollcallError
from rollcall.ledger.chat_lists import count_needs
from rollcall.ledger.chat_members import iterate_members
from rollcall.ledger.chats import ChatRecord, load_chat
from rollcall.sending.accepting import Order
from rollcall.sending.chat_orders import accept_order_of
from rollcall.settings import PROJECT_FOLDER
from rollcall.wiring import App

SAMPLE: Final = PROJECT_FOLDER / "data" / "sample"
SAMPLE_AS_OF: Final = "2026-11-23T06:00:00Z"

_TAPS: Final[tuple[Answer, ...]] = ("needs_help", "ok", "ok", "none", "ok", "ok", "none", "ok")
"""What members do in turn; `none`: nothing."""

_MOST_TAPS: Final = 40
_TAPS_AT_ONCE: Final = 4
_SHOWN: Final = 5
_TIMEOUT_S: Final = 30.0
_NONCE: Final = re.compile(r'name="nonce" value="([^"]+)"')


@dataclass(frozen=True, slots=True)
class ChatStatus:
    """What the demo's chat has come to; holds no personal data."""

    chat_id: str
    needs: dict[Need, int]


async def show_sample_chat(app: App, output: Format) -> ChatStatus:
    """Open a chat to part of the sample, let some of those reached answer, and show who is OK.

    Raises:
        RollcallError: The portal did not take an answer.
    """
    request = parse_chat((SAMPLE / "are_you_ok.json").read_text("utf-8"))
    order = Order(
        request=confirmed(request, confirm=True),  # a second demo is meant to repeat the first
        source=SAMPLE,
        as_of=parse_instant(SAMPLE_AS_OF),
    )
    record, _ = accept_order_of(order, app.steps)
    print_notice(f"chat {record.chat_id}: {request.content.subject}")
    await run_to_end(app, record.message_id, output)
    chat = load_chat(app.ledger, record.chat_id or "")
    await _let_members_answer(app, chat)
    status = ChatStatus(chat.chat_id, count_needs(app.ledger, chat))
    if output is Format.TEXT:
        _print_status(app, chat, status)
    return status


async def _let_members_answer(app: App, chat: ChatRecord) -> None:
    """Tap on pages as members do who have got their invitation."""
    links = app.steps.links.of_chat(chat.chat_id)
    reached = [one.person_id for one in iterate_members(app.ledger, chat, "silent", _MOST_TAPS)]
    taps = zip(reached, islice(cycle(_TAPS), len(reached)), strict=True)
    turns = asyncio.Semaphore(_TAPS_AT_ONCE)
    async with httpx.AsyncClient(timeout=_TIMEOUT_S, trust_env=False) as browser:
        await asyncio.gather(
            *(
                _tap(browser, turns, links.link_of(person_id), answer)
                for person_id, answer in taps
                if answer != "none"
            )
        )


async def _tap(
    browser: httpx.AsyncClient, turns: asyncio.Semaphore, link: str, answer: Answer
) -> None:
    """Open a member's page and tap on one of its buttons; to look alone answers nothing."""
    async with turns:
        try:
            page = await browser.get(link)
            nonce = _NONCE.search(page.text)
            fields = {"answer": answer, "nonce": nonce[1] if nonce else ""}
            told = await browser.post(f"{link}/answer", data=fields)
        except httpx.HTTPError:
            # without its cause: that tells the link, which is a secret
            raise RollcallError("the demo's portal does not answer") from None
    if told.is_error:
        raise RollcallError(f"the demo's portal refused an answer: {told.status_code}")


def _print_status(app: App, chat: ChatRecord, status: ChatStatus) -> None:
    console.print(f"\nchat {chat.chat_id}: {chat.title}", markup=False, soft_wrap=True)
    print_needs(status.needs)
    if status.needs["needs_help"]:
        print_members(list(iterate_members(app.ledger, chat, "needs_help", _SHOWN)))
