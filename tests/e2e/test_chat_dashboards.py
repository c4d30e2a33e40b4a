"""A chat from both sides: an administrator in one browser, a member in a second one."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from rollcall.desk.passwords import hash_password
from rollcall.desk.users import FILE_NAME, User, UserFile
from rollcall.domain.acts import ROLES
from rollcall.ledger.chat_lists import read_posts
from rollcall.ledger.engine import Ledger, open_ledger
from rollcall.ledger.log import list_messages
from rollcall.ledger.migrate import migrate_ledger
from tests.browser import find_barriers, open_context, run_browser
from tests.e2e.conftest import Rollcall
from tests.e2e.test_dashboards import (
    PASSWORD,
    STREAMLITS_OWN,
    Served,
    serve,
    signed_in,
)
from tests.e2e.test_portal import running_portal
from tests.integration.cli.mail_catcher import MailCatcher, catch_mail
from tests.integration.conversations import KEY, open_conversation

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
    data = rollcall.folder / "data"
    data.mkdir(mode=0o700)
    ledger = open_ledger(f"sqlite:///{data / 'ledger.db'}")
    migrate_ledger(ledger)
    add_users(data)
    with serve(rollcall, ledger) as running:
        yield running
    ledger.close()


def add_users(data: Path) -> None:
    password_hash, then = hash_password(PASSWORD), datetime(2020, 1, 1, tzinfo=UTC)
    users = UserFile(data / FILE_NAME)
    for role in ROLES:
        users.add(User(name=role, role=role, password_hash=password_hash, changed_at=then))


def click_impatiently(page: Page, button: str) -> None:
    """Click three times, as fast as a hand does, whether or not anything has happened."""
    found = page.get_by_role("button", name=button, exact=True).element_handle()
    for _ in range(3):
        page.evaluate("button => button.isConnected && button.click()", found)
        page.wait_for_timeout(120)  # nothing is waited for: so quick is a nervous hand


def answer_and_write(member: Page, address: str) -> None:
    member.goto(address)
    member.get_by_role("button", name="I'm OK").click()
    expect(member.get_by_text("You said: I'm OK").first).to_be_visible()
    member.get_by_role("textbox", name="Message").fill(PAYLOAD)
    member.get_by_role("button", name="Send").click()
    expect(member.get_by_text(PAYLOAD)).to_be_visible()


def list_openings(ledger: Ledger) -> list[str]:
    """Return the ids of the messages that opened chats, newest first."""
    return [one.message_id for one in list_messages(ledger) if one.kind == "chat_invite"]


def test_an_answer_in_a_second_browser_is_counted_and_the_rest_get_a_new_chat(
    browser: Browser, rollcall: Rollcall, served: Served, mail: MailCatcher
) -> None:
    opened = open_conversation(
        served.ledger, 3, now=datetime.now(UTC), channels=("email",), include_sms=False
    )
    with (
        running_portal(rollcall) as (_, portal),
        signed_in(browser, served, "admin", f"/chats?chat={opened.chat.chat_id}") as desk,
        open_context(browser) as telephone,
    ):
        ok_count = desk.locator(".rc-counts .ok")
        expect(ok_count).to_have_text("0of 3 are OK")
        box = desk.get_by_role("textbox", name="New post")
        box.press_sequentially("Stay in")  # and pauses there

        member = telephone.new_page()
        answer_and_write(member, f"{portal}/c/{opened.tokens['p0000']}")
        expect(ok_count).to_have_text("1of 3 are OK")
        expect(desk.get_by_text(PAYLOAD)).to_be_visible()
        expect(box).to_have_value("Stay in")  # live parts wipe nothing

        box.press_sequentially("side.")
        click_impatiently(desk, "Post")
        expect(desk.get_by_text("tells all members of it")).to_be_visible()
        member.reload()
        expect(member.get_by_text("Stay inside.")).to_be_visible()
        posts = [one.text for one in read_posts(served.ledger, opened.chat)]
        assert posts == ["Are you safe?", PAYLOAD, "Stay inside."]
        assert desk.evaluate("window.hacked") is None
        assert find_barriers(desk, STREAMLITS_OWN) == []

        desk.get_by_role("button", name="New chat with those not OK…").click()
        expect(desk.get_by_text("2 have not said OK")).to_be_visible()
        click_impatiently(desk, "Open a new chat with these 2 people")
        expect(desk.get_by_text("It is being opened")).to_be_visible()
        [new_id, _] = list_openings(served.ledger)
        assert rollcall.run("resume", new_id).returncode == 0
        expect(ok_count).to_have_text("0of 2 are OK")
    assert mail.tokens("p1@example.org")
    assert not mail.mails["p0@example.org"]
