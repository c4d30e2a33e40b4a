"""The member's page in a real browser on a small telephone, with JavaScript and without."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, expect

from rollcall.clock import SystemClock
from rollcall.ledger.chats import archive_chat
from rollcall.ledger.engine import Ledger
from rollcall.ledger.entries import NewPost, record_entries
from tests.browser import find_barriers, open_context, run_browser
from tests.e2e.conftest import Rollcall, install
from tests.e2e.test_portal import running_portal
from tests.integration.conversations import KEY, Conversation, open_conversation
from tests.integration.ledger.test_entries import member

ROUTES = """
[[route]]
id = "mail"
kind = "smtp"
host = "127.0.0.1"
port = 9
security = "none"
sender = "Crisis Team <crisis@sandbox.example>"
"""

SCRIPTING = pytest.mark.parametrize("javascript", [True, False], ids=["script", "no-script"])


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, once for all tests here."""
    with run_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Rollcall:
    """An installation without routes."""
    rollcall = install(tmp_path_factory.mktemp("member-pages"))
    rollcall.env.update(ROLLCALL_PUBLIC_URL="http://127.0.0.1", ROLLCALL_PORTAL_KEY=KEY.hex())
    (rollcall.folder / "sandbox" / "routes.toml").write_text(ROUTES)
    return rollcall


@pytest.fixture(scope="module")
def ledger(installed: Rollcall) -> Iterator[Ledger]:
    """Its ledger, written to beside the portal."""
    with installed.open_ledger() as opened:
        yield opened


@pytest.fixture(scope="module")
def base_url(installed: Rollcall) -> Iterator[str]:
    """Where `rollcall portal` listens."""
    with running_portal(installed) as (_, base_url):
        yield base_url


def open_now(ledger: Ledger, **how: Any) -> Conversation:
    """Open a conversation of which this test knows alone."""
    return open_conversation(ledger, key=uuid4().hex, now=SystemClock().now(), **how)


def link(base_url: str, opened: Conversation, person: str) -> str:
    return f"{base_url}/c/{opened.tokens[person]}"


def shows(page: Page, text: str) -> None:
    expect(page.get_by_text(text, exact=False).first).to_be_visible()


@SCRIPTING
@pytest.mark.parametrize("seen", [True, False], ids=["seen", "unseen"])
def test_a_member_answers_writes_and_finds_the_chat_gone(
    browser: Browser, ledger: Ledger, base_url: str, *, javascript: bool, seen: bool
) -> None:
    opened = open_now(ledger, chat={"members_see_replies": seen})
    with open_context(browser, javascript=javascript) as context:
        page = context.new_page()
        page.goto(link(base_url, opened, "p0000"))
        shows(page, "Flood in Example City")
        shows(page, "Are you safe?")
        assert find_barriers(page) == [] if javascript else True

        page.get_by_role("button", name="I'm OK").click()
        shows(page, "You said: I'm OK")
        assert member(ledger, opened, "p0000").answer == "ok"

        page.get_by_role("button", name="I need help").click()
        shows(page, "You said: I need help")
        assert member(ledger, opened, "p0000").answer == "needs_help"

        page.get_by_role("textbox", name="Message").fill("<b>On the roof</b>")
        page.get_by_role("button", name="Send").click()
        shows(page, "<b>On the roof</b>")
        if javascript:
            assert find_barriers(page) == []

        page.goto(link(base_url, opened, "p0001"))
        shows(page, "You have not answered yet")
        expect(page.get_by_text("On the roof")).to_have_count(1 if seen else 0)

        archive_chat(ledger, opened.chat.chat_id, SystemClock().now())
        gone = page.goto(link(base_url, opened, "p0000"))
        assert gone
        assert gone.status == 410
        shows(page, "does not work any more")
        assert "Person" not in page.content()
        assert "Flood" not in page.content()
        if javascript:
            assert find_barriers(page) == []


def test_going_back_and_reloading_says_nothing_twice(
    browser: Browser, ledger: Ledger, base_url: str
) -> None:
    opened = open_now(ledger)
    with open_context(browser, javascript=False) as context:
        page = context.new_page()
        page.goto(link(base_url, opened, "p0000"))
        page.get_by_role("textbox", name="Message").fill("Two of us are here")
        page.get_by_role("button", name="Send").click()
        shows(page, "Two of us are here")
        page.reload()
        page.go_back()
        page.go_forward()
        expect(page.locator("li", has_text="Two of us are here")).to_have_count(1)


def test_what_is_new_appears_by_itself(browser: Browser, ledger: Ledger, base_url: str) -> None:
    opened = open_now(ledger)
    with open_context(browser) as context:
        page = context.new_page()
        page.clock.install()
        page.goto(link(base_url, opened, "p0000"))
        shows(page, "Are you safe?")
        page.get_by_role("textbox", name="Message").fill("half a sent")
        post = NewPost(opened.chat.chat_id, None, "Go to the assembly point.", "administrator", "1")
        record_entries(ledger, [post], SystemClock().now())
        page.clock.fast_forward(30_000)
        shows(page, "Go to the assembly point.")
        expect(page.get_by_role("textbox", name="Message")).to_have_value("half a sent")


def test_an_answer_given_offline_is_kept_and_sent_when_the_line_is_back(
    browser: Browser, ledger: Ledger, base_url: str
) -> None:
    opened = open_now(ledger)
    with open_context(browser) as context:
        page = context.new_page()
        page.goto(link(base_url, opened, "p0000"))
        shows(page, "Are you safe?")
        context.set_offline(True)
        page.get_by_role("button", name="I'm OK").click()
        shows(page, "kept on this device")
        assert member(ledger, opened, "p0000").answer == "none"
        context.set_offline(False)
        shows(page, "You said: I'm OK")
        assert member(ledger, opened, "p0000").answer == "ok"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_barriers_in_light_and_dark(
    browser: Browser, ledger: Ledger, base_url: str, tmp_path: Path, scheme: str
) -> None:
    opened = open_now(ledger)
    with open_context(browser, color_scheme=scheme) as context:
        page = context.new_page()
        page.goto(link(base_url, opened, "p0000"))
        page.get_by_role("button", name="I need help").click()
        shows(page, "You said: I need help")
        page.screenshot(path=tmp_path / f"{scheme}.png", full_page=True)
        assert find_barriers(page) == []
