"""A chat from its opening to its archive: command line, mail server, portal, browser."""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import find_barriers, open_context, run_browser
from tests.e2e.conftest import Rollcall
from tests.e2e.test_portal import running_portal
from tests.integration.cli.mail_catcher import MailCatcher, catch_mail
from tests.people import write_people


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, once for all tests here."""
    with run_browser() as browser:
        yield browser


@pytest.fixture
def mail(rollcall: Rollcall) -> Iterator[MailCatcher]:
    """Where invitations arrive."""
    rollcall.env["ROLLCALL_PUBLIC_URL"] = "http://127.0.0.1"
    with catch_mail(rollcall.folder / "sandbox" / "routes.toml") as catcher:
        yield catcher


def command(rollcall: Rollcall, *arguments: str) -> dict[str, object]:
    """Run a command that must succeed; return what it answers for programs."""
    done = rollcall.run(*arguments, "--format", "json")
    assert done.returncode == 0, done.stderr
    told: dict[str, object] = json.loads(done.stdout)
    return told


@pytest.mark.parametrize(
    ("javascript", "seen"), [(True, True), (False, False)], ids=["script-seen", "plain-unseen"]
)
def test_from_invitation_to_archive(
    browser: Browser, rollcall: Rollcall, mail: MailCatcher, *, javascript: bool, seen: bool
) -> None:
    source = write_people(rollcall.folder / "source", 3)
    asked = {
        "title": "Flood in Example City",
        "post": "Are you safe?",
        "selection": {"everyone": True},
        "options": {"members_see_replies": seen},
    }
    order = rollcall.folder / "chat.json"
    order.write_text(json.dumps(asked))
    chat_id = str(
        command(rollcall, "chat", "open", str(order), "--data", str(source), "--key", "flood")[
            "chat_id"
        ]
    )
    [first], [second] = (mail.tokens(f"p{number}@example.org") for number in (0, 1))

    with (
        running_portal(rollcall) as (_, base_url),
        open_context(browser, javascript=javascript) as context,
    ):
        page = context.new_page()
        page.goto(f"{base_url}/c/{first}")
        page.get_by_role("button", name="I'm OK").click()
        expect(page.get_by_text("You said: I'm OK").first).to_be_visible()
        page.get_by_role("textbox", name="Message").fill("We are on the roof.")
        page.get_by_role("button", name="Send").click()
        expect(page.get_by_text("We are on the roof.")).to_be_visible()
        if javascript:
            assert find_barriers(page) == []

        page.goto(f"{base_url}/c/{second}")
        expect(page.get_by_text("Are you safe?")).to_be_visible()
        expect(page.get_by_text("We are on the roof.")).to_have_count(1 if seen else 0)
        assert ("Person 0" in page.content()) is seen

        members = rollcall.run("chat", "members", chat_id, "--format", "json")
        answers = {one["person_id"]: one["answer"] for one in json.loads(members.stdout)}
        assert answers == {"p0000": "ok", "p0001": "none", "p0002": "none"}

        command(rollcall, "chat", "archive", chat_id)
        page.goto("about:blank")  # the open page sees the archive too, and loads itself anew
        for token in (first, second):
            gone = page.goto(f"{base_url}/c/{token}")
            assert gone
            assert gone.status == 410
            assert "Person" not in page.content()
            assert "Flood" not in page.content()
