"""A chat from both sides: an administrator in one browser, a member in a second one."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from sqlalchemy import update

from rollcall.ledger.chat_lists import read_posts
from rollcall.ledger.engine import Ledger
from rollcall.ledger.log import list_messages
from rollcall.ledger.messages import load_message
from rollcall.ledger.tables import Message
from tests.browser import find_barriers, open_context, run_browser
from tests.e2e.conftest import Rollcall
from tests.e2e.test_dashboards import (
    STREAMLITS_OWN,
    Served,
    serve_to_users,
    signed_in,
)
from tests.e2e.test_portal import running_portal
from tests.integration.cli.mail_catcher import MailCatcher, catch_mail
from tests.integration.conversations import KEY, Conversation, open_conversation

PATIENCE_MS = 30_000
PAYLOAD = "<img src=x onerror='window.hacked=1'> **We** are :red[on] the roof"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with run_browser() as one:
        yield one


@pytest.fixture
def mail(rollcall: Rollcall) -> Iterator[MailCatcher]:
    rollcall.env["ROLLCALL_PUBLIC_URL"] = "http://127.0.0.1"
    rollcall.env["ROLLCALL_PORTAL_KEY"] = KEY.hex()
    with catch_mail(rollcall.folder / "sandbox" / "routes.toml") as catcher:
        yield catcher


@pytest.fixture
def served(rollcall: Rollcall, mail: MailCatcher) -> Iterator[Served]:
    assert mail is not None
    with serve_to_users(rollcall) as running:
        yield running


def see(what: Locator) -> None:
    """Wait until something is there, however busy the machine is."""
    expect(what).to_be_visible(timeout=PATIENCE_MS)


def read(what: Locator, text: str) -> None:
    """Wait until something says this and nothing else."""
    expect(what).to_have_text(text, timeout=PATIENCE_MS)


def click_impatiently(page: Page, button: str) -> None:
    """Click three times, as fast as a hand does, whether or not anything has happened."""
    named = page.get_by_role("button", name=button, exact=True)
    found = named.element_handle()
    named.click()
    for _ in range(2):
        page.wait_for_timeout(120)  # nothing is waited for: so quick is a nervous hand
        page.evaluate("button => button.isConnected && button.click()", found)


def answer_and_write(member: Page, address: str) -> None:
    member.goto(address)
    member.get_by_role("button", name="I'm OK").click()
    see(member.get_by_text("You said: I'm OK").first)
    member.get_by_role("textbox", name="Message").fill(PAYLOAD)
    member.get_by_role("button", name="Send").click()
    see(member.get_by_text(PAYLOAD))


def set_digest(ledger: Ledger, opened: Conversation, digest: str | None) -> None:
    """Let a chat have all its members, or not yet."""
    of_chat = update(Message).where(Message.message_id == opened.chat.message_id)
    with ledger.write() as connection:
        connection.execute(of_chat.values(audience_digest=digest))


def list_openings(ledger: Ledger) -> list[str]:
    """Return the ids of the messages that opened chats, newest first."""
    return [one.message_id for one in list_messages(ledger) if one.kind == "chat_invite"]


def type_while_it_opens(desk: Page, served: Served, opened: Conversation, digest: str) -> None:
    """Begin to type and pause, while the chat gets its last member and the page is drawn anew."""
    box = desk.get_by_role("textbox", name="New post")
    see(desk.get_by_text("It is being opened"))
    box.press_sequentially("Stay in")
    set_digest(served.ledger, opened, digest)
    see(desk.get_by_role("button", name="Answer given by telephone…"))
    expect(box).to_have_value("Stay in")


def open_chat_with_the_rest(desk: Page) -> None:
    desk.get_by_role("button", name="New chat with those not OK…").click()
    see(desk.get_by_text("2 have not said OK"))
    click_impatiently(desk, "Open a new chat with these 2 people")
    see(desk.get_by_text("It is being opened"))


def test_an_answer_in_a_second_browser_is_counted_and_the_rest_get_a_new_chat(
    browser: Browser, rollcall: Rollcall, served: Served, mail: MailCatcher
) -> None:
    opened = open_conversation(
        served.ledger, 3, now=datetime.now(UTC), channels=("email",), include_sms=False
    )
    digest = load_message(served.ledger, opened.chat.message_id).audience_digest
    set_digest(served.ledger, opened, None)
    with (
        running_portal(rollcall) as (_, portal),
        signed_in(browser, served, "admin", f"/chats?chat={opened.chat.chat_id}") as desk,
        open_context(browser) as telephone,
    ):
        ok_count = desk.locator(".rc-counts .ok")
        read(ok_count, "0of 3 are OK")
        type_while_it_opens(desk, served, opened, digest or "")

        member = telephone.new_page()
        answer_and_write(member, f"{portal}/c/{opened.tokens['p0000']}")
        read(ok_count, "1of 3 are OK")
        see(desk.get_by_text(PAYLOAD))
        box = desk.get_by_role("textbox", name="New post")
        expect(box).to_have_value("Stay in")  # live parts wipe nothing

        box.press_sequentially("side.")
        click_impatiently(desk, "Post")
        see(desk.get_by_text("tells all members of it"))
        member.reload()
        see(member.get_by_text("Stay inside."))
        posts = [one.text for one in read_posts(served.ledger, opened.chat)]
        assert posts == ["Are you safe?", PAYLOAD, "Stay inside."]
        assert desk.evaluate("window.hacked") is None
        assert find_barriers(desk, STREAMLITS_OWN) == []

        open_chat_with_the_rest(desk)
        [new_id, _] = list_openings(served.ledger)
        assert rollcall.run("resume", new_id).returncode == 0
        read(ok_count, "0of 2 are OK")
    assert mail.tokens("p1@example.org")
    assert not mail.mails["p0@example.org"]
