"""The page's script in a real browser: what is written without a line is sent once there is one."""

import logging
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, sync_playwright
from sqlalchemy import select

from rollcall.ledger.chat_tables import ChatAnswer, ChatPost
from rollcall.ledger.engine import Ledger, open_ledger
from rollcall.ledger.migrate import migrate_ledger
from tests.integration.conversations import open_conversation
from tests.integration.portal.member import speak
from tests.integration.portal.processes import PortalProcess

PATIENCE_MS = 60_000
CHROMIUM = shutil.which("chromium")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    migrate_ledger(ledger)
    yield ledger
    ledger.close()


@pytest.fixture
def link(ledger: Ledger, tmp_path: Path) -> Iterator[str]:
    opened = open_conversation(ledger, now=datetime.now(UTC))
    speak(ledger, "en")
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    portal = PortalProcess(url, tmp_path, logging.WARNING, "http://127.0.0.1")
    try:
        portal.wait_until_up()
        yield f"{portal.base_url}/c/{opened.tokens['p0000']}"
    finally:
        portal.kill()


@pytest.fixture
def phone() -> Iterator[BrowserContext]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        context = browser.new_context(viewport={"width": 360, "height": 740})
        context.set_default_timeout(PATIENCE_MS)
        yield context
        browser.close()


def tap(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def test_answers_and_replies_of_somebody_offline_are_kept_and_sent_once(
    link: str, phone: BrowserContext, ledger: Ledger
) -> None:
    page = phone.new_page()
    page.goto(link)
    tap(page, "I'm OK")
    page.get_by_text("You said: I'm OK").wait_for()
    phone.set_offline(True)
    page.get_by_role("textbox", name="Message").fill("We are <b>here</b>")
    tap(page, "Send")
    tap(page, "I'm OK")
    tap(page, "I need help")
    page.locator("#answer-told", has_text="Not sent yet").wait_for()
    page.locator("#reply-told", has_text="Not sent yet").wait_for()
    assert page.title().startswith("You said: I'm OK")  # that is what is known of them
    assert said(ledger) == (["ok"], [])

    page.close()  # it outlives the page
    phone.set_offline(False)
    page = phone.new_page()
    page.goto(link)
    page.get_by_text("You said: I need help").wait_for()
    page.get_by_text("We are <b>here</b>").wait_for()
    assert page.title().startswith("You said: I need help")
    assert page.evaluate("localStorage.length") == 0
    page.reload()
    assert said(ledger) == (["ok", "needs_help"], ["We are <b>here</b>"])


def said(ledger: Ledger) -> tuple[list[str], list[str]]:
    """Return the answers in their order, and what members wrote."""
    answers = select(ChatAnswer.answer).order_by(ChatAnswer.answered_at)
    posts = select(ChatPost.text).where(ChatPost.person_id.is_not(None))
    with ledger.read() as connection:
        return (
            list(connection.execute(answers).scalars()),
            list(connection.execute(posts).scalars()),
        )
